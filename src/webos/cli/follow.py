"""Following a background task in the terminal until it ends, or until nobody wants to wait any longer."""

import asyncio
import signal
from typing import TYPE_CHECKING

from webos.kernel.context import current_user
from webos.tasks import TaskState

if TYPE_CHECKING:
    from rich.progress import Progress

    from webos.tasks import TaskRecord, TaskService

__all__ = ["follow"]

# A worker takes a task at once; where none has after this time, there is none that knows it.
_PATIENCE_SECONDS = 5.0


async def follow(tasks: "TaskService", task_id: str, *, others_work: bool) -> "TaskRecord | None":
    """Show the progress of a task until it ends, and return it as it is then; None after Ctrl+C.

    Args:
        tasks: The background tasks. If nobody else takes it, it is run here.
        task_id: The task; one of the acting user.
        others_work: Whether another process may take it.
    """
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted.set)
    with _bar() as bar:
        row = bar.add_task("Waiting", total=None)

        def show(record: "TaskRecord") -> None:
            if record.id == task_id:
                bar.update(row, completed=record.done, total=record.total, description=record.message or record.title)

        forget = tasks.subscribe_changes(show, user_id=current_user().id)
        end = asyncio.create_task(tasks.wait(task_id), name="end of the task")
        stop = asyncio.create_task(interrupted.wait(), name="Ctrl+C")
        try:
            if others_work:
                await asyncio.wait({end, stop}, timeout=_PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not others_work or (await tasks.get(task_id)).state is TaskState.QUEUED:
                await tasks.run_worker()
            await asyncio.wait({end, stop}, return_when=asyncio.FIRST_COMPLETED)
            return end.result() if end.done() else None
        finally:
            forget()
            loop.remove_signal_handler(signal.SIGINT)
            for each in (end, stop):
                each.cancel()
            await asyncio.gather(end, stop, return_exceptions=True)


def _bar() -> "Progress":
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), transient=True
    )
