"""What sets one database server apart from another: the one place where the embedded server's ways are known."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

__all__ = ["ServerTraits", "read_traits"]

_BULK_WRITE = 8


@dataclass(frozen=True, slots=True)
class ServerTraits:
    """How the server differs from what MongoDB documents.

    Attributes:
        major_version: Major version of MongoDB that it is, or claims to be.
        phantom_keys: Whether the unique keys of changed documents stay taken for inserts.
        reads_all_matches: Whether it reads and sorts every match before it gives the first.
        strict_indexes: Whether it uses an index only if its keys cover the whole filter.
        scanning_find_and_change: Whether a `find_one_and_update` reads the whole collection.
        scanning_lookups: Whether a `$lookup` with a pipeline reads all of the other collection.
        ignores_snapshot_sessions: Whether a session for a snapshot sees what is written later; a transaction does not.
        deaf_in_transactions: Whether change streams stand still while any transaction is open, for as long as a client
            that was killed has left one.
    """

    major_version: int
    phantom_keys: bool = False
    reads_all_matches: bool = False
    strict_indexes: bool = False
    scanning_find_and_change: bool = False
    scanning_lookups: bool = False
    ignores_snapshot_sessions: bool = False
    deaf_in_transactions: bool = False

    @property
    def writes_across_collections(self) -> bool:
        """Whether one request may write into several collections."""
        return self.major_version >= _BULK_WRITE


async def read_traits(client: "AsyncMongoClient[dict[str, Any]]") -> ServerTraits:
    """Ask the server what it is."""
    build = await client.admin.command("buildInfo")
    embedded = "secantusVersion" in build
    major = int(str(build["version"]).split(".", 1)[0])
    return ServerTraits(
        major,
        phantom_keys=embedded,
        reads_all_matches=embedded,
        strict_indexes=embedded,
        scanning_find_and_change=embedded,
        scanning_lookups=embedded,
        ignores_snapshot_sessions=embedded,
        deaf_in_transactions=embedded,
    )
