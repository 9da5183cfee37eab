"""The database as it is at one moment, while others go on writing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from webos.data.backup.contents import collections_to_keep
from webos.data.backup.errors import BackupError

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from webos.data.server_traits import ServerTraits

__all__ = ["Snapshot", "hold_snapshot"]

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a database.

    Attributes:
        session: The session to read in: all reads see that moment.
        collections: The collections that there are, as far as they belong into a backup.
    """

    session: "AsyncClientSession"
    collections: list[str]


@asynccontextmanager
async def hold_snapshot(database: "AsyncDatabase[dict[str, Any]]", traits: "ServerTraits") -> AsyncIterator[Snapshot]:
    """Yield the database as it is now.

    MongoDB has sessions for that, which keep a moment for five minutes (`minSnapshotHistoryWindowInSeconds`). The
    embedded server takes such a session and ignores it, but its transactions see one moment, for as long as they are
    used at least once a minute.

    Raises:
        BackupError: Collections are made all the time.
    """
    for _ in range(_ATTEMPTS):
        names = await collections_to_keep(database)
        async with database.client.start_session(snapshot=not traits.ignores_snapshot_sessions) as session:
            if traits.ignores_snapshot_sessions:
                await session.start_transaction(read_concern=ReadConcern("snapshot"))
            try:
                if names:
                    # The first read fixes the moment.
                    await database[names[0]].find_one({}, {"_id": 1}, session=session)
                # A list of collections is of no moment: one made just before it could be missing.
                if await collections_to_keep(database) == names:
                    yield Snapshot(session, names)
                    return
            finally:
                if session.in_transaction:
                    await _end(session)
    msg = "New collections are made all the time, so there is no moment to back up. Try again later."
    raise BackupError(msg)


async def _end(session: "AsyncClientSession") -> None:
    try:
        await session.abort_transaction()
    except PyMongoError:
        # It only read. If the server is gone, so is the transaction.
        return
