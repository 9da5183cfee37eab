"""Running a saga: forward step by step, and backward when one fails."""

from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger

from webos.events.json_value import demand_json
from webos.kernel.errors import InvalidInputError, WebOSError
from webos.tasks.outage import TryLaterError, is_outage
from webos.tasks.progress import one_line
from webos.tasks.saga.base import Saga
from webos.tasks.saga.record import Phase, SagaRecord, SagaState
from webos.tasks.saga.step import SagaStep
from webos.tasks.saga.store import SagaStore

__all__ = ["SagaEngine"]

_LONGEST_PAUSE = 60.0

Report = Callable[[int, int, str], Awaitable[None]]


class SagaEngine:
    """Runs one saga from wherever it is to its end.

    Each action is preceded by a line in the log that it is intended, and followed by one that it is done. Whatever was
    intended is undone when a step fails, for it is not known how far it came. Every line is safe before the next thing
    happens, so another engine can go on after any of them.

    Args:
        store: The sagas.
        steps: The steps.
        make: Makes the saga's object for a step.
        report: Takes note of progress: steps done, steps in all, and what is being done.
        attempts: How often a compensation is tried.
    """

    def __init__(
        self,
        store: SagaStore,
        steps: tuple[SagaStep, ...],
        make: Callable[[SagaRecord, str], Saga],
        *,
        report: Report,
        attempts: int,
    ) -> None:
        self._store = store
        self._steps = steps
        self._make = make
        self._report = report
        self._attempts = attempts

    async def run(self, saga_id: str) -> SagaRecord | None:
        """Run a saga, and return it as it is at its end; None if there is none.

        Raises:
            TryLaterError: It cannot go on at the moment, or another engine has claimed it.
        """
        record = await self._store.claim(saga_id)
        if record is not None and record.state is SagaState.RUNNING:
            record = await self._forward(record)
        if record is not None and record.state is SagaState.COMPENSATING:
            record = await self._backward(record)
        return record

    async def _forward(self, record: SagaRecord) -> SagaRecord:
        for number, step in enumerate(self._steps):
            if record.has(step.name, Phase.DONE):
                continue
            if record.cancel_requested:
                return await self._store.enter(record, SagaState.COMPENSATING, error="It was stopped")
            await self._report(number, len(self._steps), step.title)
            record = await self._act(record, step)
            if record.state is not SagaState.RUNNING:
                return record
        return await self._store.enter(record, SagaState.DONE)

    async def _act(self, record: SagaRecord, step: SagaStep) -> SagaRecord:
        if record.count(step.name, Phase.INTENT) >= step.max_starts:
            return await self._failed(record, step, f"It was started {step.max_starts} times and never came to an end")
        record = await self._store.note(record, step.name, Phase.INTENT)
        try:
            result = await self._call(record, step.name, step.name)
            data = _merged(record, step, result)
        # Whatever a step raises makes the saga go backward and stops nothing else.
        except (Exception, SystemExit) as error:
            if is_outage(error) and record.count(step.name, Phase.INTENT) < step.max_starts:
                raise TryLaterError(str(error), delay=_pause(record.count(step.name, Phase.INTENT))) from error
            logger.opt(exception=error).warning("step {} of saga {} failed", step.name, record.id)
            return await self._failed(record, step, _safe(error))
        return await self._store.note(record, step.name, Phase.DONE, data=data)

    async def _failed(self, record: SagaRecord, step: SagaStep, reason: str) -> SagaRecord:
        error = one_line(f"{step.title}: {reason}")
        return await self._store.note(record, step.name, Phase.FAILED, error=error, state=SagaState.COMPENSATING)

    async def _backward(self, record: SagaRecord) -> SagaRecord:
        known = {step.name: step for step in self._steps}
        for number, name in enumerate(reversed(record.begun())):
            if record.has(name, Phase.UNDONE):
                continue
            if name not in known:
                return await self._stuck(record, f"The step {name} does not exist any more and cannot be undone")
            await self._report(number, len(record.begun()), f"Undoing: {known[name].title}")
            record = await self._undo(record, known[name])
            if record.state is not SagaState.COMPENSATING:
                return record
        return await self._store.enter(record, SagaState.COMPENSATED)

    async def _undo(self, record: SagaRecord, step: SagaStep) -> SagaRecord:
        if not step.compensate:
            return await self._store.note(record, step.name, Phase.UNDONE)
        if record.count(step.name, Phase.UNDO) >= self._attempts:
            last = next((entry.error for entry in reversed(record.log) if entry.phase is Phase.UNDO_FAILED), "")
            return await self._stuck(record, f"{step.title} could not be undone: {last or 'it never came to an end'}")
        record = await self._store.note(record, step.name, Phase.UNDO)
        try:
            await self._call(record, step.name, step.compensate)
        # Whatever a compensation raises: it is tried again, until an administrator has to look.
        except (Exception, SystemExit) as error:
            logger.opt(exception=error).warning("{} of saga {} could not be undone", step.name, record.id)
            record = await self._store.note(record, step.name, Phase.UNDO_FAILED, error=_safe(error))
            tried = record.count(step.name, Phase.UNDO)
            if tried >= self._attempts:
                return await self._stuck(record, f"{step.title} could not be undone: {_safe(error)}")
            raise TryLaterError(str(error), delay=_pause(tried)) from error
        return await self._store.note(record, step.name, Phase.UNDONE)

    async def _stuck(self, record: SagaRecord, reason: str) -> SagaRecord:
        logger.error("saga {} of {} is stuck: {}", record.id, record.name, reason)
        first = f"{record.error}. " if record.error else ""
        return await self._store.enter(record, SagaState.STUCK, error=one_line(first + reason))

    async def _call(self, record: SagaRecord, step: str, method: str) -> Any:  # noqa: ANN401 - what the method returns
        saga = self._make(record, step)
        # A copy, for what a method changes in it would be lost with its process, and so must not seem to be kept.
        return await getattr(saga, method)(dict(record.data))


def _merged(record: SagaRecord, step: SagaStep, result: Any) -> dict[str, Any]:  # noqa: ANN401 - any
    if result is None:
        return record.data
    if not isinstance(result, dict):
        msg = f"{step.name} returned a {type(result).__name__}; steps return a dictionary or nothing"
        raise InvalidInputError(msg)
    data = {**record.data, **result}
    demand_json(data, f"the data after {step.name}")
    return data


def _pause(tried: int) -> float:
    return min(2.0 ** (tried - 1), _LONGEST_PAUSE)


def _safe(error: BaseException) -> str:
    """Return one line about an error that may be shown: other errors than ours may hold internals."""
    if isinstance(error, WebOSError):
        return one_line(error.user_message)
    return f"Something went wrong ({type(error).__name__})"
