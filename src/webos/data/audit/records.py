"""What the record of changes tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from webos.data.audit.operations import REVEALED

__all__ = ["AuditEntry", "AuditPage", "FieldChange", "UndoConflict", "UndoReport", "Version"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """The value of one field before and after a change.

    Attributes:
        old: The value before; None also where there was none.
        new: The value after; None also where there is none.
        withheld: Why the values are not shown: `secret`, `too big`, or empty where they are.
        had_old: Whether the field was there before.
        has_new: Whether it is there after.
    """

    old: Any = None
    new: Any = None
    withheld: str = ""
    had_old: bool = True
    has_new: bool = True


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change, of one document or of several alike.

    Attributes:
        id: Names the entry.
        model: `module.Class`.
        documents: Ids of the documents.
        operation: `insert`, `update`, `delete`, `restore` or `purge`; `reveal` where a secret was shown.
        revision: The revision that the documents got; of a reveal, the one they had.
        at: When, in UTC.
        by: Id of the user.
        username: Name of the user at that time.
        trace_id: Trace of the request, event or task.
        change_set: What it can be taken back with.
        label: What people call the change-set.
        changes: The changed fields as far as the reader may see them, by their stored names. An insert has none.
    """

    id: str
    model: str
    documents: tuple[Any, ...]
    operation: str
    revision: int
    at: datetime
    by: UUID
    username: str
    trace_id: str
    change_set: str
    label: str = ""
    changes: Mapping[str, FieldChange] = field(default_factory=dict)

    @classmethod
    def of(
        cls, stored: Mapping[str, Any], *, hidden: frozenset[str] = frozenset(), values: bool = True
    ) -> "AuditEntry":
        """Return a stored entry as it is shown.

        Args:
            stored: The entry.
            hidden: Stored names of fields that the reader may not see.
            values: Whether he may see values at all.
        """
        changes = {name: _shown(change) for name, change in stored.get("changes", {}).items() if name not in hidden}
        return cls(
            id=str(stored["_id"]),
            model=stored["model"],
            documents=tuple(stored.get(REVEALED) or stored["documents"]),
            operation=stored["operation"],
            revision=stored["revision"],
            at=stored["at"],
            by=stored["by"],
            username=stored.get("username", ""),
            trace_id=stored.get("trace_id", ""),
            change_set=stored.get("change_set", ""),
            label=stored.get("label", ""),
            changes=changes if values else {},
        )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some entries, the latest first.

    Attributes:
        entries: The entries.
        cursor: What to ask with for the next ones; empty where there are none.
    """

    entries: list[AuditEntry]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A document as it was.

    Attributes:
        revision: Its revision.
        at: Since when it was like that.
        by: Id of the user who made it so.
        values: Values by stored field name, as far as the reader may see them.
        withheld: Stored names of fields whose value was not kept: secrets, and what was too big.
    """

    revision: int
    at: datetime | None
    by: UUID | None
    values: dict[str, Any]
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class UndoConflict:
    """A document that could not be taken back.

    Attributes:
        model: `module.Class`.
        document: Its id.
        reason: What stood in the way, worded for people.
    """

    model: str
    document: Any
    reason: str


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What became of an undo.

    Attributes:
        change_set: The change-set of the undo itself, which can be undone as well.
        undone: Number of documents that are as they were before.
        skipped: Number of documents with nothing to take back, or that the acting user may not change.
        conflicts: The others.
    """

    change_set: str
    undone: int
    skipped: int
    conflicts: list[UndoConflict] = field(default_factory=list)


def _shown(change: Mapping[str, Any]) -> FieldChange:
    if "secret" in change:
        return FieldChange(withheld="secret")
    if "cut" in change:
        return FieldChange(withheld="too big")
    return FieldChange(change.get("old"), change.get("new"), had_old="old" in change, has_new="new" in change)
