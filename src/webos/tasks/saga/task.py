"""The background task that runs a saga."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar

from loguru import logger
from pymongo.errors import PyMongoError

from webos.kernel.errors import WebOSError
from webos.tasks.base import BaseTask
from webos.tasks.outage import TryLaterError, is_outage
from webos.tasks.progress import one_line
from webos.tasks.saga.base import Saga, SagaWiring
from webos.tasks.saga.engine import SagaEngine
from webos.tasks.saga.record import SagaRecord, SagaState
from webos.tasks.saga.step import SagaStep
from webos.tasks.saga.store import SagaStore

if TYPE_CHECKING:
    from webos.tasks.record import TaskRecord

__all__ = ["SagaFailedError", "SagaTask", "task_of"]

# The engine counts for itself, step by step; the task must never be given up in its stead.
_NEVER = 1_000_000


class SagaFailedError(WebOSError):
    """A saga was undone, or could not be undone."""

    code = "webos.saga_failed"
    status = 409
    title = "The workflow did not succeed"


class SagaTask(BaseTask):
    """Runs one saga from wherever it is."""

    max_attempts = _NEVER

    saga: ClassVar[type[Saga]]
    steps: ClassVar[tuple[SagaStep, ...]]
    store: ClassVar[SagaStore]

    async def run(self, saga_id: str) -> dict[str, str]:
        """Run a saga to its end."""
        engine = SagaEngine(
            self.store, self.steps, self._make, report=self.report, attempts=self.saga.compensation_attempts
        )
        try:
            record = await engine.run(saga_id)
        except Exception as error:
            # An error of ours, or data that the database does not take: nothing will happen by itself any more.
            if not isinstance(error, TryLaterError) and not is_outage(error):
                await self._mark_stuck(saga_id, f"It could not go on ({type(error).__name__})")
            raise
        if record is None:
            return {"state": "gone"}
        if record.state is SagaState.COMPENSATED:
            msg = f"{record.error or 'It failed'}. What had been done was undone."
            raise SagaFailedError(one_line(msg))
        if record.state is SagaState.STUCK:
            msg = f"{record.error}. An administrator has to look after it."
            raise SagaFailedError(one_line(msg))
        return {"state": record.state.value}

    async def refused(self, error: Exception) -> None:
        """Let the saga wait for an administrator: its user may not act any more, so nobody may undo it for him."""
        text = error.user_message if isinstance(error, WebOSError) else type(error).__name__
        saga = await self.store.of_task(self.id)
        if saga is not None:
            await self._mark_stuck(saga.id, f"Its user may not act any more: {text}")
        raise error

    async def _mark_stuck(self, saga_id: str, reason: str) -> None:
        try:
            record = await self.store.claim(saga_id)
            if record is not None and not record.state.is_final:
                await self.store.enter(record, SagaState.STUCK, error=one_line(reason))
        except (PyMongoError, TryLaterError) as error:
            logger.error("saga {} could not be marked as stuck: {}", saga_id, type(error).__name__)

    def _make(self, record: SagaRecord, step: str) -> Saga:
        wiring = self._wiring
        return self.saga(
            SagaWiring(
                id=record.id,
                name=record.name,
                step=step,
                bus=wiring.bus,
                messenger=wiring.messenger,
                services=wiring.services,
            )
        )


def task_of(
    saga: type[Saga],
    steps: tuple[SagaStep, ...],
    store: SagaStore,
    cancel: "Callable[[TaskRecord], Awaitable[None]]",
) -> type[SagaTask]:
    """Return the task class that runs the sagas of a class, under the same name.

    Args:
        saga: The saga.
        steps: Its steps.
        store: The sagas in the database.
        cancel: What is done instead of cancelling the task.
    """
    values: dict[str, Any] = {
        "saga": saga,
        "steps": steps,
        "store": store,
        "title": saga.title,
        "lease": saga.lease,
        "cancel_instead": staticmethod(cancel),
        "__doc__": saga.__doc__,
        "__module__": saga.__module__,
    }
    return type(saga.__name__, (SagaTask,), values)
