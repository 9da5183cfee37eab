"""The base of all background tasks."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from loguru import logger

from webos.events import ModuleBus
from webos.events.json_value import demand_json
from webos.kernel.errors import ConfigurationError, ServiceNotFoundError
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.tasks.broker import DEFAULT_LEASE, DEFAULT_MAX_ATTEMPTS
from webos.tasks.progress import ProgressReporter
from webos.tasks.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from loguru import Logger

    from webos.tasks.handle import TaskHandle
    from webos.tasks.record import TaskRecord
    from webos.tasks.service import TaskService
    from webos.tasks.submission import Call

__all__ = ["BaseTask", "TaskWiring"]

S = TypeVar("S")
T = TypeVar("T")

# A loop that never waits for anything lets the rest of the application run this often, in seconds.
_TURN = 0.02


@dataclass(frozen=True, slots=True)
class TaskWiring:
    """What the framework hands to a task when it starts it.

    Attributes:
        id: Id of the task.
        name: Registered name of the task.
        attempt: Which start this is.
        checkpoint: What an earlier start left.
        bus: The event bus; what is emitted carries the module's name.
        messenger: The way to the user.
        services: The application's services.
        progress: Takes note of progress.
        keep: Writes a checkpoint.
    """

    id: str
    name: str
    attempt: int
    checkpoint: dict[str, Any]
    bus: ModuleBus
    messenger: Messenger
    services: ServiceRegistry
    progress: ProgressReporter
    keep: "Callable[[dict[str, Any]], Awaitable[None]]"


class BaseTask:
    """A durable background task: a class with `run`, submitted by `await TheTask.kiq(...)`.

    It runs as the user who submitted it, with the permissions he has when it runs. It survives the end of its process:
    it is then started again, so what it did before the last `checkpoint` may happen twice.

    Attributes:
        title: Name for people; made from the name of the class where empty.
        max_attempts: How often it is started before it is given up. A start that ended with the process, or with an
            error that passes by itself, is followed by another; any other error ends the task at once.
        lease: Seconds after which it is started elsewhere if its process is silent. At least 2; more for tasks that
            keep the event loop busy for longer.
        retry_on: Errors after which it is started again, besides those of a database that is away.
        id: Id of the task.
        attempt: Which start this is, from 1.
        bus: Event bus; emitted events carry the module's name.
        log: Logger; each line carries module, user and trace id.
        notify: Tells the user something.
        restored: What the last `checkpoint` of this very task held, when it is started again; else empty.
    """

    title: ClassVar[str] = ""
    max_attempts: ClassVar[int] = DEFAULT_MAX_ATTEMPTS
    lease: ClassVar[float] = DEFAULT_LEASE
    retry_on: ClassVar[tuple[type[Exception], ...]] = ()

    # What is done in the place of ending it, for tasks that must not be ended in the middle.
    cancel_instead: "ClassVar[Callable[[TaskRecord], Awaitable[None]] | None]" = None

    # A class is registered with one application at a time, as Beanie's documents are with one database.
    _tasks: ClassVar["TaskService | None"] = None

    log: "Logger"

    def __init__(self, wiring: TaskWiring) -> None:
        self.id = wiring.id
        self.attempt = wiring.attempt
        self.bus = wiring.bus
        self.log = logger.bind(module=wiring.name)
        self.notify = wiring.messenger
        self.restored: dict[str, Any] = wiring.checkpoint
        self._wiring = wiring
        self._turn_ends = time.monotonic() + _TURN

    async def run(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - each task has its own signature
        """Do the work. What it takes and returns must be JSON."""
        raise NotImplementedError

    async def refused(self, error: Exception) -> None:
        """Called in the place of `run` when the user may not act any more; nobody acts in it.

        Args:
            error: Why. It is to be raised.
        """
        raise error

    @classmethod
    def kiq(cls, *args: Any, **kwargs: Any) -> Submission:  # noqa: ANN401 - those of `run`
        """Return the submission of the task with the arguments of `run`, to be awaited; it is safe after that.

        `await First.kiq(x).call(Second).call(Third)` submits a chain: each task follows when the former is done.

        Raises:
            ConfigurationError: When awaited: a task is not registered with a running application.
            InvalidInputError: When awaited: the arguments are not JSON or do not fit `run`.
            NotSignedInError: When awaited: nobody is signed in.
        """
        return Submission(cls, args, kwargs)

    @classmethod
    async def _submit(cls, calls: "Sequence[Call]") -> "TaskHandle":
        if cls._tasks is None:
            msg = f"{cls.__qualname__} is not registered; tasks belong into tasks.py of a module that runs"
            raise ConfigurationError(msg)
        return await cls._tasks.submit_chain(calls)

    @property
    def storage(self) -> Any:  # noqa: ANN401 - that of the module which provides it
        """The application's files.

        Raises:
            ServiceNotFoundError: No module provides them.
        """
        try:
            return self._wiring.services.get("storage")
        except ServiceNotFoundError as error:
            msg = f"{self._wiring.name} needs files, but no module that runs provides the service storage"
            text = "Files cannot be opened: no storage module is running."
            raise ServiceNotFoundError(msg, user_message=text) from error

    def service(self, kind: type[S]) -> S:
        """Return the application's service of a type.

        Raises:
            ServiceNotFoundError: There is none.
        """
        return self._wiring.services.get(kind)

    async def report(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Tell how far the task has come. It may be called as often as one likes.

        Args:
            done: How many steps are done.
            total: How many steps there are; None where that is not known.
            message: What is being done, for people; None leaves it as it is.
        """
        self._wiring.progress.report(done, total, message)
        await self._let_others_run()

    async def progress(
        self, iterable: Iterable[T] | AsyncIterable[T], message: str = "", total: int | None = None, *, start: int = 0
    ) -> AsyncIterator[T]:
        """Yield the items of `iterable` and report after each.

        Args:
            iterable: The items, also asynchronous ones.
            message: What is being done, for people.
            total: How many steps there are in all; the length of `iterable` and `start` where None, if it has a length.
            start: How many steps were done before, when the task goes on from a checkpoint.
        """
        if total is None and isinstance(iterable, Sized):
            total = start + len(iterable)
        done = start
        await self.report(done, total, message)
        async for item in _asynchronous(iterable):
            yield item
            done += 1
            await self.report(done, total)

    async def checkpoint(self, data: dict[str, Any]) -> None:
        """Keep from where to go on when the task is started again; it is safe once this returns.

        Args:
            data: JSON. It replaces the former checkpoint.

        Raises:
            InvalidInputError: It is not JSON.
            ConflictError: The task was taken over by another worker; this one is to end.
        """
        demand_json(data, "the checkpoint")
        await self._wiring.keep(data)

    async def _let_others_run(self) -> None:
        if time.monotonic() > self._turn_ends:
            await asyncio.sleep(0)
            self._turn_ends = time.monotonic() + _TURN


async def _asynchronous(iterable: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(iterable, AsyncIterable):
        async for item in iterable:
            yield item
    else:
        for item in iterable:
            yield item
