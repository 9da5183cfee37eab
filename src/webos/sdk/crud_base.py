"""What a `CrudService` stands on: its model, the schemas of that, and who may do what."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar, cast, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession

from webos.data.conflicts import changed_error
from webos.data.crud.filters import filter_model
from webos.data.crud.schemas import create_schema_of, declared_schema, read_schema_of, update_schema_of
from webos.data.crud.states import StateMachine
from webos.data.document import CoreDocument
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.kernel.context import current_user, demand
from webos.kernel.errors import NotFoundError
from webos.kernel.loader import ModuleSet
from webos.sdk.service import BaseService

__all__ = ["CrudBase"]

D = TypeVar("D", bound=CoreDocument)

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class CrudBase(BaseService, Generic[D]):
    """A service that knows its model: `class OrderService(CrudService[Order])`."""

    __abstract__: ClassVar[bool] = True

    document: ClassVar[type[CoreDocument]]
    read_schema: ClassVar[type[BaseModel]]
    create_schema: ClassVar[type[BaseModel]]
    update_schema: ClassVar[type[BaseModel]]
    filter_schema: ClassVar[type[BaseModel]]
    transitions: ClassVar[StateMachine | None] = None
    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - Python's signature
        super().__init_subclass__(**kwargs)
        document = cls.__dict__.get("document") or _argument(cls)
        if document is None:
            return
        cls.document = document
        for kind, make in (("read", read_schema_of), ("create", create_schema_of), ("update", update_schema_of)):
            if f"{kind}_schema" not in cls.__dict__:
                setattr(cls, f"{kind}_schema", declared_schema(document, kind.capitalize()) or make(document))
        cls.filter_schema = filter_model(document)
        if "transitions" not in cls.__dict__:
            cls.transitions = getattr(document, "transitions", None)
        if "name" not in cls.__dict__:
            cls.name = _HUMP.sub("_", document.__name__).lower()

    @property
    def info(self) -> ModelInfo:
        """The model's entry."""
        return self._models.of(self.document)

    @property
    def _models(self) -> ModelRegistry:
        return self.services.get(ModelRegistry)

    def _demand(self, action: str) -> ModelInfo:
        info, user = self.info, current_user()
        own = f"{info.module}.{action}"
        if action == "read":
            info.demand_read(user)
        elif action in {"delete", "restore"} and own in self.services.get(ModuleSet).permissions():
            demand(own)
        else:
            info.demand_write(user)
        return info

    def _demand_revision(self, target: CoreDocument, revision: int | None) -> None:
        if revision is not None and target.revision != revision:
            msg = f"{self.document.__name__} has revision {target.revision}, not {revision}"
            raise changed_error(msg)

    def _moved(self, target: CoreDocument, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a state, or None
        """Return the state that a change moves to, if it does and may."""
        machine = self.transitions
        if machine is None or machine.field not in values:
            return None
        before, after = getattr(target, machine.field), values[machine.field]
        if before == after:
            return None
        machine.check(before, after)
        return after

    async def _find(self, identity: Any, session: AsyncClientSession | None) -> D:  # noqa: ANN401
        found = await self.document.find_one({"_id": self._identity(identity)}, session=session)
        if found is None:
            msg = f"no such {self.document.__name__}"
            raise NotFoundError(msg)
        return cast("D", found)

    def _identity(self, identity: Any) -> Any:  # noqa: ANN401 - an id of any type, or its text
        kind: Any = self.document.model_fields["id"].annotation
        try:
            found = TypeAdapter(kind).validate_python(identity)
        except (ValidationError, ValueError):
            found = None
        if found is None:
            msg = f"no such {self.document.__name__}"
            raise NotFoundError(msg)
        return found

    async def _tell(self, action: str, document: CoreDocument, session: AsyncClientSession | None, **more: Any) -> None:  # noqa: ANN401
        await self._emit(f"{self.name}:{action}", document, session, **more)

    async def _emit(self, topic: str, document: CoreDocument, session: AsyncClientSession | None, **more: Any) -> None:  # noqa: ANN401
        payload = {"id": str(document.id), "revision": document.revision, **more}
        if session is None:
            await self.bus.emit(topic, payload)
        else:
            await self.bus.emit(topic, payload, session=session)


def _argument(cls: type) -> type[CoreDocument] | None:
    for base in getattr(cls, "__orig_bases__", ()):
        for argument in get_args(base):
            if isinstance(argument, type) and issubclass(argument, CoreDocument):
                return argument
    return None
