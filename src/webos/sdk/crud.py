"""`CrudService`: a service that makes, reads, changes, deletes, restores and lists the documents of one model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession

from webos.data.conflicts import changed_error
from webos.data.crud.changing import assign_input, demand_links, new_document, storable, write_changes
from webos.data.crud.filters import compile_filters, filter_model, parse_filters
from webos.data.crud.paging import Pager, default_sort
from webos.data.crud.reading import Reader
from webos.data.crud.schemas import create_schema_of, declared_schema, read_schema_of, update_schema_of
from webos.data.crud.states import StateMachine
from webos.data.document import CoreDocument
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.table import TableService
from webos.data.table.editing import find_document, validation_messages
from webos.kernel.context import current_user, demand
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError
from webos.kernel.loader import ModuleSet
from webos.sdk.service import BaseService

__all__ = ["CrudService", "ListPage"]

D = TypeVar("D", bound=CoreDocument)

_ATTEMPTS = 5
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list.

    Attributes:
        items: The documents, in the form of the `Read` schema.
        next: Cursor of the next page; None after the last one.
    """

    items: list[Any]
    next: str | None


class CrudService(BaseService, Generic[D]):
    """A service for the documents of one model: `class OrderService(CrudService[Order])`.

    Reading needs the permission `<module>.read`, writing `<module>.write`, where the manifest declares them; deleting
    needs `<module>.delete` and restoring `<module>.restore` instead, where it declares those. Each change tells the
    bus: `order:created`, `order:updated`, `order:deleted`, `order:restored`, with the `id`, the `revision` and the
    names of changed `fields`; in a transaction the event belongs to it.

    Attributes:
        document: The document class, from the type in brackets.
        read_schema: What is read of a document: the class attribute, else `OrderRead` in the module's `schemas.py` or
            `models.py`, else one made from the document, without its secrets.
        create_schema: What one is made from; the same with `OrderCreate`.
        update_schema: What of it can be changed; the same with `OrderUpdate`.
        transitions: Its states and their moves; those of the document class where None.
        name: How the model is called in topics.
    """

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

    async def create(self, data: BaseModel | Mapping[str, Any], *, session: AsyncClientSession | None = None) -> D:
        """Store a new document and return it.

        Args:
            data: A `create_schema`, or what one is made from.
            session: For a transaction.

        Raises:
            PermissionDeniedError: The acting user may not write.
            InvalidInputError: A value does not fit, or a linked document does not exist; `fields` names it.
            ConflictError: A value that must be unique is taken; `fields` names it.
        """
        self._demand("write")
        values = _validated(self.create_schema, data).model_dump(exclude_unset=True)
        made = new_document(self.document, values)
        if self.transitions is not None:
            self.transitions.check_new(made)
        await demand_links(made, values, self._models)
        async with storable(made):
            await made.insert(session=session)
        # As the database keeps it: times in whole milliseconds, secrets sealed.
        stored = await self._find(made.id, session)
        await self._tell("created", stored, session)
        return stored

    async def get(self, identity: Any) -> D:  # noqa: ANN401 - an id of any type, or its text
        """Return a document.

        Raises:
            PermissionDeniedError: The acting user may not read.
            NotFoundError: There is none, at least for him.
        """
        self._demand("read")
        return cast("D", await find_document(self.document, identity))

    async def update(
        self,
        identity: Any,  # noqa: ANN401 - an id of any type, or its text
        data: BaseModel | Mapping[str, Any],
        revision: int | None = None,
        *,
        session: AsyncClientSession | None = None,
    ) -> D:
        """Change what is given of a document, leave the rest, and return it.

        Args:
            identity: Its id.
            data: An `update_schema`, or what one is made from; what is not set in it stays.
            revision: The revision that the change is based on. Where None, others may have changed it meanwhile.
            session: For a transaction.

        Raises:
            PermissionDeniedError: The acting user may not write.
            NotFoundError: There is none, at least for him.
            InvalidInputError: A value does not fit; `fields` names it.
            ConflictError: It has another revision, a value is taken, or its state does not allow the move.
        """
        self._demand("write")
        values = _validated(self.update_schema, data).model_dump(exclude_unset=True)
        for attempt in range(_ATTEMPTS):
            target = await self._find(identity, session)
            self._demand_revision(target, revision)
            moved = self._moved(target, values)
            assign_input(target, values)
            await demand_links(target, values, self._models)
            try:
                # Not `save`: that would merge what others have changed since, which a revision is to rule out.
                async with storable(target):
                    changed = await write_changes(target, session)
            except ConflictError as error:
                if error.fields or revision is not None or attempt == _ATTEMPTS - 1:
                    raise
                continue
            if changed:
                await self._tell("updated", target, session, fields=changed)
            if moved is not None and self.transitions is not None:
                await self._emit(self.transitions.topic(self.name, moved), target, session)
            return target
        raise changed_error(str(identity))

    async def delete(
        self,
        identity: Any,  # noqa: ANN401 - an id of any type, or its text
        revision: int | None = None,
        *,
        session: AsyncClientSession | None = None,
    ) -> None:
        """Mark a document as deleted.

        Args:
            identity: Its id.
            revision: The revision it must have; any where None.
            session: For a transaction.

        Raises:
            PermissionDeniedError: The acting user may not.
            NotFoundError: There is none, at least for him.
            ConflictError: It has another revision.
        """
        self._demand("delete")
        target = await self._find(identity, session)
        self._demand_revision(target, revision)
        await target.delete(session=session, ignore_revision=revision is None)
        await self._tell("deleted", target, session)

    async def restore(self, identity: Any, *, session: AsyncClientSession | None = None) -> D:  # noqa: ANN401
        """Take a deletion back and return the document.

        Raises:
            PermissionDeniedError: The acting user may not.
            NotFoundError: There is no such deleted document, at least for him.
            ConflictError: A value that must be unique is taken meanwhile.
        """
        self._demand("restore")
        found = await self.document.find_deleted({"_id": self._identity(identity)}, session=session)
        if not found:
            msg = f"no such deleted {self.document.__name__}"
            raise NotFoundError(msg)
        restored = await found[0].restore(session=session)
        await self._tell("restored", restored, session)
        return cast("D", restored)

    async def list(
        self,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - as people call it
        *,
        sort: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> ListPage:
        """Return a page of what matches, in the form of the `Read` schema.

        Pages follow each other without gap or repetition, also while others store and delete.

        Args:
            filter: Values by name and operator: `{"status": "draft", "quantity__gte": 3}`.
            sort: A field, or `id`, with a minus before it for the other direction; the model's own order where None.
            cursor: `next` of the page before.
            limit: Most items, up to 200.

        Raises:
            PermissionDeniedError: The acting user may not read.
            InvalidInputError: There is no such filter or sort, or a value does not fit; `fields` names it.
        """
        info = self._demand("read")
        values = parse_filters(self.filter_schema, filter or {})
        collection: Any = self.document.get_pymongo_collection()
        reader = Reader(self.document, self.read_schema)
        page = await Pager(info, collection, self.services.get(TableService)).page(
            compile_filters(self.document, values),
            sort=sort or default_sort(info),
            cursor=cursor,
            limit=limit,
            fields=reader.projection,
        )
        return ListPage([reader.row(row) for row in page.rows], page.cursor)

    async def move(self, document: D, state: Any, *, session: AsyncClientSession | None = None) -> D:  # noqa: ANN401
        """Bring a document to another state, store it and tell the bus: `order:approved`. Of several at once one wins.

        Permissions are the caller's concern: who may approve is not who may write.

        Args:
            document: The document; what else was changed of it is stored as well.
            state: The new state.
            session: For a transaction.

        Raises:
            ConflictError: The move is not allowed, or others changed the same fields.
            NotFoundError: It does not exist any more.
        """
        if self.transitions is None:
            msg = f"{type(self).__name__} has no transitions"
            raise TypeError(msg)
        async with storable(document):
            await self.transitions.move(document, state, session=session)
        await self._emit(self.transitions.topic(self.name, state), document, session)
        return document

    def read(self, document: CoreDocument) -> Any:  # noqa: ANN401 - the read schema
        """Return a document in the form of the `Read` schema."""
        return Reader(self.document, self.read_schema).document(document)

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


def _validated(schema: type[BaseModel], data: BaseModel | Mapping[str, Any]) -> BaseModel:
    if isinstance(data, schema):
        return data
    values = data.model_dump(exclude_unset=True) if isinstance(data, BaseModel) else dict(data)
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise InvalidInputError(fields=validation_messages(error)) from None
