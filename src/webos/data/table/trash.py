"""What was deleted from a table: looking at it, taking it back, and removing it for good."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.loaded import read_document
from webos.data.model_registry import ModelInfo
from webos.data.table.rows import plain_value
from webos.data.table.service import TableService
from webos.kernel.context import current_user
from webos.kernel.errors import WebOSError

__all__ = ["Trash", "TrashOutcome"]

_MOST_ROWS = 500

Row = dict[str, Any]


@dataclass(slots=True)
class TrashOutcome:
    """What became of deleted documents.

    Attributes:
        done: How many were restored, or removed for good.
        problems: What stood in the way of the others, worded for people, by their ids.
    """

    done: int = 0
    problems: dict[str, str] = field(default_factory=dict)


class Trash:
    """The deleted documents of tables. Every method acts as the current user.

    Args:
        tables: Says who may see which model.
        database: The guarded database.
    """

    def __init__(self, tables: TableService, database: GuardedDatabase) -> None:
        self._tables = tables
        self._database = database

    async def rows(self, model: str) -> list[Row]:
        """Return the last 500 deleted rows, the last deleted first, each with `deleted_at`.

        Raises:
            PermissionDeniedError: The acting user may not write the model.
        """
        info = self._writable(model)
        found = await self._database[info.collection].find_deleted(limit=_MOST_ROWS)
        rows = await self._tables.render(info, found)
        for row, stored in zip(rows, found, strict=True):
            row["deleted_at"] = plain_value(stored.get("deleted_at"))
        return rows

    def may_purge(self, model: str) -> bool:
        """Return whether the acting user may remove documents of the model for good."""
        return current_user().has_permission(f"{model.partition('.')[0]}.purge")

    async def restore(self, model: str, identities: Sequence[str]) -> TrashOutcome:
        """Take deletions back.

        Args:
            model: `module.Class`.
            identities: The documents.

        Raises:
            PermissionDeniedError: The acting user may not write the model.
        """
        info = self._writable(model)
        outcome = TrashOutcome()
        for document in await self._deleted(info, identities):
            try:
                await document.restore()
                outcome.done += 1
            except WebOSError as error:
                outcome.problems[str(document.id)] = error.user_message
        return outcome

    async def purge(self, model: str, identities: Sequence[str]) -> TrashOutcome:
        """Remove deleted documents for good.

        Args:
            model: `module.Class`.
            identities: The documents; those that are not deleted are left alone.

        Raises:
            PermissionDeniedError: The acting user lacks the permission `<module>.purge`.
        """
        info = self._writable(model)
        outcome = TrashOutcome()
        for document in await self._deleted(info, identities):
            try:
                await document.purge()
                outcome.done += 1
            except WebOSError as error:
                if not self.may_purge(model):
                    raise
                outcome.problems[str(document.id)] = error.user_message
        return outcome

    async def _deleted(self, info: ModelInfo, identities: Sequence[str]) -> list[CoreDocument]:
        wanted = self._tables.ids(info, identities[:_MOST_ROWS])
        rows = await self._database[info.collection].find_deleted({"_id": {"$in": wanted}}, limit=len(wanted) or 1)
        return [read_document(info.document, row) for row in rows]

    def _writable(self, model: str) -> ModelInfo:
        info = self._tables.info(model)
        info.demand_write(current_user())
        return info
