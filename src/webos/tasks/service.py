"""Background tasks of one application: registering, submitting, running, watching."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from webos.data.audit.change_set import running_change_set
from webos.data.changes import Change, ChangeHub
from webos.data.connection import Connection
from webos.events import EventBus, UserLoader
from webos.kernel.actor import key_of
from webos.kernel.context import acting_as, current_trace_id, demand_own_hand, new_trace_id, signed_in_user
from webos.kernel.errors import ConflictError
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.tasks.base import BaseTask
from webos.tasks.broker import MongoLeaseBroker
from webos.tasks.delivery import QueuedMessage
from webos.tasks.execution import TaskEnvironment
from webos.tasks.handle import TaskHandle
from webos.tasks.identity import IdentityMiddleware
from webos.tasks.keeper import LeaseKeeper
from webos.tasks.lease_queue import LeaseQueue
from webos.tasks.local.jobs import LocalJobs
from webos.tasks.progress import one_line
from webos.tasks.queries import MANAGE_TASKS, TaskQueries
from webos.tasks.record import TaskRecord, TaskState
from webos.tasks.registry import TaskRegistry
from webos.tasks.running import RunningTasks
from webos.tasks.saga.service import SagaService
from webos.tasks.sending import TaskSender
from webos.tasks.step import ChainStep
from webos.tasks.store import TaskStore
from webos.tasks.submission import Call
from webos.tasks.watcher import TaskWatcher
from webos.tasks.worker import Worker

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession

__all__ = ["MANAGE_TASKS", "TaskService"]

_TASKS = "webos_tasks"
_QUEUE = "webos_task_queue"


class TaskService(TaskQueries):
    """Durable background tasks, in this process or in any other on the same database.

    Args:
        connection: The database.
        changes: The process's change watcher.
        load_user: Returns the user with an id, with the permissions he has now; raises where he may not act.
        bus: Event bus for the tasks.
        messenger: The tasks' way to their users.
        services: Services for the tasks.
        slots: How many tasks this process runs at the same time.

    Attributes:
        jobs: Functions that run in the background of this process and are lost with it.
        sagas: Steps that are undone when a later one fails.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        changes: ChangeHub,
        load_user: UserLoader,
        bus: EventBus,
        messenger: Messenger,
        services: ServiceRegistry,
        slots: int = 20,
    ) -> None:
        store = TaskStore(connection.raw[_TASKS])
        super().__init__(store, TaskWatcher(store, changes))
        self._changes = changes
        self._queue = LeaseQueue(connection.raw[_QUEUE])
        self.sagas = SagaService(connection.client, connection.raw, self, manage=MANAGE_TASKS)
        self.jobs = LocalJobs(messenger, manage=MANAGE_TASKS)
        self._broker = MongoLeaseBroker(self._queue, slots=slots, on_dead=self._bury)
        self._broker.add_middlewares(IdentityMiddleware(load_user))
        self._sender = TaskSender(connection.client, self._store, self._broker)
        self._running = RunningTasks(TaskEnvironment(self._store, bus, messenger, services, self._sender), self._store)
        self._registry = TaskRegistry(self._broker, self._running.execute)
        keeper = LeaseKeeper(self._broker, on_beat=self._running.beat, on_lost=self._running.lose)
        self._worker = Worker(self._broker, keeper, slots=slots)
        self._ignore_changes: Callable[[], None] | None = None

    def register(self, module_name: str, task_class: type[BaseTask]) -> str:
        """Make a task class known as `module.Class`, and return that name. What waits of it is run from now on.

        Args:
            module_name: Name of the module it belongs to.
            task_class: The class.

        Raises:
            ConfigurationError: The name is taken, or the class is not made right.
        """
        name = self._registry.add(module_name, task_class, self).name
        self._broker.wake()
        return name

    def unregister(self, task_class: type[BaseTask]) -> None:
        """Forget a task class: what runs of it runs on, what waits of it is kept."""
        self._registry.remove(task_class, self)
        self.sagas.forget(task_class)

    def unregister_module(self, module_name: str) -> None:
        """Forget all task classes of a module, as `unregister` does."""
        for task_class in self._registry.of_module(module_name):
            self.unregister(task_class)

    async def start(self) -> None:
        """Prepare the database and begin to watch the tasks; tasks are run by `run_worker` only."""
        self.jobs.open()
        await self._store.prepare()
        await self._queue.prepare()
        await self.sagas.prepare()
        self._watcher.start()

    async def stop(self) -> None:
        """Stop running and watching tasks."""
        await self.jobs.stop()
        await self.stop_worker()
        await self._watcher.stop()

    async def run_worker(self) -> None:
        """Run tasks in this process from now on, in the background."""
        if not self._worker.is_running:
            self._running.accept()
            self._ignore_changes = self._changes.listen(_TASKS, self._on_change)
            self._worker.start()

    async def stop_worker(self, grace: float = 1.0) -> None:
        """Run no more tasks here. What does not end is interrupted and at once goes on elsewhere or after a restart.

        Args:
            grace: Seconds the running tasks have to end by themselves.
        """
        if self._ignore_changes is not None:
            self._ignore_changes()
            self._ignore_changes = None
        await self._worker.stop(self._running.interrupt_all, grace)

    async def submit(
        self, task_class: type[BaseTask], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> TaskHandle:
        """Submit a task as the acting user; it is safe once this returns.

        Args:
            task_class: The class; it must be registered here.
            args: Positional arguments of its `run`.
            kwargs: Named arguments of its `run`.

        Raises:
            ConfigurationError: The class is not registered.
            InvalidInputError: The arguments are not JSON or do not fit.
            NotSignedInError: Nobody is signed in.
        """
        return await self.submit_chain([(task_class, args, kwargs or {})])

    async def submit_chain(self, calls: Sequence[Call], *, session: "AsyncClientSession | None" = None) -> TaskHandle:
        """Submit tasks as the acting user, each to follow when the former is done; they are safe once this returns.

        They are one task to those who look: with one document, one progress and one end.

        Args:
            calls: The tasks with their arguments.
            session: Transaction in which to submit them; one of its own where None.

        Raises:
            ConfigurationError: A class is not registered.
            InvalidInputError: Arguments are not JSON or do not fit.
            NotSignedInError: Nobody is signed in.
        """
        demand_own_hand()
        user = signed_in_user()
        steps = tuple(
            ChainStep.of(self._registry[task_class], args, kwargs, is_first=number == 0)
            for number, (task_class, args, kwargs) in enumerate(calls)
        )
        first = self._registry[calls[0][0]]
        group = running_change_set()
        record = TaskRecord(
            id=uuid4().hex,
            name=first.name,
            title=one_line(" → ".join(step.title for step in steps)),
            module=first.module,
            state=TaskState.QUEUED,
            user_id=user.id,
            username=user.username,
            trace_id=current_trace_id() or new_trace_id(),
            created_at=datetime.now(UTC),
            steps=steps if len(steps) > 1 else (),
            key_id=key_of(user),
            change_set=group.id if group is not None else "",
            change_set_label=group.label if group is not None else "",
            ends_otherwise=calls[0][0].cancel_instead is not None,
        )
        with acting_as(user, record.trace_id):
            await self._sender.send(first, record, steps[0], session)
        return TaskHandle(record.id, self)

    async def cancel(self, task_id: str) -> TaskRecord:
        """Make a task end, wherever it runs, and return it as it is now. One that has ended stays as it is.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
            ConflictError: It is a saga of a module that does not run here, and so cannot be undone.
        """
        record = await self.get(task_id)
        if record.ends_otherwise:
            await self._end_otherwise(record)
            return await self.get(task_id)
        record = await self._store.cancel(task_id) or await self.get(task_id)
        if record.state is TaskState.CANCELLED:
            await self._queue.withdraw(task_id)
        elif record.cancel_requested:
            self._running.cancel(task_id)
        return record

    async def resume(self, task_id: str, *, session: "AsyncClientSession | None" = None) -> TaskRecord:
        """Start a task once more that has failed or was stopped, with the rights its user has then.

        A chain goes on with the step at which it ended.

        Args:
            task_id: The task.
            session: Transaction in which to do it; one of its own where None.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
            ConflictError: It has not ended, or it was done.
        """
        await self._sender.resume((await self.get(task_id)).id, session)
        return await self.get(task_id)

    def wake(self) -> None:
        """Have the worker of this process look for tasks at once."""
        self._broker.wake()

    def title_of(self, task_class: type[BaseTask]) -> str:
        """Return the name for people of a registered task class.

        Raises:
            ConfigurationError: It is not registered.
        """
        return self._registry[task_class].title

    async def _end_otherwise(self, record: TaskRecord) -> None:
        task_class = self._registry.class_of(record.name)
        if task_class is None or task_class.cancel_instead is None:
            msg = f"{record.name} does not run here"
            raise ConflictError(msg, user_message="This cannot be stopped while its module is not running.")
        if not record.state.is_final:
            await task_class.cancel_instead(record)

    def _on_change(self, change: Change) -> None:
        """Look for what other processes submit or want to end; nothing is read for it."""
        if change.operation == "insert" or change.document_id is None:
            self._broker.wake()
        elif "cancel_requested" in change.fields:
            self._running.cancel(change.document_id)

    async def _bury(self, message: QueuedMessage) -> None:
        await self._store.fail_unstarted(
            message, f"It was started {message.max_attempts} times and never came to an end"
        )
