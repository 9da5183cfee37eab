"""The tasks that run in this process at the moment."""

from typing import Any

from webos.tasks.delivery import QueuedMessage
from webos.tasks.execution import Execution, Interruption, TaskEnvironment
from webos.tasks.receiver import current_delivery
from webos.tasks.registry import RegisteredTask
from webos.tasks.store import TaskStore

__all__ = ["RunningTasks"]


class RunningTasks:
    """Runs tasks and interrupts them.

    Args:
        environment: What a task is given.
        store: The task documents.
    """

    def __init__(self, environment: TaskEnvironment, store: TaskStore) -> None:
        self._environment = environment
        self._store = store
        self._executions: dict[str, Execution] = {}
        self._stopping = False

    def accept(self) -> None:
        """Let what is started from now on run to its end."""
        self._stopping = False

    async def execute(self, task: RegisteredTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Run the task whose message was just received."""
        delivery = current_delivery()
        execution = Execution(task, delivery, self._environment)
        self._executions[delivery.message.id] = execution
        if self._stopping:
            execution.interrupt(Interruption.STOPPING)
        try:
            await execution.run(args, kwargs)
        finally:
            del self._executions[delivery.message.id]

    def interrupt_all(self) -> None:
        """Interrupt every task, also those that are about to start."""
        self._stopping = True
        for execution in list(self._executions.values()):
            execution.interrupt(Interruption.STOPPING)

    def cancel(self, task_id: str) -> None:
        """Interrupt a task that its user wants to end, if it runs here."""
        self._interrupt(task_id, Interruption.CANCELLED)

    def lose(self, task_id: str) -> None:
        """Interrupt a task that another worker has taken over, if it runs here."""
        self._interrupt(task_id, Interruption.LOST)

    async def beat(self, messages: list[QueuedMessage]) -> None:
        """Say in their documents that tasks are alive, and end those that are to end."""
        for task_id in await self._store.beat(messages):
            self.cancel(task_id)

    def _interrupt(self, task_id: str, why: Interruption) -> None:
        if task_id in self._executions:
            self._executions[task_id].interrupt(why)
