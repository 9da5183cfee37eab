"""Background tasks as the interface sees them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

__all__ = ["TaskSource", "TaskView", "view_of"]

TaskView = dict[str, Any]
"""A task as the browser wants it: id, title, state, percent, message, cancellable."""

_STATES = {
    "queued": "waiting",
    "pending": "waiting",
    "scheduled": "waiting",
    "waiting": "waiting",
    "retrying": "waiting",
    "running": "running",
    "done": "done",
    "succeeded": "done",
    "success": "done",
    "failed": "failed",
    "error": "failed",
    "dead": "failed",
    "cancelled": "cancelled",
}
_OPEN = frozenset({"waiting", "running"})


class TaskRecord(Protocol):
    """What is read of a task."""

    @property
    def id(self) -> Any: ...  # noqa: ANN401 - any id that can be shown
    @property
    def title(self) -> str: ...
    @property
    def state(self) -> Any: ...  # noqa: ANN401 - an enum or its value
    @property
    def percent(self) -> float | None: ...
    @property
    def message(self) -> str: ...
    @property
    def user_id(self) -> UUID | None: ...


class TaskSource(Protocol):
    """Where tasks are looked up and stopped."""

    def subscribe_changes(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Call `callback` with each task that changes; returns a function that ends it."""

    async def list_for(self, user_id: UUID, limit: int) -> Sequence[Any]:
        """Return the newest tasks of a user."""

    def cancel(self, task_id: Any) -> Awaitable[Any]:  # noqa: ANN401 - the id that the task has
        """Stop a task."""


def view_of(task: TaskRecord) -> TaskView:
    """Return a task as the browser wants it."""
    raw = getattr(task.state, "value", task.state)
    state = _STATES.get(str(raw).lower(), "running")
    percent = task.percent
    return {
        "id": str(task.id),
        "title": task.title,
        "state": state,
        "percent": None if percent is None else min(100.0, max(0.0, float(percent))),
        "message": task.message or "",
        "cancellable": state in _OPEN,
    }
