"""Looking at background tasks: one, those of a user, and as they change."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from webos.kernel.context import current_user
from webos.kernel.errors import NotFoundError, PermissionDeniedError
from webos.tasks.record import TaskRecord
from webos.tasks.store import TaskStore
from webos.tasks.watcher import TaskListener, TaskWatcher

__all__ = ["MANAGE_TASKS", "TaskQueries"]

MANAGE_TASKS = "admin.tasks"
"""Permission to see and end the tasks of others."""

_LOOK_SECONDS = 1.0


class TaskQueries:
    """Tasks, under the rights of who looks.

    Args:
        store: The task documents.
        watcher: Tells of changes.
    """

    def __init__(self, store: TaskStore, watcher: TaskWatcher) -> None:
        self._store = store
        self._watcher = watcher

    async def get(self, task_id: str) -> TaskRecord:
        """Return a task of the acting user, or any for who may manage tasks.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
        """
        record = await self._store.get(task_id)
        if record is None or not _may_see(record.user_id):
            msg = f"there is no task {task_id}"
            raise NotFoundError(msg, user_message="There is no such task.")
        return record

    async def list_for(self, user_id: UUID, limit: int = 50) -> list[TaskRecord]:
        """Return the tasks of a user, the newest first.

        Args:
            user_id: The acting user, or any for who may manage tasks.
            limit: How many at most.

        Raises:
            PermissionDeniedError: They are somebody else's.
        """
        if not _may_see(user_id):
            msg = f"{current_user().username} lacks {MANAGE_TASKS}"
            raise PermissionDeniedError(msg, user_message="You may only see your own tasks.")
        return await self._store.list_for(user_id, limit)

    async def wait(self, task_id: str, timeout: float | None = None) -> TaskRecord:  # noqa: ASYNC109 - a deadline for the wait
        """Wait until a task has come to its end, and return it as it is then.

        Args:
            task_id: The task.
            timeout: Seconds to wait at most; for ever where None.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
            TimeoutError: It has not come to its end.
        """
        ended = asyncio.Event()

        def listen(record: TaskRecord) -> None:
            if record.id == task_id and record.state.is_final:
                ended.set()

        deadline = time.monotonic() + (math.inf if timeout is None else timeout)
        stop = self.subscribe_changes(listen)
        try:
            while not (record := await self.get(task_id)).state.is_final:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                # Looks from time to time as well: the change may have fallen into a gap.
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, _LOOK_SECONDS)):
                        await ended.wait()
            return record
        finally:
            stop()

    def subscribe_changes(self, listener: TaskListener, *, user_id: UUID | None = None) -> Callable[[], None]:
        """Call `listener` with every task that changes, in whatever process, until the returned function is called.

        Args:
            listener: What to call, on the event loop; it must be quick.
            user_id: Whose tasks. Who asks for those of all users (None) must not show them to everyone.
        """
        return self._watcher.subscribe(listener, user_id)


def _may_see(user_id: UUID) -> bool:
    user = current_user()
    return user.id == user_id or user.has_permission(MANAGE_TASKS)
