"""The sagas of one application: registering, starting, watching, resuming."""

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from webos.events.json_value import demand_json
from webos.kernel.context import acting_as, current_trace_id, current_user, demand, new_trace_id, signed_in_user
from webos.kernel.errors import ConfigurationError, ConflictError, NotFoundError, PermissionDeniedError
from webos.tasks.saga.base import Saga
from webos.tasks.saga.handle import SagaHandle
from webos.tasks.saga.record import SagaRecord, SagaState
from webos.tasks.saga.step import steps_of
from webos.tasks.saga.store import SagaStore
from webos.tasks.saga.task import SagaTask, task_of

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from webos.tasks.record import TaskRecord
    from webos.tasks.service import TaskService

__all__ = ["SagaService"]

_SAGAS = "webos_sagas"


class SagaService:
    """Sagas, run by the workers for background tasks: each is one task to those who look at tasks.

    Args:
        client: For transactions.
        database: Where they are kept, without the guard.
        tasks: The background tasks.
        manage: Permission to see and resume the sagas of others.
    """

    def __init__(
        self,
        client: "AsyncMongoClient[dict[str, Any]]",
        database: "AsyncDatabase[dict[str, Any]]",
        tasks: "TaskService",
        *,
        manage: str,
    ) -> None:
        self._client = client
        self._store = SagaStore(database[_SAGAS])
        self._tasks = tasks
        self._manage = manage
        self._classes: dict[type[Saga], tuple[str, type[SagaTask]]] = {}

    async def prepare(self) -> None:
        """Prepare the database."""
        await self._store.prepare()

    def register(self, module_name: str, saga: type[Saga]) -> str:
        """Make a saga known as `module.Class`, and return that name. What waits of it goes on from now on.

        Args:
            module_name: Name of the module it belongs to.
            saga: The class.

        Raises:
            ConfigurationError: The name is taken, or the class is not made right.
        """
        task = task_of(saga, steps_of(saga), self._store, self._cancel_task)
        name = self._tasks.register(module_name, task)
        self._classes[saga] = (name, task)
        saga._sagas = self  # noqa: SLF001 - the framework binds the class
        return name

    def forget(self, task: type[Any]) -> None:
        """Forget the saga that a task class runs; what runs of it runs on, what waits of it is kept."""
        for saga in [saga for saga, (_, each) in self._classes.items() if each is task]:
            del self._classes[saga]
            if saga._sagas is self:  # noqa: SLF001 - another application may have bound it since
                saga._sagas = None  # noqa: SLF001

    async def start_saga(
        self, saga: type[Saga], data: dict[str, Any], *, session: "AsyncClientSession | None" = None
    ) -> SagaHandle:
        """Start a saga as the acting user; it is safe once this returns, or the transaction is committed.

        Args:
            saga: The class; it must be registered here.
            data: What its steps are called with; JSON.
            session: Transaction to which it belongs; one of its own where None.

        Raises:
            ConfigurationError: The class is not registered.
            InvalidInputError: The data is not JSON.
            NotSignedInError: Nobody is signed in.
        """
        user = signed_in_user()
        if saga not in self._classes:
            msg = f"{saga.__qualname__} is not registered with this application"
            raise ConfigurationError(msg)
        demand_json(data, f"the data of {saga.__name__}")
        saga_id = uuid4().hex
        trace_id = current_trace_id() or new_trace_id()

        async def write(session: "AsyncClientSession") -> None:
            await self._add(saga_id, saga, data, session)

        with acting_as(user, trace_id):
            if session is not None:
                await write(session)
            else:
                async with self._client.start_session() as own:
                    await own.with_transaction(write)
                self._tasks.wake()
        return SagaHandle(saga_id, self)

    async def get(self, saga_id: str) -> SagaRecord:
        """Return a saga of the acting user, or any for who may manage tasks.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
        """
        record = await self._store.get(saga_id)
        if record is None or not self._may_see(record.user_id):
            msg = f"there is no saga {saga_id}"
            raise NotFoundError(msg, user_message="There is no such workflow.")
        return record

    async def list_for(self, user_id: UUID, limit: int = 50) -> list[SagaRecord]:
        """Return the sagas of a user, the newest first.

        Args:
            user_id: The acting user, or any for who may manage tasks.
            limit: How many at most.

        Raises:
            PermissionDeniedError: They are somebody else's.
        """
        if not self._may_see(user_id):
            msg = f"{current_user().username} lacks {self._manage}"
            raise PermissionDeniedError(msg, user_message="You may only see your own workflows.")
        return await self._store.list_for(user_id, limit)

    async def list_stuck(self, limit: int = 50) -> list[SagaRecord]:
        """Return the sagas that wait for an administrator, the newest first.

        Args:
            limit: How many at most.

        Raises:
            PermissionDeniedError: The acting user may not manage tasks.
        """
        demand(self._manage)
        return await self._store.list_in(SagaState.STUCK, limit)

    async def resume(self, saga_id: str) -> SagaRecord:
        """Let a stuck saga go on with what it could not do, as its own user, and return it as it is now.

        Args:
            saga_id: The saga.

        Raises:
            PermissionDeniedError: The acting user may not manage tasks.
            NotFoundError: There is no such saga.
            ConflictError: It is not stuck.
        """
        demand(self._manage)
        record = await self.get(saga_id)

        async def write(session: "AsyncClientSession") -> None:
            if record.state is not SagaState.STUCK or not await self._store.unstick(record, session):
                msg = f"saga {saga_id} is {record.state.value}"
                raise ConflictError(msg, user_message="This workflow is not stuck.")
            await self._tasks.resume(record.task_id, session=session)

        async with self._client.start_session() as own:
            await own.with_transaction(write)
        self._tasks.wake()
        return await self.get(saga_id)

    async def cancel(self, saga_id: str) -> SagaRecord:
        """Have a saga undone as soon as the step that runs has ended, and return it as it is now.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
            ConflictError: It has ended.
        """
        record = await self.get(saga_id)
        if record.state.is_final:
            msg = f"saga {saga_id} is {record.state.value}"
            raise ConflictError(msg, user_message="This workflow has ended.")
        await self._store.request_cancel(saga_id)
        return await self.get(saga_id)

    async def wait(self, saga_id: str, timeout: float | None = None) -> SagaRecord:  # noqa: ASYNC109 - a deadline for the wait
        """Wait until a saga is done, undone or stuck, and return it as it is then.

        Args:
            saga_id: The saga.
            timeout: Seconds to wait at most; for ever where None.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
            TimeoutError: It goes on still.
        """
        await self._tasks.wait((await self.get(saga_id)).task_id, timeout)
        return await self.get(saga_id)

    async def _add(self, saga_id: str, saga: type[Saga], data: dict[str, Any], session: "AsyncClientSession") -> None:
        user = signed_in_user()
        name, task = self._classes[saga]
        handle = await self._tasks.submit_chain([(task, (saga_id,), {})], session=session)
        values = {
            "name": name,
            "title": self._tasks.title_of(task),
            "module": name.partition(".")[0],
            "user_id": user.id,
            "username": user.username,
            "trace_id": current_trace_id(),
            "task_id": handle.id,
        }
        await self._store.add(saga_id, values, data, session)

    async def _cancel_task(self, task: "TaskRecord") -> None:
        """Undo a saga whose task somebody wants to end: to drop the task would leave the saga half done."""
        record = await self._store.of_task(task.id)
        if record is not None and not record.state.is_final:
            await self._store.request_cancel(record.id)

    def _may_see(self, user_id: UUID) -> bool:
        user = current_user()
        return user.id == user_id or user.has_permission(self._manage)
