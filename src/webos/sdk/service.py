"""The base of all services."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from loguru import logger
from pydantic import BaseModel
from pymongo.asynchronous.client_session import AsyncClientSession

from webos.data.audit.service import AuditService
from webos.data.grants.desk import GrantDesk
from webos.data.grants.reader import DataReader
from webos.data.guard.grant_scope import UndeclaredAccessError
from webos.events import EventBus, ModuleBus
from webos.kernel.errors import ServiceNotFoundError
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.tasks import LocalJob, LocalJobs

if TYPE_CHECKING:
    from loguru import Logger
    from pymongo import AsyncMongoClient

    from webos.tasks import BaseTask, Submission

__all__ = ["BaseService", "ServiceWiring", "ServiceWirings"]

R = TypeVar("R")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class ServiceWiring:
    """What the framework hands to a service when it builds it.

    Attributes:
        module: Name of the module.
        services: The application's services.
        bus: The application's event bus.
        messenger: The way to the user.
        client: The database client, for transactions.
        settings: The module's settings, where it has any.
        grants: Hands out what a service may read of other modules; None where there is nothing to read.
    """

    module: str
    services: ServiceRegistry
    bus: EventBus
    messenger: Messenger
    client: "AsyncMongoClient[dict[str, Any]]"
    settings: BaseModel | None = None
    grants: GrantDesk | None = None


class ServiceWirings:
    """What services of each module are built with, for those that nobody has written: the ones behind a `rest_router`."""

    def __init__(self) -> None:
        self._wirings: dict[str, ServiceWiring] = {}
        self._built: dict[type[BaseService], BaseService] = {}

    def add(self, wiring: ServiceWiring) -> None:
        """Remember what the services of a module are built with."""
        self._wirings[wiring.module] = wiring

    def instance(self, kind: "type[S]", module: str) -> S:
        """Return the one instance of a service, built when it is first asked for.

        Args:
            kind: The service.
            module: Name of its module.

        Raises:
            ServiceNotFoundError: There is no such module.
        """
        if kind not in self._built:
            if module not in self._wirings:
                msg = f"there is no module {module!r}"
                raise ServiceNotFoundError(msg)
            made: Any = kind
            self._built[made] = made(self._wirings[module])
        return cast("S", self._built[cast("Any", kind)])


class BaseService:
    """Business logic of a module: stateless, one instance for each application, built by the framework.

    A class attribute that is annotated with another service's type is filled in with that service.

    Attributes:
        bus: Event bus; emitted events carry the module's name.
        log: Logger; each line carries module, user and trace id.
        notify: Tells the acting user something.
        services: All services of the application.
        settings: The module's settings, to be annotated with their own type.
    """

    __abstract__: ClassVar[bool] = True

    settings: Any
    log: "Logger"

    def __init__(self, wiring: ServiceWiring) -> None:
        self._module = wiring.module
        self.bus = ModuleBus(wiring.bus, wiring.module)
        self.log = logger.bind(module=f"{wiring.module}.{type(self).__name__}")
        self.notify = wiring.messenger
        self.services = wiring.services
        self._client = wiring.client
        self._grants = wiring.grants
        self._consumer = f"{wiring.module}.{type(self).__name__}"
        if wiring.settings is not None:
            self.settings = wiring.settings

    @property
    def audit(self) -> AuditService:
        """The record of changes: the history of documents, old versions, and the way back."""
        return self.services.get(AuditService)

    def service(self, kind: type[S]) -> S:
        """Return the application's service of a type.

        Raises:
            ServiceNotFoundError: There is none.
        """
        return self.services.get(kind)

    def data(self, model: str) -> DataReader:
        """Return the reader of another module's model, as it is declared by `@data_access` above the class.

        Args:
            model: The model, `module.Class`.

        Raises:
            UndeclaredAccessError: It is not declared; the message says what to declare.
        """
        if self._grants is None:
            msg = f"{self._consumer} was built without the application's data"
            raise UndeclaredAccessError(msg)
        return self._grants.reader(self._consumer, model)

    async def run_in_transaction(self, work: Callable[[AsyncClientSession], Awaitable[R]]) -> R:
        """Run `work` in one database transaction, and again from the beginning where another one stood in its way.

        It is repeated for up to two minutes when the server says that a repetition may succeed, so it must do nothing
        outside of the database that it cannot do twice. Emit events with `session=`: they belong to the attempt that
        was committed.

        Args:
            work: Gets the session to hand to each write, as `session=`; reads what it decides upon anew each time.

        Returns:
            What `work` returns.
        """
        async with self._client.start_session() as session:
            return await session.with_transaction(work)

    def run_bg(
        self,
        func: "Callable[..., Any] | type[BaseTask] | Submission",
        *args: Any,  # noqa: ANN401 - those of the function
        **kwargs: Any,  # noqa: ANN401 - those of the function
    ) -> LocalJob[Any]:
        """Start a function in the background of this process, as the acting user, and return at once.

        It is lost with the process. A failure is told to the user, unless somebody awaits the job.

        Args:
            func: An async function, or a plain one, which runs in a thread. A `BaseTask` is submitted to the queue, and
                survives the process from the moment in which that is done: await the job for its handle.
            args: Positional arguments.
            kwargs: Named arguments.

        Raises:
            UnavailableError: The process stops, or too many jobs wait.
        """
        return self.services.get(LocalJobs).run(func, *args, owner=self._module, **kwargs)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncClientSession]:
        """Run the block in one database transaction; an exception takes everything in it back.

        A block cannot be repeated where another transaction stands in its way; `run_in_transaction` does that.

        Yields:
            The session to hand to each write, as `session=`.
        """
        async with self._client.start_session() as session, await session.start_transaction():
            yield session


def inject_services(service: BaseService, services: ServiceRegistry) -> None:
    """Fill in the attributes of `service` that are annotated with other services' types.

    Raises:
        ServiceNotFoundError: One of them is not registered.
    """
    for base in type(service).__mro__:
        if base is BaseService:
            return
        for name, kind in inspect.get_annotations(base, eval_str=True).items():
            if isinstance(kind, type) and issubclass(kind, BaseService) and not hasattr(service, name):
                setattr(service, name, services.get(kind))
