"""A function that runs in the background of this process."""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast
from uuid import UUID, uuid4

__all__ = ["JobState", "LocalJob"]

T = TypeVar("T")


class JobState(StrEnum):
    """Where a job is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self not in {JobState.WAITING, JobState.RUNNING}


@dataclass(eq=False, slots=True, kw_only=True)
class LocalJob(Generic[T]):
    """A function that runs in the background of this process. Awaited, it gives what the function returns or raises.

    Attributes:
        name: Name of the function.
        module: Module whose service started it.
        user_id: Who started it; None where nobody acted.
        username: His name.
        trace_id: Trace under which it runs.
        id: Id of the job.
        state: Where it is in its life.
        error: Why it failed, in one line that is safe to show.
        created_at: When it was started.
        started_at: When the function was called.
        finished_at: When it came to its end.
    """

    name: str
    module: str
    user_id: UUID | None
    username: str
    trace_id: str
    id: str = field(default_factory=lambda: uuid4().hex)
    state: JobState = JobState.WAITING
    error: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    finished_at: datetime | None = None
    waiters: int = field(default=0, init=False, repr=False)
    _result: T | None = field(default=None, init=False, repr=False)
    _failure: BaseException | None = field(default=None, init=False, repr=False)
    _ended: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait for the end and return what the function returned, or raise what it raised.

        Raises:
            CancelledError: The job was cancelled.
        """
        return self._wait().__await__()

    def begin(self) -> None:
        """Note that the function is called."""
        self.state, self.started_at = JobState.RUNNING, datetime.now(UTC)

    def end(
        self, state: JobState, *, result: T | None = None, failure: BaseException | None = None, error: str = ""
    ) -> None:
        """Note how it ended; the first end counts.

        Args:
            state: How it ended.
            result: What the function returned.
            failure: What it raised.
            error: That in one line that is safe to show.
        """
        if not self.state.is_final:
            self.state, self.finished_at, self.error = state, datetime.now(UTC), error
            self._result, self._failure = result, failure
            self._ended.set()

    async def _wait(self) -> T:
        self.waiters += 1
        try:
            await self._ended.wait()
        finally:
            self.waiters -= 1
        if self._failure is not None:
            raise self._failure
        return cast("T", self._result)
