"""One start of one task, from its delivery to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from loguru import logger
from pymongo.errors import PyMongoError

from webos.events import EventBus, ModuleBus
from webos.events.json_value import demand_json
from webos.kernel.errors import ConflictError, WebOSError
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.tasks.base import BaseTask, TaskWiring
from webos.tasks.delivery import Delivery, Verdict
from webos.tasks.identity import refusal
from webos.tasks.outage import TryLaterError, is_outage, persistently
from webos.tasks.progress import ProgressReporter, one_line
from webos.tasks.record import TaskState
from webos.tasks.registry import RegisteredTask
from webos.tasks.sending import Passage, TaskSender
from webos.tasks.step import ChainStep, dump_steps
from webos.tasks.store import Beginning, TaskStore

__all__ = ["Execution", "Interruption", "TaskEnvironment"]

# How long the outcome of a task waits for the database. After that the task is started again.
_OUTCOME_SECONDS = 300.0
_LONGEST_PAUSE = 60.0


class Interruption(Enum):
    """Why a running task is made to end."""

    CANCELLED = "somebody wants it to end"
    STOPPING = "the process stops"
    LOST = "another worker has it"


@dataclass(frozen=True, slots=True)
class TaskEnvironment:
    """What executions share.

    Attributes:
        store: The task documents.
        bus: The application's event bus.
        messenger: The way to the users.
        services: The application's services.
        sender: Passes chains on to their next step.
    """

    store: TaskStore
    bus: EventBus
    messenger: Messenger
    services: ServiceRegistry
    sender: TaskSender


class Execution:
    """One start of a task.

    Args:
        task: What to run.
        delivery: The message that asks for it. Its settlement is decided here.
        environment: What executions share.
    """

    def __init__(self, task: RegisteredTask, delivery: Delivery, environment: TaskEnvironment) -> None:
        self._task = task
        self._delivery = delivery
        self._message = delivery.message
        self._environment = environment
        self._store = environment.store
        self._progress = ProgressReporter(
            lambda values: self._store.write(self._message, values), (self._message.step, self._message.steps)
        )
        self._work: asyncio.Task[Any] | None = None
        self._interruption: Interruption | None = None
        self._call: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def interrupt(self, why: Interruption) -> None:
        """Make the task end; the first reason counts."""
        if self._interruption is None:
            self._interruption = why
            if self._work is not None:
                self._work.cancel()

    async def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Run the task and record how it ended. Whatever it raises ends here."""
        try:
            beginning = await persistently(lambda: self._store.begin(self._message), seconds=self._message.lease)
        except PyMongoError as error:
            logger.warning("{} could not be started: {}", self._message.name, type(error).__name__)
            self._delivery.settle(Verdict.AGAIN, delay=1.0)
            return
        if beginning is None:
            self._delivery.settle(Verdict.DONE)
            return
        if beginning.cancel_requested:
            self._interruption = Interruption.CANCELLED
        self._call = args, kwargs
        try:
            result = await self._do(beginning, args, kwargs)
        # What a task raises ends that task and nothing else; it may also await what was cancelled.
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            await self._progress.close()
            await self._end_with(error)
        else:
            await self._progress.close()
            if self._message.has_next:
                await self._pass_on(result)
            else:
                await self._finish(TaskState.DONE, {"result": result, "percent": 100.0, "error": ""})

    async def _do(self, beginning: Beginning, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        task = self._task.task_class(
            TaskWiring(
                id=self._message.id,
                name=self._task.name,
                attempt=self._message.attempts,
                checkpoint=beginning.checkpoint,
                bus=ModuleBus(self._environment.bus, self._task.module),
                messenger=self._environment.messenger,
                services=self._environment.services,
                progress=self._progress,
                keep=self._keep,
            )
        )
        refused = refusal()
        if refused is not None:
            await task.refused(refused)
            raise refused
        if self._interruption is not None:
            raise asyncio.CancelledError
        # A task of its own, so that cancelling it leaves this one to record the end.
        self._work = asyncio.create_task(_contained(task, args, kwargs), name=f"task {self._message.name}")
        result = await self._work
        demand_json(result, "the result")
        return result

    async def _keep(self, data: dict[str, Any]) -> None:
        if not await self._store.write(self._message, {**self._progress.latest, "checkpoint": data}):
            msg = "the task was taken over by another worker"
            raise ConflictError(msg)

    async def _end_with(self, error: BaseException) -> None:
        match self._interruption:
            case Interruption.CANCELLED:
                await self._finish(TaskState.CANCELLED, self._kept_call())
            case Interruption.STOPPING:
                await self._wait_again("Waiting to go on", Verdict.GIVE_BACK, delay=0)
            case Interruption.LOST:
                self._delivery.settle(Verdict.LOST)
            case None:
                await self._fail(error)

    async def _fail(self, error: BaseException) -> None:
        attempts = self._message.attempts
        passing = is_outage(error) or isinstance(error, self._task.task_class.retry_on)
        if passing and attempts < self._message.max_attempts:
            delay = error.delay if isinstance(error, TryLaterError) else min(2.0 ** (attempts - 1), _LONGEST_PAUSE)
            logger.warning("{} is started again in {:.0f} s: {}", self._message.name, delay, _safe(error))
            await self._wait_again("Waiting for another try", Verdict.AGAIN, delay=delay)
        else:
            logger.opt(exception=error).error("{} failed", self._message.name)
            reason = f"{self._task.title}: {_safe(error)}" if self._message.steps > 1 else _safe(error)
            await self._finish(TaskState.FAILED, {**self._kept_call(), "error": one_line(reason)})

    async def _wait_again(self, text: str, verdict: Verdict, *, delay: float) -> None:
        values = {**self._progress.latest, "state": TaskState.QUEUED.value, "message": text}
        await self._record(lambda: self._store.write(self._message, values), verdict, delay=delay)

    async def _finish(self, state: TaskState, values: dict[str, Any]) -> None:
        everything = {**self._progress.latest, **values}
        await self._record(lambda: self._store.finish(self._message, state, everything), Verdict.DONE)

    async def _pass_on(self, result: Any) -> None:  # noqa: ANN401 - any
        """Let the next step of the chain follow; what has changed the document meanwhile decides."""
        try:
            passage = await persistently(
                lambda: self._environment.sender.pass_on(self._message, result, self._progress.latest),
                seconds=_OUTCOME_SECONDS,
            )
        except PyMongoError as error:
            logger.error("{} is done, but its chain could not go on: {}", self._message.name, type(error).__name__)
            passage = Passage.LOST
        verdicts = {Passage.DONE: Verdict.PASSED_ON, Passage.CANCELLED: Verdict.DONE, Passage.LOST: Verdict.LOST}
        self._delivery.settle(verdicts[passage])

    def _kept_call(self) -> dict[str, Any]:
        """Return what it takes to start the task once more; a chain has that already."""
        if self._message.steps > 1:
            return {}
        args, kwargs = self._call
        return {"steps": dump_steps([ChainStep.of(self._task, args, kwargs, is_first=True)])}

    async def _record(self, write: Callable[[], Awaitable[bool]], verdict: Verdict, *, delay: float = 0.0) -> None:
        """Write how it ended; without that the message must stay."""
        try:
            has_it = await persistently(write, seconds=_OUTCOME_SECONDS)
        except PyMongoError as error:
            logger.error("the end of {} could not be recorded: {}", self._message.name, type(error).__name__)
            has_it = False
        self._delivery.settle(verdict if has_it else Verdict.LOST, delay=delay)


async def _contained(task: BaseTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401 - the result
    try:
        return await task.run(*args, **kwargs)
    except SystemExit as error:
        # It would go past everyone who waits for the task and end the process.
        msg = "the task tried to end the process"
        raise RuntimeError(msg) from error


def _safe(error: BaseException) -> str:
    """Return one line about an error that may be shown: other errors than ours may hold internals."""
    if isinstance(error, WebOSError):
        return one_line(error.user_message)
    return f"Something went wrong ({type(error).__name__})"
