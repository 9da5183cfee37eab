"""Telling entries whose change happened from those whose change did not, because the process ended in between.

The stored document carries the stamps of its last change, and each entry those of the change before it: an entry is true
if the document has its stamps at its revision, or if an entry of the next revision was written on top of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection

    from webos.data.audit.journal import Journal

__all__ = ["READING", "STAMPS", "Claim", "find_applied", "is_stamped", "key_of"]

Row = dict[str, Any]

READING = "audit"
"""Comment of commands that read what the guard hides, to write or check entries."""

STAMPS = ("revision", "updated_at", "updated_by")
"""The fields that tell which change of a document is the last one."""

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Claim:
    """What an entry says of one document.

    Attributes:
        document: Its id.
        operation: What was done.
        revision: The revision it got.
        at: When.
        by: By whom.
    """

    document: Any
    operation: str
    revision: int
    at: datetime
    by: UUID

    @classmethod
    def of(cls, entry: Mapping[str, Any], document: Any) -> "Claim":  # noqa: ANN401 - any id
        """Return what an entry says of one of its documents."""
        return cls(document, entry["operation"], entry["revision"], entry["at"], entry["by"])


async def find_applied(
    journal: "Journal",
    raw: "AsyncCollection[Row]",
    claims: Sequence[Claim],
    session: "AsyncClientSession | None" = None,
) -> list[bool]:
    """Return for each claim whether it is true.

    Where the entry that should follow is missing, as for changes that were made past the framework, the claim is
    taken as true.

    Args:
        journal: The entries.
        raw: The driver's collection of the documents.
        claims: The claims.
        session: The caller's.
    """
    applied: list[bool] = []
    for start in range(0, len(claims), _AT_ONCE):
        applied += await _find(journal, raw, claims[start : start + _AT_ONCE], session)
    return applied


async def _find(
    journal: "Journal", raw: "AsyncCollection[Row]", claims: Sequence[Claim], session: "AsyncClientSession | None"
) -> list[bool]:
    identities = _distinct(claim.document for claim in claims)
    fields = dict.fromkeys((*STAMPS, "created_at", "created_by"), 1)
    rows = raw.find({"_id": {"$in": identities}}, fields, session=session, comment=READING)
    stored = {key_of(row["_id"]): row async for row in rows}
    followers = await _followers(journal, raw.name, claims, stored, session)
    return [_is_true(claim, stored.get(key_of(claim.document)), followers) for claim in claims]


def _is_true(claim: Claim, stored: Row | None, followers: Mapping[Any, list[Row]]) -> bool:
    if claim.operation == "purge":
        return stored is None
    following = followers.get((key_of(claim.document), claim.revision + 1), [])
    if any((entry.get("before_at"), entry.get("before_by")) == (claim.at, claim.by) for entry in following):
        return True
    if stored is None:
        return False
    revision = stored.get("revision") or 0
    if revision == claim.revision:
        # What is taken over from elsewhere keeps the stamps it brings.
        return claim.operation == "insert" or is_stamped(stored, claim)
    return revision > claim.revision and not following


async def _followers(
    journal: "Journal",
    collection: str,
    claims: Sequence[Claim],
    stored: Mapping[Any, Row],
    session: "AsyncClientSession | None",
) -> dict[Any, list[Row]]:
    """Return the entries of the next revisions, by document and revision."""
    wanted = [claim for claim in claims if not _is_last(claim, stored.get(key_of(claim.document)))]
    if not wanted:
        return {}
    query = {
        "collection": collection,
        "documents": {"$in": _distinct(claim.document for claim in wanted)},
        "revision": {"$in": sorted({claim.revision + 1 for claim in wanted})},
    }
    fields = {"documents": 1, "revision": 1, "before_at": 1, "before_by": 1}
    found: dict[Any, list[Row]] = {}
    async for entry in journal.entries.find(query, fields, session=session):
        for identity in entry["documents"]:
            found.setdefault((key_of(identity), entry["revision"]), []).append(entry)
    return found


def _is_last(claim: Claim, stored: Row | None) -> bool:
    return stored is not None and (stored.get("revision") or 0) <= claim.revision


def is_stamped(stored: Mapping[str, Any], claim: Claim) -> bool:
    """Return whether a stored document carries the stamps of a claim."""
    return (stored.get("revision"), stored.get("updated_at"), stored.get("updated_by")) == (
        claim.revision,
        claim.at,
        claim.by,
    )


def key_of(identity: Any) -> Any:  # noqa: ANN401 - any id
    """Return an id as the key of a dictionary: it may be a document itself."""
    return repr(identity) if isinstance(identity, (Mapping, list)) else identity


def _distinct(identities: Iterable[Any]) -> list[Any]:
    return list({key_of(identity): identity for identity in identities}.values())
