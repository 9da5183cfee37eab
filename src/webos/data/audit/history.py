"""The history of single documents, as far as whoever asks may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from webos.data.audit.applied import Claim, find_applied
from webos.data.audit.journal import Journal
from webos.data.audit.records import AuditEntry, Version
from webos.data.document import CoreDocument
from webos.data.guard import GuardedCollection, GuardedDatabase
from webos.data.guard.fields import hidden_fields
from webos.data.model_registry import ModelInfo
from webos.data.policy import PROTECTED_FIELDS
from webos.data.scope import acting_user, in_system_context
from webos.kernel.errors import NotFoundError

__all__ = ["History", "document_id"]

Row = dict[str, Any]

_AT_ONCE = 200
_KEPT = PROTECTED_FIELDS | {"_id"}


@dataclass(frozen=True, slots=True)
class _Subject:
    """A document whose history is asked for.

    Attributes:
        row: The document as it is stored, as far as the acting user may see it.
        collection: Its collection.
        hidden: Fields that he may not see.
    """

    row: Row
    collection: GuardedCollection
    hidden: frozenset[str]

    @property
    def identity(self) -> Any:  # noqa: ANN401 - any id
        """Id of the document."""
        return self.row["_id"]


class History:
    """Reads the entries of single documents.

    Args:
        database: The guarded database.
    """

    def __init__(self, database: GuardedDatabase) -> None:
        self._database = database

    @property
    def _journal(self) -> Journal:
        return self._database.journal

    async def entries(self, info: ModelInfo, identity: Any, *, limit: int, before: int | None) -> list[AuditEntry]:  # noqa: ANN401 - any id
        """Return the entries of a document, the latest first.

        Args:
            info: Its model.
            identity: Its id.
            limit: How many at most.
            before: Only those of earlier revisions.

        Raises:
            NotFoundError: There is no such document for the acting user.
        """
        subject = await self._subject(info, identity)
        found: list[Row] = []
        while len(found) < limit:
            part = await self._page(subject, before, limit)
            if not part:
                break
            before = min(entry["revision"] for entry in part)
            found += await self._true_ones(subject, part)
        complete = await self._with_new_values(subject, found[:limit])
        return [AuditEntry.of({**entry, "documents": [subject.identity]}, hidden=subject.hidden) for entry in complete]

    async def version(self, info: ModelInfo, identity: Any, revision: int) -> Version:  # noqa: ANN401 - any id
        """Return a document as it was when it got a revision.

        Args:
            info: Its model.
            identity: Its id.
            revision: The revision.

        Raises:
            NotFoundError: There is no such document for the acting user, or the record does not reach back that far.
        """
        subject = await self._subject(info, identity)
        current = subject.row.get("revision") or 0
        values = {name: value for name, value in subject.row.items() if name not in _KEPT}
        withheld: set[str] = set()
        at, by = subject.row.get("updated_at"), subject.row.get("updated_by")
        while current > revision:
            part = await self._true_ones(subject, await self._page(subject, current + 1, _AT_ONCE))
            for entry in part:
                if current <= revision:
                    break
                if entry["revision"] != current or entry["operation"] == "insert":
                    raise _no_version(info, revision)
                _go_back(values, withheld, entry)
                at, by = entry.get("before_at"), entry.get("before_by")
                current -= 1
            if not part:
                raise _no_version(info, revision)
        if current != revision or revision < 1:
            raise _no_version(info, revision)
        shown = {name: value for name, value in values.items() if name not in subject.hidden}
        return Version(revision, at, by, shown, frozenset(withheld - subject.hidden))

    async def _subject(self, info: ModelInfo, identity: Any) -> _Subject:  # noqa: ANN401 - any id
        if not in_system_context():
            info.demand_read(acting_user())
        collection = self._database[info.collection]
        row = await collection.find_one({"_id": identity})
        if row is None and (in_system_context() or info.may_write(acting_user())):
            row = next(iter(await collection.find_deleted({"_id": identity})), None)
        if row is None:
            msg = f"no such {info.document.__name__}"
            raise NotFoundError(msg)
        return _Subject(row, collection, hidden_fields(info.policy))

    async def _page(self, subject: _Subject, before: int | None, limit: int) -> list[Row]:
        query: Row = {"collection": subject.collection.name, "documents": subject.identity}
        if before is not None:
            query["revision"] = {"$lt": before}
        # One revision may have several entries, of which one is true: they must come together.
        found = self._journal.entries.find(query, sort=[("revision", -1)], limit=limit + 20)
        rows: list[Row] = await found.to_list()
        if len(rows) == limit + 20 and rows[0]["revision"] != rows[-1]["revision"]:
            rows = [row for row in rows if row["revision"] != rows[-1]["revision"]]
        return rows

    async def _true_ones(self, subject: _Subject, found: Sequence[Row]) -> list[Row]:
        """Return the entries whose change happened, one for each revision."""
        claims = [Claim.of(entry, subject.identity) for entry in found]
        applied = await find_applied(self._journal, self._journal.documents(subject.collection.name), claims)
        by_revision: dict[int, Row] = {}
        for entry, is_true in zip(found, applied, strict=True):
            if is_true:
                by_revision.setdefault(entry["revision"], entry)
        return [by_revision[revision] for revision in sorted(by_revision, reverse=True)]

    async def _with_new_values(self, subject: _Subject, found: Sequence[Row]) -> list[Row]:
        """Fill in new values that were not known when the entries were written."""
        complete: list[Row] = []
        for entry in found:
            changes: Row = dict(entry.get("changes", {}))
            for name, change in changes.items():
                if "unknown" in change:
                    changes[name] = await self._known(subject, entry["revision"], name, change)
            complete.append({**entry, "changes": changes} if changes else entry)
        return complete

    async def _known(self, subject: _Subject, revision: int, name: str, change: Row) -> Row:
        """Return a change with its new value: the old one of the next change of the field, or the stored one."""
        query = {
            "collection": subject.collection.name,
            "documents": subject.identity,
            "revision": {"$gt": revision},
        }
        known = {part: value for part, value in change.items() if part != "unknown"}
        later = await self._journal.entries.find(query, sort=[("revision", 1)]).to_list()
        for entry in reversed(await self._true_ones(subject, later)):
            if name in entry.get("changes", {}):
                following = entry["changes"][name]
                return {**known, "new": following["old"]} if "old" in following else known
        return {**known, "new": subject.row[name]} if name in subject.row else known


def _go_back(values: Row, withheld: set[str], entry: Row) -> None:
    for name, change in entry.get("changes", {}).items():
        if "secret" in change or "cut" in change:
            values.pop(name, None)
            withheld.add(name)
            continue
        withheld.discard(name)
        if "old" in change:
            values[name] = change["old"]
        else:
            values.pop(name, None)


def document_id(model: type[CoreDocument], identity: Any) -> Any:  # noqa: ANN401 - any id
    """Return an id in the type of the model.

    Raises:
        NotFoundError: It cannot be one.
    """
    annotation: Any = model.model_fields["id"].annotation
    try:
        return TypeAdapter(annotation).validate_python(identity)
    except ValidationError:
        msg = f"no such {model.__name__}"
        raise NotFoundError(msg) from None


def _no_version(info: ModelInfo, revision: int) -> NotFoundError:
    return NotFoundError(
        f"{info.name} has no recorded revision {revision}",
        user_message="This version is not on record: it never was, or it is older than the record reaches.",
    )
