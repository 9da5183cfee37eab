"""Background tasks as the interface sees them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

from webos.tasks import TaskRecord, TaskState

__all__ = ["TaskSource", "TaskView", "view_of"]

TaskView = dict[str, Any]
"""A task as the browser wants it: id, title, state, percent, message, cancellable; and whether it has ended."""

_LOOKS = {TaskState.QUEUED: "waiting"}


class TaskSource(Protocol):
    """Where tasks are looked up and stopped."""

    def subscribe_changes(
        self, listener: Callable[[TaskRecord], None], *, user_id: UUID | None = None
    ) -> Callable[[], None]:
        """Call `listener` with each task that changes; returns a function that ends it."""

    async def list_for(self, user_id: UUID, limit: int = 50) -> Sequence[TaskRecord]:
        """Return the newest tasks of a user."""

    async def cancel(self, task_id: str) -> TaskRecord:
        """Stop a task."""


def view_of(task: TaskRecord) -> TaskView:
    """Return a task as the browser wants it."""
    stopping = task.cancel_requested and not task.state.is_final
    message = "Stopping…" if stopping else task.message
    return {
        "id": task.id,
        "title": task.title,
        "state": _LOOKS.get(task.state, task.state.value),
        "percent": None if task.percent is None else min(100.0, max(0.0, task.percent)),
        "message": task.error if task.state is TaskState.FAILED else message,
        "ended": task.state.is_final,
        "cancellable": not task.state.is_final and not stopping,
    }
