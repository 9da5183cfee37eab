"""Putting tasks into the queue: the first time, step after step, and once more after a failure."""

from enum import Enum
from typing import TYPE_CHECKING, Any

from taskiq import TaskiqMessage
from taskiq.exceptions import SendTaskError

from webos.kernel.errors import ConflictError, NotFoundError
from webos.tasks.broker import LABEL_LEASE, LABEL_MAX_ATTEMPTS, LABEL_STEP, LABEL_STEPS, MongoLeaseBroker
from webos.tasks.delivery import QueuedMessage
from webos.tasks.identity import LABEL_CHANGE_SET, LABEL_CHANGE_SET_NAME, LABEL_KEY, LABEL_TRACE, LABEL_USER
from webos.tasks.record import TaskRecord, TaskState
from webos.tasks.registry import RegisteredTask
from webos.tasks.step import ChainStep
from webos.tasks.store import TaskStore

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient
    from pymongo.asynchronous.client_session import AsyncClientSession

__all__ = ["Passage", "TaskSender"]


class Passage(Enum):
    """What came of passing a chain on to its next step."""

    DONE = "the next step waits"
    CANCELLED = "somebody wanted the chain to end"
    LOST = "another worker has it, or has passed it on already"


class TaskSender:
    """Writes the document of a task and its message in one transaction: neither is ever ahead of the other.

    A chain has one document and one message. The message carries one step after the other; it is changed with the
    document, so that a step whose completion is stored is never started again.

    Args:
        client: For transactions.
        store: The task documents.
        broker: Where the messages go.
    """

    def __init__(self, client: "AsyncMongoClient[dict[str, Any]]", store: TaskStore, broker: MongoLeaseBroker) -> None:
        self._client = client
        self._store = store
        self._broker = broker

    async def send(
        self, first: RegisteredTask, record: TaskRecord, step: ChainStep, session: "AsyncClientSession | None" = None
    ) -> None:
        """Submit a task, or a chain with its first step.

        Args:
            first: The task.
            record: Its document.
            step: The call.
            session: Transaction in which to do it; one of its own where None.
        """
        labels: dict[str, str | float] = {LABEL_STEP: 0, LABEL_STEPS: max(1, len(record.steps))}
        kicker = first.sender.kicker().with_task_id(record.id).with_labels(**labels, **_change_set_of(record))

        async def write(session: "AsyncClientSession") -> None:
            await self._store.add(record, session)
            with self._broker.within(session):
                try:
                    await kicker.kiq(*step.args, **step.kwargs)
                except SendTaskError as error:
                    # The transaction decides by the driver's error whether to try again.
                    raise error.__cause__ or error from None

        if session is not None:
            await write(session)
        else:
            async with self._client.start_session() as own:
                await own.with_transaction(write)
        self._broker.wake()

    async def pass_on(self, message: QueuedMessage, result: Any, progress: dict[str, Any]) -> Passage:  # noqa: ANN401
        """Store that a step of a chain is done, and let its message carry the next.

        Args:
            message: The message of the step.
            result: What the step returned.
            progress: The last progress of the step.
        """

        async def write(session: "AsyncClientSession") -> Passage:
            found = await self._store.get_held(message, session)
            if found is None:
                return Passage.LOST
            if found.cancel_requested:
                await self._store.finish_held(message, TaskState.CANCELLED, progress, session)
                return Passage.CANCELLED
            number = found.step + 1
            step = found.steps[number].after(result)
            steps = (*found.steps[:number], step, *found.steps[number + 1 :])
            await self._store.pass_on(message, number, steps, session)
            await self._broker.queue.retarget(message, step, self._body(found, step, number), number, session)
            return Passage.DONE

        async with self._client.start_session() as own:
            passage: Passage = await own.with_transaction(write)
        return passage

    async def resume(self, task_id: str, session: "AsyncClientSession | None" = None) -> None:
        """Start a task that has failed or was cancelled once more; a chain with the step at which it ended.

        Args:
            task_id: The task.
            session: Transaction in which to do it; one of its own where None.

        Raises:
            NotFoundError: There is none.
            ConflictError: It has not ended, was done, or what it was called with is not known any more.
        """

        async def write(session: "AsyncClientSession") -> None:
            record = await self._store.get(task_id, session)
            if record is None:
                msg = f"there is no task {task_id}"
                raise NotFoundError(msg, user_message="There is no such task.")
            if record.state not in {TaskState.FAILED, TaskState.CANCELLED}:
                msg = f"task {task_id} is {record.state.value}"
                raise ConflictError(
                    msg, user_message="Only a task that has failed or was stopped can be started again."
                )
            await self._store.revive(task_id, session)
            if record.steps:
                step = record.steps[record.step]
                await self._broker.queue.put_back(
                    task_id, step, self._body(record, step, record.step), (record.step, len(record.steps)), session
                )
            elif not await self._broker.queue.unpark(task_id, session):
                msg = f"nothing is kept of the call of task {task_id}"
                raise ConflictError(msg, user_message="This task was never begun; please start it anew.")

        if session is not None:
            await write(session)
        else:
            async with self._client.start_session() as own:
                await own.with_transaction(write)
        self._broker.wake()

    def _body(self, record: TaskRecord, step: ChainStep, number: int) -> bytes:
        labels = {
            LABEL_LEASE: step.lease,
            LABEL_MAX_ATTEMPTS: step.max_attempts,
            LABEL_STEP: number,
            LABEL_STEPS: len(record.steps),
            LABEL_USER: str(record.user_id),
            LABEL_KEY: record.key_id,
            LABEL_TRACE: record.trace_id,
            **_change_set_of(record),
        }
        message = TaskiqMessage(
            task_id=record.id, task_name=step.name, labels=labels, args=step.args, kwargs=step.kwargs
        )
        return self._broker.formatter.dumps(message).message


def _change_set_of(record: TaskRecord) -> dict[str, str]:
    """Return the labels that bring the change-set of a task to where it runs."""
    if not record.change_set:
        return {}
    return {LABEL_CHANGE_SET: record.change_set, LABEL_CHANGE_SET_NAME: record.change_set_label}
