"""`self.data(...)`: reads of another module's documents, as far as they are granted and the acting user may."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from pydantic import BaseModel, ValidationError
from pymongo import ASCENDING, DESCENDING

from webos.data.grants.registry import Grant
from webos.data.grants.shape import Shape
from webos.data.guard import GuardedDatabase
from webos.data.guard.cursor import GuardedCursor, Reader, current_reader, demand_reader
from webos.data.guard.grant_scope import granted_read
from webos.data.model_registry import ModelInfo
from webos.data.scope import in_system_context
from webos.kernel.context import current_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.asynchronous.client_session import AsyncClientSession

__all__ = ["DataReader", "DataRows"]

T = TypeVar("T")
Filter = Mapping[str, Any]
Sort = str | Sequence[str]
_LOGICAL = frozenset({"$and", "$or", "$nor"})
_BATCH = 500


class DataRows(Generic[T]):
    """The answer to one question, read in batches; each as whoever acts then, who must be the same one.

    Args:
        scope: Opens the granted read.
        open_cursor: Asks the question.
        make: Turns a row into what is given.
    """

    def __init__(
        self,
        scope: Callable[[], AbstractContextManager[Any]],
        open_cursor: Callable[[], Awaitable[GuardedCursor]],
        make: Callable[[dict[str, Any]], T],
    ) -> None:
        self._scope = scope
        self._open = open_cursor
        self._make = make
        self._cursor: GuardedCursor | None = None
        self._reader: Reader | None = None
        self._rows: deque[dict[str, Any]] = deque()

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        self._demand_same_reader()
        if not self._rows:
            self._rows.extend(await self._read(_BATCH))
        if not self._rows:
            raise StopAsyncIteration
        return self._make(self._rows.popleft())

    async def to_list(self, length: int | None = None) -> list[T]:
        """Return what is left.

        Args:
            length: How many at most; all where None.
        """
        self._demand_same_reader()
        while length is None or len(self._rows) < length:
            read = await self._read(_BATCH if length is None else min(_BATCH, length - len(self._rows)))
            if not read:
                break
            self._rows.extend(read)
        count = len(self._rows) if length is None else min(length, len(self._rows))
        return [self._make(self._rows.popleft()) for _ in range(count)]

    async def close(self) -> None:
        """Free what the server keeps for it."""
        if self._cursor is not None:
            await self._cursor.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    def _demand_same_reader(self) -> None:
        """Refuse to hand what was read for one user to another."""
        if self._reader is None:
            self._reader = current_reader()
        demand_reader(self._reader)

    async def _read(self, count: int) -> list[dict[str, Any]]:
        # Nothing of the caller runs inside the scope.
        with self._scope():
            if self._cursor is None:
                self._cursor = await self._open()
            return await self._cursor.to_list(count)


class DataReader:
    """Reads the granted fields of a model. Nothing can be changed through it, and what it gives is no document.

    Rows are plain, frozen objects with the granted fields and `id`; a link is the id of what it leads to. Filters and
    sorts name granted fields only.

    Args:
        grant: What is granted, and to whom.
        info: The model.
        shape: What rows become.
        database: The guarded database.
    """

    def __init__(self, grant: Grant, info: ModelInfo, shape: Shape, database: GuardedDatabase) -> None:
        self._grant = grant
        self._info = info
        self._shape = shape
        self._database = database
        self._fields = frozenset(shape.stored.values())

    @property
    def model(self) -> type[BaseModel]:
        """The class of the rows."""
        return self._shape.model

    def find(
        self,
        filter: Filter | None = None,  # noqa: A002 - as the driver and Beanie call it
        *,
        sort: Sort = (),
        limit: int = 0,
        skip: int = 0,
        session: "AsyncClientSession | None" = None,
    ) -> DataRows[Any]:
        """Return the rows that match, to be iterated over or taken by `to_list()`.

        Args:
            filter: A filter of the database; the empty one matches all.
            sort: Fields to sort by, `-field` from the greatest to the smallest.
            limit: How many at most; all where 0.
            skip: How many to pass over.
            session: For a transaction.
        """
        query, order = self._stored(filter or {}), self._order(sort)
        options: dict[str, Any] = {"limit": limit, "skip": skip, "session": session}
        if order:
            options["sort"] = order

        async def open_cursor() -> GuardedCursor:
            return self._database[self._info.collection].find(query, dict.fromkeys(self._fields, 1), **options)

        return DataRows(self._scope, open_cursor, self._shape.make)

    def find_all(self, *, sort: Sort = (), limit: int = 0, skip: int = 0) -> DataRows[Any]:
        """Return all rows, as `find` does."""
        return self.find(sort=sort, limit=limit, skip=skip)

    async def find_one(
        self,
        filter: Filter | None = None,  # noqa: A002 - as the driver and Beanie call it
        *,
        sort: Sort = (),
        session: "AsyncClientSession | None" = None,
    ) -> Any:  # noqa: ANN401 - a row, or None
        """Return the first row that matches, or None."""
        rows = await self.find(filter, sort=sort, limit=1, session=session).to_list()
        return rows[0] if rows else None

    async def get(self, identity: Any, *, session: "AsyncClientSession | None" = None) -> Any:  # noqa: ANN401 - an id; a row, or None
        """Return the row with an id, or None; what cannot be an id is none."""
        try:
            wanted = self._shape.identity.validate_python(identity)
        except ValidationError:
            return None
        return await self.find_one({"_id": wanted}, session=session)

    async def count(self, filter: Filter | None = None) -> int:  # noqa: A002 - as the driver and Beanie call it
        """Return how many rows match."""
        with self._scope():
            return await self._database[self._info.collection].count_documents(self._stored(filter or {}))

    async def distinct(self, field: str, filter: Filter | None = None) -> list[Any]:  # noqa: A002 - as above
        """Return the different values of a field."""
        with self._scope():
            collection = self._database[self._info.collection]
            return await collection.distinct(self._stored_path(field), self._stored(filter or {}))

    def aggregate(self, pipeline: Sequence[dict[str, Any]]) -> DataRows[dict[str, Any]]:
        """Return what a pipeline of the database makes of the granted fields, as plain dictionaries.

        Args:
            pipeline: The stages; they name fields as they are stored. None may read another collection.
        """

        async def open_cursor() -> GuardedCursor:
            return await self._database[self._info.collection].aggregate(pipeline)

        return DataRows(self._scope, open_cursor, lambda row: row)

    @contextmanager
    def _scope(self) -> "Iterator[None]":
        if not in_system_context():
            self._info.demand_read(current_user())
        grant = self._grant
        with granted_read(grant.consumer, grant.model, self._info.collection, self._fields, grant.fields):
            yield

    def _stored(self, query: Filter) -> dict[str, Any]:
        """Return a filter with the fields under the names they are stored by."""
        stored: dict[str, Any] = {}
        for key, value in query.items():
            if key in _LOGICAL and isinstance(value, (list, tuple)):
                stored[key] = [self._stored(part) if isinstance(part, Mapping) else part for part in value]
            else:
                stored[self._stored_path(key)] = value
        return stored

    def _stored_path(self, path: str) -> str:
        root, dot, rest = str.__str__(path).partition(".")
        return f"{self._shape.stored.get(root, root)}{dot}{rest}"

    def _order(self, sort: Sort) -> list[tuple[str, int]]:
        fields = [sort] if isinstance(sort, str) else sort
        return [
            (self._stored_path(name.removeprefix("-")), DESCENDING if name.startswith("-") else ASCENDING)
            for name in fields
        ]
