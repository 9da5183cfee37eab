"""What is known of an import, from the upload to the end."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from bson import ObjectId

from webos.data.transfer.options import ImportOptions

__all__ = ["Counts", "ImportRecord", "ImportState"]


class ImportState(StrEnum):
    """Where an import is in its life."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"

    @property
    def is_final(self) -> bool:
        """Whether no more rows will be stored."""
        return self not in {ImportState.READY, ImportState.RUNNING}


@dataclass(slots=True)
class Counts:
    """What became of rows.

    Attributes:
        read: Rows that are done.
        inserted: Rows that became new documents.
        updated: Rows that changed a stored document, also by restoring it.
        unchanged: Rows that are stored like that already.
        failed: Rows that could not be stored.
    """

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0

    def add(self, other: "Counts") -> None:
        """Add those of more rows."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def to_dict(self) -> dict[str, int]:
        """Return the figures by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """An import as it was at one moment.

    Attributes:
        id: Id of the import; the ids of the documents it makes are derived from it.
        model: `module.Class` of the documents.
        user_id: Who imports, and as whom it is done.
        username: His name then.
        filename: Name of the file.
        size: Its size in bytes.
        sha256: Hash of its content, in hexadecimal digits.
        options: How it is read and stored.
        state: Where it is in its life.
        counts: What became of the rows so far.
        total: How many rows there are, about; None where that is not known.
        error: Why it failed, safe to show.
        task_id: The task that runs it.
        change_set: Names all its changes together.
        fence: Names the start that may go on with it.
        starts: How often it was started.
        created_at: When the file came.
        started_at: When it was started first.
        saved_at: When its position was stored last.
        finished_at: When it came to its end.
    """

    id: ObjectId
    model: str
    user_id: UUID
    username: str
    filename: str
    size: int
    sha256: str
    options: ImportOptions
    created_at: datetime
    state: ImportState = ImportState.READY
    counts: Counts = field(default_factory=Counts)
    total: int | None = None
    error: str = ""
    task_id: str = ""
    change_set: str = ""
    fence: str = ""
    starts: int = 0
    started_at: datetime | None = None
    saved_at: datetime | None = None
    finished_at: datetime | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the record as it is stored; options as text, for their keys are names of columns."""
        document = {name: getattr(self, name) for name in self.__slots__ if name != "id"}
        return {
            "_id": self.id,
            **document,
            "options": self.options.model_dump_json(),
            "state": self.state.value,
            "counts": self.counts.to_dict(),
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Return the record of a stored document."""
        known = {name: document[name] for name in cls.__slots__ if name in document}
        return cls(
            **{
                **known,
                "id": document["_id"],
                "options": ImportOptions.model_validate_json(document["options"]),
                "state": ImportState(document["state"]),
                "counts": Counts(**document["counts"]),
            }
        )

    def public(self) -> dict[str, Any]:
        """Return what its owner may know, as JSON can carry it."""
        return {
            "id": str(self.id),
            "model": self.model,
            "filename": self.filename,
            "size": self.size,
            "state": self.state.value,
            "counts": self.counts.to_dict(),
            "total": self.total,
            "error": self.error,
            "task_id": self.task_id,
            "created_at": self.created_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
        }
