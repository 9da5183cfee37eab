"""Looking for changes by who, what, when and under which trace."""

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bson import ObjectId
from bson.errors import InvalidId

from webos.data.audit.applied import Claim, find_applied, key_of
from webos.data.audit.journal import Journal
from webos.data.audit.operations import REVEAL, REVEALED
from webos.data.audit.records import AuditEntry, AuditPage
from webos.data.guard import GuardedDatabase
from webos.data.guard.fields import hidden_fields
from webos.data.model_registry import ModelRegistry
from webos.data.scope import acting_user, in_system_context
from webos.kernel.errors import InvalidInputError

__all__ = ["Criteria", "Search", "true_parts"]

Row = dict[str, Any]

_FIRST_WINDOW = timedelta(hours=1)
_WIDER = 4
_OLDEST = timedelta(days=365 * 30)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the entries must match; None matches all.

    Attributes:
        by: Id of the user.
        collection: Name of the collection.
        since: The earliest moment.
        until: The latest moment.
        trace_id: Trace of the request, event or task.
        change_set: The change-set.
        operation: What was done.
        document: Id of the document.
    """

    by: UUID | None = None
    collection: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    trace_id: str | None = None
    change_set: str | None = None
    operation: str | None = None
    document: Any = None

    def query(self) -> Row:
        """Return the filter, but for the time."""
        named = {
            "by": self.by,
            "collection": self.collection,
            "trace_id": self.trace_id,
            "change_set": self.change_set,
            "operation": self.operation,
        }
        query: Row = {name: value for name, value in named.items() if value is not None}
        if self.document is not None:
            query["$or"] = [{"documents": self.document}, {REVEALED: self.document}]
        return query


class Search:
    """Reads entries of all documents.

    Args:
        models: The document classes.
        database: The guarded database.
    """

    def __init__(self, models: ModelRegistry, database: GuardedDatabase) -> None:
        self._models = models
        self._database = database

    async def page(self, criteria: Criteria, cursor: str, limit: int) -> AuditPage:
        """Return entries that match, the latest first.

        Values are in those whose document the acting user may read.

        Args:
            criteria: What they must match.
            cursor: Of the page before.
            limit: How many at most.

        Raises:
            InvalidInputError: The cursor is not valid.
        """
        place = _place(cursor) if cursor else None
        newest = place[0] if place else criteria.until or datetime.now(UTC) + timedelta(days=1)
        oldest = criteria.since or newest - _OLDEST
        found: list[Row] = []
        width = _FIRST_WINDOW
        upper = newest
        # Time by time, so that a server that sorts all it finds has little to sort.
        while len(found) <= limit and upper >= oldest:
            lower = max(upper - width, oldest)
            first = upper == newest
            window = {**criteria.query(), "at": {"$gte": lower, ("$lte" if first else "$lt"): upper}}
            rows = self._database.journal.entries.find(window, sort=[("at", -1), ("_id", -1)])
            part = [row async for row in rows if place is None or (row["at"], row["_id"]) < place]
            found += await true_parts(self._database.journal, part)
            if lower == oldest:
                break
            upper, width = lower, width * _WIDER
        shown = found[:limit]
        following = _cursor(shown[-1]) if len(found) > limit else ""
        return AuditPage(await self._as_seen(shown), following)

    async def _as_seen(self, found: Sequence[Row]) -> list[AuditEntry]:
        readable: dict[str, set[Any]] = {}
        wanted: dict[str, dict[Any, Any]] = defaultdict(dict)
        for entry in found:
            if entry.get("changes"):
                wanted[entry["collection"]].update({key_of(each): each for each in entry["documents"]})
        for collection, identities in wanted.items():
            readable[collection] = await self._readable(collection, list(identities.values()))
        shown: list[AuditEntry] = []
        for entry in found:
            seen = readable.get(entry["collection"], set())
            info = self._models.by_collection(entry["collection"])
            hidden = hidden_fields(info.policy) if info is not None else frozenset()
            values = all(key_of(each) in seen for each in entry["documents"])
            shown.append(AuditEntry.of(entry, hidden=hidden, values=values))
        return shown

    async def _readable(self, collection: str, identities: list[Any]) -> set[Any]:
        """Return the keys of the documents that the acting user may read, deleted ones if he may change them."""
        info = self._models.by_collection(collection)
        if info is None or not (in_system_context() or info.may_read(acting_user())):
            return set()
        guarded = self._database[collection]
        rows = await guarded.find({"_id": {"$in": identities}}, {"_id": 1}).to_list()
        seen = {key_of(row["_id"]) for row in rows}
        if in_system_context() or info.may_write(acting_user()):
            left = [each for each in identities if key_of(each) not in seen]
            deleted = await guarded.find_deleted({"_id": {"$in": left}}, limit=len(left)) if left else []
            seen |= {key_of(row["_id"]) for row in deleted}
        return seen


async def true_parts(journal: Journal, found: Sequence[Row]) -> list[Row]:
    """Return the entries whose change happened, each with the documents for which it did; one that changes nothing is true."""
    by_collection: dict[str, list[tuple[int, Claim]]] = defaultdict(list)
    for position, entry in enumerate(found):
        by_collection[entry["collection"]] += [(position, Claim.of(entry, each)) for each in entry["documents"]]
    true: dict[int, list[Any]] = defaultdict(list)
    for collection, claims in by_collection.items():
        applied = await find_applied(journal, journal.documents(collection), [claim for _, claim in claims])
        for (position, claim), is_true in zip(claims, applied, strict=True):
            if is_true:
                true[position].append(claim.document)
    return [
        {**entry, "documents": true[position]} if position in true else entry
        for position, entry in enumerate(found)
        if position in true or entry["operation"] == REVEAL
    ]


def _cursor(entry: Row) -> str:
    text = json.dumps([entry["at"].isoformat(), str(entry["_id"])])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _place(cursor: str) -> tuple[datetime, ObjectId]:
    try:
        at, identity = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return datetime.fromisoformat(at), ObjectId(identity)
    except (ValueError, TypeError, binascii.Error, InvalidId):
        raise InvalidInputError(fields={"cursor": "The cursor is not valid."}) from None
