"""The log: which migrations a database has seen."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from webos import __version__

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from webos.data.migrations.module import MigratedModule
    from webos.data.migrations.source import MigrationFile

__all__ = ["LOG", "Checkpoint", "Direction", "MigrationLog", "MigrationRecord"]

LOG = "webos_migrations"
"""The collection. It is in no registry, so modules do not reach it."""


class Direction(Enum):
    """Which way a migration was run."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a migration is with one of its loops over batches.

    Attributes:
        key: Which loop: its number, and the collection.
        last: Id of the last document that is done; None before the first.
        done: How many documents are done.
        total: How many there were at the beginning.
        finished: Whether the loop has come to its end.
    """

    key: str
    last: Any = None
    done: int = 0
    total: int = 0
    finished: bool = False


@dataclass(frozen=True, slots=True)
class MigrationRecord:
    """One entry.

    Attributes:
        id: `module/NNNN_name`.
        module: Name of the module.
        name: `NNNN_name`.
        direction: Which way it was run last.
        finished: Whether it came to its end; one that runs in batches may have stopped before.
        checksum: Of the file that was run.
        at: When it ended, or was heard of last.
        seconds: How long it took since it was begun, or begun anew.
        host: Where it was run.
        version: Version of the module.
        documents: How many documents it changed, by collection.
        checkpoints: How far it is; empty where it did not need batches.
    """

    id: str
    module: str
    name: str
    direction: Direction
    finished: bool
    checksum: str
    at: datetime
    seconds: float = 0.0
    host: str = ""
    version: str = ""
    documents: Mapping[str, int] = field(default_factory=dict)
    checkpoints: Sequence[Checkpoint] = ()

    @property
    def number(self) -> int:
        """What its name begins with."""
        return int(self.name[:4])

    @property
    def is_applied(self) -> bool:
        """Whether the data has its new shape."""
        return self.finished and self.direction is Direction.FORWARD

    @property
    def is_present(self) -> bool:
        """Whether the data, or some of it, has its new shape."""
        return self.direction is Direction.FORWARD or not self.finished

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the entry that a stored document holds."""
        return cls(
            id=document["_id"],
            module=document["module"],
            name=document["name"],
            direction=Direction(document["direction"]),
            finished=document["finished"],
            checksum=document["checksum"],
            at=document["at"],
            seconds=document["seconds"],
            host=document["host"],
            version=document["version"],
            documents={each["collection"]: each["count"] for each in document["documents"]},
            checkpoints=tuple(Checkpoint(**each) for each in document["checkpoints"]),
        )


class MigrationLog:
    """The entries of one database, one for each migration.

    Args:
        database: The driver's database.
    """

    def __init__(self, database: "AsyncDatabase[dict[str, Any]]") -> None:
        self._entries = database[LOG]

    async def of_module(self, module: str) -> dict[str, MigrationRecord]:
        """Return the entries of a module by the migrations' names, in the order of their numbers."""
        found = await self._entries.find({"module": module}).to_list()
        records = [MigrationRecord.from_document(document) for document in found]
        return {record.name: record for record in sorted(records, key=lambda record: record.name)}

    async def modules(self) -> list[str]:
        """Return the names of all modules that have entries."""
        return sorted(await self._entries.distinct("module"))

    async def get(self, file: "MigrationFile") -> MigrationRecord | None:
        """Return the entry of a migration, or None if it was never run."""
        found = await self._entries.find_one({"_id": file.id})
        return MigrationRecord.from_document(found) if found is not None else None

    async def write(
        self,
        module: "MigratedModule",
        file: "MigrationFile",
        direction: Direction,
        *,
        finished: bool,
        seconds: float,
        documents: Mapping[str, int],
        checkpoints: Sequence[Checkpoint],
        session: "AsyncClientSession",
    ) -> None:
        """Write the entry of a migration over its last one.

        Args:
            module: Its module.
            file: The migration.
            direction: Which way it runs.
            finished: Whether it has come to its end.
            seconds: How long it took up to now.
            documents: How many documents it changed, by collection.
            checkpoints: How far it is.
            session: The transaction to write in, which also makes sure that this process may.
        """
        entry = {
            "module": module.name,
            "name": file.name,
            "direction": direction.value,
            "finished": finished,
            "checksum": file.checksum,
            "at": datetime.now(UTC),
            "seconds": round(seconds, 3),
            "host": f"{socket.gethostname()} ({os.getpid()})",
            "version": module.version,
            "framework": __version__,
            "documents": [{"collection": name, "count": count} for name, count in documents.items()],
            # The names of a checkpoint's fields, as `from_document` takes them.
            "checkpoints": [
                {"key": each.key, "last": each.last, "done": each.done, "total": each.total, "finished": each.finished}
                for each in checkpoints
            ],
        }
        await self._entries.update_one({"_id": file.id}, {"$set": entry}, upsert=True, session=session)
