"""Changes of many rows as background tasks: they show how far they are, and can be taken back."""

from typing import Any, ClassVar

from webos.data.audit.service import AuditService
from webos.data.table.bulk import BulkReport
from webos.data.table.query import TableQuery
from webos.data.table.selection import Selection
from webos.data.table.tools import TableTools
from webos.tasks.base import BaseTask

__all__ = ["ChangeRows", "UndoRows", "change_set_of"]

_MOST_SHOWN = 50


def change_set_of(task_id: str) -> str:
    """Return the id of the change-set of a task that changes rows."""
    return f"rows-{task_id}"


class ChangeRows(BaseTask):
    """Changes or deletes many rows; started again, it goes on with those that are left."""

    title = "Change of many rows"
    max_attempts: ClassVar[int] = 20

    async def run(
        self,
        model: str,
        query: dict[str, Any],
        changes: dict[str, Any] | None,
        *,
        ids: list[str] | None = None,
        excluded: list[str] | None = None,
        expected: int | None = None,
    ) -> dict[str, Any]:
        """Change rows and return what became of them.

        Args:
            model: `module.Class`.
            query: `filter`, `tree` and `search` of the rows.
            changes: New values by field; None to delete the rows.
            ids: Single rows in the place of the query's.
            excluded: Rows of the query that are left alone.
            expected: How many rows the user has agreed to.
        """
        tools = self.service(TableTools)
        chosen = TableQuery(query.get("filter") or {}, (), query.get("search") or "", tree=query.get("tree"))
        selection = Selection(chosen, None if ids is None else tuple(ids), tuple(excluded or ()))
        label = "Delete" if changes is None else "Change"

        async def report(done: int, total: int) -> None:
            await self.report(done, total, f"{label}: {done:,} of {total:,} rows")

        outcome = await tools.bulk.run(
            model,
            selection,
            changes,
            identity=change_set_of(self.id),
            # What is done already does not match any more.
            expected=expected if not self.restored else None,
            progress=report,
            begun=self._note_begun,
        )
        return _public(outcome)

    async def _note_begun(self) -> None:
        await self.checkpoint({"begun": True})


class UndoRows(BaseTask):
    """Takes a change of many rows back."""

    title = "Undo of a change of many rows"

    async def run(self, change_set: str) -> dict[str, Any]:
        """Undo a change-set and return how many rows were taken back and which were not.

        Args:
            change_set: Its id.
        """

        async def report(done: int, total: int) -> None:
            await self.report(done, total, f"Undo: {done:,} of {total:,} rows")

        undone = await self.service(AuditService).undo(change_set, progress=report)
        conflicts = [{"id": str(each.document), "reason": each.reason} for each in undone.conflicts[:_MOST_SHOWN]]
        return {
            "done": undone.undone,
            "unchanged": undone.skipped,
            "failed": len(undone.conflicts),
            "problems": conflicts,
        }


def _public(report: BulkReport) -> dict[str, Any]:
    return {
        "change_set": report.change_set,
        "done": report.done,
        "unchanged": report.unchanged,
        "failed": report.failed,
        "problems": [
            {"id": each.id, "label": each.label, "reason": each.reason} for each in report.problems[:_MOST_SHOWN]
        ],
    }
