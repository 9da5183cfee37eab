"""The base of all sagas."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from loguru import logger

from webos.events import ModuleBus
from webos.kernel.errors import ConfigurationError
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry

if TYPE_CHECKING:
    from loguru import Logger
    from pymongo.asynchronous.client_session import AsyncClientSession

    from webos.tasks.saga.handle import SagaHandle
    from webos.tasks.saga.service import SagaService

__all__ = ["Saga", "SagaWiring"]

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class SagaWiring:
    """What the framework hands to a saga when it calls one of its methods.

    Attributes:
        id: Id of the saga.
        name: Its registered name.
        step: The step that is run or undone.
        bus: The event bus; what is emitted carries the module's name.
        messenger: The way to the user.
        services: The application's services.
    """

    id: str
    name: str
    step: str
    bus: ModuleBus
    messenger: Messenger
    services: ServiceRegistry


class Saga:
    """Steps that belong together: when one fails, those before it are undone, in reverse.

    A subclass marks its async methods with `@step(compensate="...")`. Each is called with the data of the saga, as the
    user who started it, with the rights he has then. After the end of a process the saga goes on elsewhere. A step or
    a compensation may then run twice, so what it does has to be recognised by `key`.

    Attributes:
        title: Name for people; made from the name of the class where empty.
        lease: Seconds after which it goes on elsewhere if its process is silent. At least 2.
        compensation_attempts: How often a compensation is tried, with growing pauses, before the saga is stuck and
            waits for an administrator.
        id: Id of the saga.
        key: The same for every run of one step of one saga, and for its compensation: `id:step`.
        bus: Event bus; emitted events carry the module's name.
        log: Logger; each line carries module, user and trace id.
        notify: Tells the user something.
    """

    title: ClassVar[str] = ""
    lease: ClassVar[float] = 10.0
    compensation_attempts: ClassVar[int] = 8

    # A class is registered with one application at a time, as tasks are.
    _sagas: ClassVar["SagaService | None"] = None

    log: "Logger"

    def __init__(self, wiring: SagaWiring) -> None:
        self.id = wiring.id
        self.key = f"{wiring.id}:{wiring.step}"
        self.bus = wiring.bus
        self.log = logger.bind(module=wiring.name)
        self.notify = wiring.messenger
        self._services = wiring.services

    def service(self, kind: type[S]) -> S:
        """Return the application's service of a type.

        Raises:
            ServiceNotFoundError: There is none.
        """
        return self._services.get(kind)

    @classmethod
    async def start(
        cls, data: dict[str, Any] | None = None, *, session: "AsyncClientSession | None" = None
    ) -> "SagaHandle":
        """Start the saga as the acting user; it is safe once this returns.

        Args:
            data: What its steps are called with; JSON.
            session: Transaction to which it belongs: it starts if that is committed.

        Raises:
            ConfigurationError: The saga is not registered with a running application.
            InvalidInputError: The data is not JSON.
            NotSignedInError: Nobody is signed in.
        """
        if cls._sagas is None:
            msg = f"{cls.__qualname__} is not registered; sagas belong into workflows.py of a module that runs"
            raise ConfigurationError(msg)
        return await cls._sagas.start_saga(cls, data or {}, session=session)
