"""What one holds of a saga that was started."""

from typing import TYPE_CHECKING

from webos.tasks.saga.record import SagaRecord, SagaState

if TYPE_CHECKING:
    from webos.tasks.saga.service import SagaService

__all__ = ["SagaHandle"]


class SagaHandle:
    """A saga that was started.

    Args:
        saga_id: Id of the saga.
        sagas: Where it was started.

    Attributes:
        id: Id of the saga.
        state: Its state when it was looked at last.
    """

    def __init__(self, saga_id: str, sagas: "SagaService") -> None:
        self.id = saga_id
        self.state = SagaState.RUNNING
        self._sagas = sagas

    async def record(self) -> SagaRecord:
        """Return the saga as it is now.

        Raises:
            NotFoundError: It is gone, or it is none of the acting user's.
        """
        return self._seen(await self._sagas.get(self.id))

    async def wait(self, timeout: float | None = None) -> SagaRecord:  # noqa: ASYNC109 - a deadline for the wait
        """Wait until the saga is done, undone or stuck, and return it as it is then.

        Args:
            timeout: Seconds to wait at most; for ever where None.

        Raises:
            NotFoundError: It is gone, or it is none of the acting user's.
            TimeoutError: It goes on still.
        """
        return self._seen(await self._sagas.wait(self.id, timeout))

    async def cancel(self) -> SagaRecord:
        """Have the saga undone as soon as the step that runs has ended, and return it as it is now.

        Raises:
            NotFoundError: It is gone, or it is none of the acting user's.
            ConflictError: It has ended.
        """
        return self._seen(await self._sagas.cancel(self.id))

    def _seen(self, record: SagaRecord) -> SagaRecord:
        self.state = record.state
        return record
