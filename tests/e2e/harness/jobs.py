# ruff: noqa: D101, D102 - the stage of the browser tests, read beside them
"""Background tasks that the tests move by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from webos.kernel.context import current_user
from webos.tasks import TaskRecord, TaskState

__all__ = ["MemoryTasks", "record"]

Listener = Callable[[TaskRecord], None]


def record(
    task_id: str, title: str, user_id: UUID, *, state: str = "running", percent: float | None = None, message: str = ""
) -> TaskRecord:
    return TaskRecord(
        id=task_id,
        name="harness.Job",
        title=title,
        module="ops",
        state=TaskState(state),
        user_id=user_id,
        username="",
        trace_id="",
        created_at=datetime.now(UTC),
        percent=percent,
        message=message,
    )


class MemoryTasks:
    def __init__(self) -> None:
        self._tasks: dict[str, TaskRecord] = {}
        self._listeners: list[Listener] = []

    def subscribe_changes(self, listener: Listener, *, user_id: UUID | None = None) -> Callable[[], None]:
        def tell(task: TaskRecord) -> None:
            if user_id in {None, task.user_id}:
                listener(task)

        self._listeners.append(tell)
        return lambda: self._listeners.remove(tell)

    async def list_for(self, user_id: UUID, limit: int = 50) -> list[TaskRecord]:
        # As the real service does: who is nobody sees nothing.
        assert current_user().id == user_id
        return [task for task in reversed(self._tasks.values()) if task.user_id == user_id][:limit]

    async def cancel(self, task_id: str) -> TaskRecord:
        self.put(replace(self._tasks[task_id], state=TaskState.CANCELLED))
        return self._tasks[task_id]

    def put(self, task: TaskRecord) -> None:
        self._tasks[task.id] = task
        for listener in list(self._listeners):
            listener(task)
