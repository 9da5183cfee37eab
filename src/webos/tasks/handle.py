"""What one holds of a task that was submitted."""

from typing import TYPE_CHECKING

from webos.tasks.record import TaskRecord

if TYPE_CHECKING:
    from webos.tasks.service import TaskService

__all__ = ["TaskHandle"]


class TaskHandle:
    """A submitted task.

    Args:
        task_id: Id of the task.
        tasks: Where it was submitted.

    Attributes:
        id: Id of the task.
    """

    def __init__(self, task_id: str, tasks: "TaskService") -> None:
        self.id = task_id
        self._tasks = tasks

    async def record(self) -> TaskRecord:
        """Return the task as it is now.

        Raises:
            NotFoundError: It is gone, or it is none of the acting user's.
        """
        return await self._tasks.get(self.id)

    async def wait(self, timeout: float | None = None) -> TaskRecord:  # noqa: ASYNC109 - a deadline for the wait
        """Wait until the task has come to its end, and return it as it is then.

        Args:
            timeout: Seconds to wait at most; for ever where None.

        Raises:
            NotFoundError: It is gone, or it is none of the acting user's.
            TimeoutError: It has not come to its end.
        """
        return await self._tasks.wait(self.id, timeout)

    async def resume(self) -> TaskRecord:
        """Start the task once more after it has failed or was stopped, and return it as it is now.

        A chain goes on with the step at which it ended; what was done before is not done again.

        Raises:
            NotFoundError: It is gone, or it is none of the acting user's.
            ConflictError: It has not ended, or it was done.
        """
        return await self._tasks.resume(self.id)

    async def cancel(self) -> TaskRecord:
        """Make the task end, and return it as it is now.

        Raises:
            NotFoundError: It is gone, or it is none of the acting user's.
        """
        return await self._tasks.cancel(self.id)
