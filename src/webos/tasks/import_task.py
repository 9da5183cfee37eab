"""Imports as background tasks: they survive the end of their process and show how far they are."""

from contextlib import suppress
from typing import Any, ClassVar

from webos.data.transfer import ImportRecord, TransferService
from webos.data.transfer.run import Progress
from webos.kernel.errors import NotFoundError
from webos.tasks.base import BaseTask
from webos.tasks.handle import TaskHandle
from webos.tasks.service import TaskService

__all__ = ["RunImport", "UndoImport", "cancel_import", "start_import", "undo_import"]

_PATIENCE_SECONDS = 5.0
_MOST_CONFLICTS = 1000


class RunImport(BaseTask):
    """Stores the rows of an uploaded file; started again, it goes on where it was."""

    title = "Import of a file"
    # Each restart of the server is another start, and a big file may see many.
    max_attempts: ClassVar[int] = 50

    async def run(self, import_id: str) -> dict[str, Any]:
        """Run an import and return what became of it.

        Args:
            import_id: Id of the import.
        """
        transfers = self.service(TransferService)
        filename = (await transfers.get(import_id)).filename

        async def report(progress: Progress) -> None:
            await self.report(progress.counts.read, progress.total, filename)

        return (await transfers.run(import_id, report)).public()


class UndoImport(BaseTask):
    """Takes an import back."""

    title = "Undo of an import"

    async def run(self, import_id: str) -> dict[str, Any]:
        """Undo an import and return how many records were taken back and which were not.

        Args:
            import_id: Id of the import.
        """
        transfers = self.service(TransferService)
        filename = (await transfers.get(import_id)).filename

        async def report(done: int, total: int) -> None:
            await self.report(done, total, filename)

        undone = await transfers.undo(import_id, report)
        conflicts = [{"id": str(each.document), "reason": each.reason} for each in undone.conflicts[:_MOST_CONFLICTS]]
        return {"undone": undone.undone, "skipped": undone.skipped, "conflicts": conflicts}


async def start_import(transfers: TransferService, import_id: str) -> TaskHandle:
    """Have an import run in the background, as the acting user, and return its task.

    Args:
        transfers: The imports.
        import_id: Id of the import.

    Raises:
        NotFoundError: The acting user has no such import.
    """
    record = await transfers.get(import_id)
    handle = await RunImport.kiq(str(record.id))
    await transfers.note_task(record.id, handle.id)
    return handle


async def undo_import(transfers: TransferService, import_id: str) -> TaskHandle:
    """Have an import undone in the background, as the acting user, and return the task.

    Args:
        transfers: The imports.
        import_id: Id of the import.

    Raises:
        NotFoundError: The acting user has no such import.
    """
    return await UndoImport.kiq(str((await transfers.get(import_id)).id))


async def cancel_import(transfers: TransferService, tasks: TaskService, import_id: str) -> ImportRecord:
    """End an import and its task, and return it as it is then; what is stored stays.

    Args:
        transfers: The imports.
        tasks: The background tasks.
        import_id: Id of the import.

    Raises:
        NotFoundError: The acting user has no such import.
    """
    record = await transfers.get(import_id)
    if record.task_id and not record.state.is_final:
        with suppress(NotFoundError, TimeoutError):
            await tasks.cancel(record.task_id)
            # It counts what it has stored; who closes the import before that loses the last second of the figures.
            await tasks.wait(record.task_id, _PATIENCE_SECONDS)
    return await transfers.cancel(record.id)
