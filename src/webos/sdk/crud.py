"""`CrudService`: a service that makes, reads, changes, deletes, restores and lists the documents of one model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession

from webos.data.conflicts import changed_error
from webos.data.crud.changing import assign_input, demand_links, new_document, storable, write_changes
from webos.data.crud.filters import compile_filters, parse_filters
from webos.data.crud.paging import Pager, default_sort
from webos.data.crud.reading import Reader
from webos.data.document import CoreDocument
from webos.data.table import TableService
from webos.data.table.editing import find_document, validation_messages
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError
from webos.sdk.crud_base import CrudBase

__all__ = ["CrudService", "ListPage"]

D = TypeVar("D", bound=CoreDocument)

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list.

    Attributes:
        items: The documents, in the form of the `Read` schema.
        next: Cursor of the next page; None after the last one.
    """

    items: list[Any]
    next: str | None


class CrudService(CrudBase[D], Generic[D]):
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


def _validated(schema: type[BaseModel], data: BaseModel | Mapping[str, Any]) -> BaseModel:
    if isinstance(data, schema):
        return data
    values = data.model_dump(exclude_unset=True) if isinstance(data, BaseModel) else dict(data)
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise InvalidInputError(fields=validation_messages(error)) from None
