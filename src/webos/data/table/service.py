"""The table service: what a grid asks for, answered under the rights of whoever asks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from loguru import logger
from pydantic import TypeAdapter, ValidationError
from pymongo.errors import PyMongoError

from webos.data.changes import ChangeHub
from webos.data.document import CoreDocument
from webos.data.guard import GuardedCollection, GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.scope import system_context
from webos.data.table.columns import Column, label_field, stored_name
from webos.data.table.editing import change_document, create_document, find_document
from webos.data.table.labels import LabelReader, label_text
from webos.data.table.query import TableQuery, compile_search
from webos.data.table.rows import Row, projection, render_rows
from webos.data.table.shown import shown_columns
from webos.data.table.view import View
from webos.data.table.views import ViewOpener
from webos.kernel.context import User, current_user
from webos.kernel.errors import InvalidInputError, NotFoundError, WebOSError
from webos.kernel.reason import describe_error

__all__ = ["Block", "TableService"]

MAX_BLOCK = 1000
_WARM_FROM = 5000


@dataclass(frozen=True, slots=True)
class Block:
    """Some consecutive rows of a table.

    Attributes:
        rows: The rows.
        handle: Names the snapshot they come from; asking with it again gives the same order.
        total: Number of all rows, or None while it is still being counted.
    """

    rows: list[Row]
    handle: str
    total: int | None


class TableService:
    """Reads and changes documents as tables do. Every method acts as the current user.

    Args:
        models: The document classes.
        database: The guarded database.
        changes: Tells what changes.
    """

    def __init__(self, models: ModelRegistry, database: GuardedDatabase, changes: ChangeHub) -> None:
        self._models = models
        self._database = database
        self._labels = LabelReader(models, changes)
        self._views = ViewOpener(models, database, changes)
        self._id_types: dict[str, TypeAdapter[Any]] = {}
        self._shown: dict[str, set[str | None]] = {}

    async def close(self) -> None:
        """Stop all that runs in the background."""
        await self._views.close()

    async def warm(self) -> None:
        """Prepare the first view of every big table, so that the first to open it does not wait."""
        for info in list(self._models):
            try:
                with system_context():
                    size = await self._collection(info).estimated_size()
                if not info.policy.rules and size >= _WARM_FROM:
                    await (await self._views.open(info, TableQuery({}))).total()
            except (WebOSError, PyMongoError) as error:
                logger.warning("the table of {} could not be prepared: {}", info.name, describe_error(error))

    def show(self, info: ModelInfo, permission: str | None = None) -> None:
        """Open a model whose module declares no permission to whoever may see a page that shows it.

        Args:
            info: The model.
            permission: What seeing the page needs; nothing but to be signed in where None.
        """
        self._shown.setdefault(info.name, set()).add(permission)

    def info(self, model: str) -> ModelInfo:
        """Return the model's entry, if the acting user may read it.

        A model whose module declares no permission for reading is closed until a page shows it, and then open to those
        who may see that page, or another one that shows it.

        Raises:
            NotFoundError: There is no such model, or it is closed.
            PermissionDeniedError: He may not read it.
        """
        info = self._models[model]
        user = current_user()
        info.demand_read(user)
        if info.read_permission is None:
            self._demand_shown(info, user)
        return info

    async def block(self, model: str, query: TableQuery, start: int, end: int, handle: str = "") -> Block:
        """Return the rows from `start` up to, not including, `end`.

        Args:
            model: `module.Class`.
            query: Which rows in which order.
            start: First row, from 0.
            end: Row after the last one; at most 1,000 rows are given.
            handle: Of an earlier block with the same query, to go on in the same order.

        Raises:
            InvalidInputError: The query asks for what the model does not have.
        """
        if not 0 <= start <= end:
            raise InvalidInputError(fields={"start": "The range is not valid."})
        info = self.info(model)
        view = await self._views.open(info, query, handle)
        columns = shown_columns(info.document)
        documents = await self._documents(info, view, columns, start, min(end, start + MAX_BLOCK))
        rows = await render_rows(columns, documents, self._labels)
        return Block(rows, view.handle, view.known_total)

    async def view(self, info: ModelInfo, query: TableQuery, handle: str = "") -> View:
        """Return the ids of what a query asks for, in order; the caller has checked that the acting user may read it.

        Args:
            info: The model.
            query: Which rows in which order.
            handle: Of an earlier view of the same query, to see the same again.

        Raises:
            InvalidInputError: The query asks for what the model does not have.
        """
        return await self._views.open(info, query, handle)

    async def total(self, model: str, query: TableQuery, handle: str = "") -> tuple[str, int]:
        """Return the handle and the number of rows; waits until they are counted."""
        view = await self._views.open(self.info(model), query, handle)
        return view.handle, await view.total()

    async def position(self, model: str, query: TableQuery, identity: str, handle: str = "") -> int | None:
        """Return at which row a document stands; None where it does not, or not any more."""
        info = self.info(model)
        wanted = self.ids(info, [identity])
        view = await self._views.open(info, query, handle)
        return await view.find(wanted[0]) if wanted else None

    async def rows(self, model: str, identities: Sequence[str]) -> list[Row]:
        """Return single rows by their ids; those that do not exist for the acting user are left out."""
        info = self.info(model)
        columns = shown_columns(info.document)
        wanted = self.ids(info, identities[:MAX_BLOCK])
        found = await self._collection(info).find({"_id": {"$in": wanted}}, projection(columns)).to_list()
        return await render_rows(columns, found, self._labels)

    async def change(
        self, model: str, identity: str, changes: Mapping[str, Any], *, revision: int | None, was: Mapping[str, Any]
    ) -> Row:
        """Change fields of one document and return its row.

        Raises:
            PermissionDeniedError: The acting user may not write.
            InvalidInputError: A value does not fit.
            ConflictError: Somebody else changed the same field meanwhile.
        """
        info = self.info(model)
        info.demand_write(current_user())
        await change_document(info.document, identity, changes, revision=revision, was=was)
        return await self._row(info, identity)

    async def create(self, model: str, values: Mapping[str, Any]) -> Row:
        """Store a new document and return its row.

        Raises:
            PermissionDeniedError: The acting user may not write.
            InvalidInputError: A value does not fit.
            ConflictError: A value that must be unique is taken.
        """
        info = self.info(model)
        made = await self.store(info, values)
        return await self._row(info, str(made.id))

    async def store(self, info: ModelInfo, values: Mapping[str, Any]) -> CoreDocument:
        """Store a new document of a model that a form shows.

        Raises:
            PermissionDeniedError: The acting user may not write.
            InvalidInputError: A value does not fit.
            ConflictError: A value that must be unique is taken.
        """
        info.demand_write(current_user())
        return await create_document(info.document, values)

    async def delete(self, model: str, identity: str) -> None:
        """Mark a document as deleted.

        Raises:
            PermissionDeniedError: The acting user may not write.
            NotFoundError: There is none.
        """
        info = self.info(model)
        info.demand_write(current_user())
        await (await find_document(info.document, identity)).delete()

    async def options(self, model: str, words: str, limit: int = 20) -> list[tuple[str, str]]:
        """Return ids and labels of documents whose label has `words`, for a picker."""
        return await self.labels(self.info(model), words, limit)

    async def labels(self, info: ModelInfo, words: str, limit: int = 20) -> list[tuple[str, str]]:
        """Return what `options` does, for a model that a form links to.

        Raises:
            PermissionDeniedError: The acting user may not read the model.
        """
        info.demand_read(current_user())
        columns = {column.field: column for column in shown_columns(info.document)}
        name = label_field(info.document)
        query = compile_search({name: columns[name]} if name in columns else columns, words)
        stored = stored_name(info.document, name) if name is not None else "_id"
        cursor = self._collection(info).find(query, {stored: 1}, limit=limit)
        return [(str(row["_id"]), label_text(row.get(stored))) async for row in cursor]

    def writable(self, model: str, *, ordered: bool = False) -> ModelInfo:
        """Return the model's entry, if the acting user may write it.

        A model whose module declares no permission is closed to him until a page shows it, except to superusers.

        Args:
            model: `module.Class`.
            ordered: Whether that was asked before, maybe in another process, and is not asked again.

        Raises:
            NotFoundError: There is no such model, or it is closed.
            PermissionDeniedError: He may not.
        """
        info, user = self._models[model], current_user()
        info.demand_write(user)
        declared = info.read_permission or info.write_permission
        if declared is None and not ordered and not user.is_superuser:
            self._demand_shown(info, user)
        return info

    def _demand_shown(self, info: ModelInfo, user: User) -> None:
        """Raise unless there is a page with the model that a user may see."""
        pages = self._shown.get(info.name, ())
        if not any(needed is None or user.has_permission(needed) for needed in pages):
            msg = f"there is no table of {info.name!r} for {user.username}"
            raise NotFoundError(msg)

    def columns(self, info: ModelInfo) -> tuple[Column, ...]:
        """Return the columns that the acting user sees."""
        return shown_columns(info.document)

    async def render(self, info: ModelInfo, documents: Sequence[Row]) -> list[Row]:
        """Return stored documents as rows, with what the acting user sees of them."""
        return await render_rows(shown_columns(info.document), documents, self._labels)

    async def _row(self, info: ModelInfo, identity: str) -> Row:
        rows = await self.rows(info.name, [identity])
        if not rows:
            msg = f"no such {info.document.__name__}"
            raise NotFoundError(msg)
        return rows[0]

    async def _documents(
        self, info: ModelInfo, view: View, columns: Sequence[Column], start: int, end: int
    ) -> list[Row]:
        """Read a block; rows that were deleted since are taken out and others move up."""
        while True:
            identities = await view.block(start, end)
            if not identities:
                return []
            cursor = self._collection(info).find({"_id": {"$in": identities}}, projection(columns))
            found = {row["_id"]: row for row in await cursor.to_list()}
            gone = set(identities) - found.keys()
            if not gone:
                return [found[identity] for identity in identities]
            view.snapshot.remove(gone)

    def _collection(self, info: ModelInfo) -> GuardedCollection:
        return self._database[info.collection]

    def ids(self, info: ModelInfo, identities: Sequence[str]) -> list[Any]:
        """Return ids of the model's type; what cannot be one is left out."""
        kind = self._id_types.get(info.name)
        if kind is None:
            annotation: Any = info.document.model_fields["id"].annotation
            kind = self._id_types[info.name] = TypeAdapter(annotation)
        found: list[Any] = []
        for identity in identities:
            with suppress(ValidationError):
                found.append(kind.validate_python(identity))
        return found
