"""The table service: what a grid asks for, answered under the rights of whoever asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from bson import ObjectId
from bson.errors import InvalidId
from pymongo import ASCENDING

from webos.data.changes import Change, ChangeHub
from webos.data.document import CoreDocument
from webos.data.guard import GuardedCollection, GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.scope import system_context
from webos.data.table.columns import Column, columns_of, label_field
from webos.data.table.editing import apply_changes, create_document, find_document
from webos.data.table.id_source import read_ids
from webos.data.table.labels import LabelReader
from webos.data.table.query import LinkLookup, TableQuery, compile_filter, compile_search, compile_sort
from webos.data.table.rows import Row, projection, render_rows
from webos.data.table.snapshot import IdSnapshot
from webos.data.table.snapshots import SnapshotStore
from webos.data.table.view import PLAIN, canonical, default_order, is_newest_first, moves
from webos.kernel.context import current_user
from webos.kernel.errors import InvalidInputError, NotFoundError

__all__ = ["Block", "TableService"]

MAX_BLOCK = 1000
_MAX_LINKED = 5000
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
        self._changes = changes
        self._labels = LabelReader(models, changes)
        self._snapshots = SnapshotStore()
        self._watched: set[str] = set()
        self._shown: set[str] = set()

    async def close(self) -> None:
        """Stop all that runs in the background."""
        await self._snapshots.close()

    async def warm(self) -> None:
        """Prepare the first view of every big table, so that the first to open it does not wait."""
        for info in self._models:
            with system_context():
                size = await self._collection(info).estimated_size()
            if not info.policy.owned and size >= _WARM_FROM:
                _, snapshot = await self._snapshot(info, TableQuery({}), "")
                await snapshot.total()

    def show(self, info: ModelInfo) -> None:
        """Open a model to everybody who is signed in, because a page shows it and its module declares no permission."""
        self._shown.add(info.name)

    def info(self, model: str) -> ModelInfo:
        """Return the model's entry, if the acting user may read it.

        A model whose module declares no permission for reading is closed until a page shows it.

        Raises:
            NotFoundError: There is no such model, or it is closed.
            PermissionDeniedError: He may not read it.
        """
        info = self._models[model]
        info.demand_read(current_user())
        if info.read_permission is None and info.name not in self._shown:
            msg = f"there is no table of {model!r}"
            raise NotFoundError(msg)
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
        handle, snapshot = await self._snapshot(info, query, handle)
        columns = columns_of(info.document)
        span = (start, min(end, start + MAX_BLOCK))
        documents = await self._documents(info, snapshot, columns, span, newest_first=is_newest_first(info, query))
        rows = await render_rows(columns, documents, self._labels)
        return Block(rows, handle, len(snapshot) if snapshot.complete else None)

    async def total(self, model: str, query: TableQuery, handle: str = "") -> tuple[str, int]:
        """Return the handle and the number of rows; waits until they are counted."""
        handle, snapshot = await self._snapshot(self.info(model), query, handle)
        return handle, await snapshot.total()

    async def rows(self, model: str, identities: Sequence[str]) -> list[Row]:
        """Return single rows by their ids; those that do not exist for the acting user are left out."""
        info = self.info(model)
        columns = columns_of(info.document)
        wanted = [_object_id(identity) for identity in identities[:MAX_BLOCK]]
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
        document = await find_document(info.document, identity)
        apply_changes(document, changes, revision=revision, was=was)
        await document.save()
        return (await self.rows(model, [identity]))[0]

    async def create(self, model: str, values: Mapping[str, Any]) -> Row:
        """Store a new document and return its row.

        Raises:
            PermissionDeniedError: The acting user may not write.
            InvalidInputError: A value does not fit.
            ConflictError: A value that must be unique is taken.
        """
        made = await self.store(self.info(model), values)
        return (await self.rows(model, [str(made.id)]))[0]

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
        name = label_field(info.document)
        columns = {column.field: column for column in columns_of(info.document)}
        query = compile_search({name: columns[name]} if name in columns else columns, words)
        cursor = self._collection(info).find(query, {name: 1} if name else {"_id": 1}, limit=limit)
        return [(str(row["_id"]), str(row.get(name or "_id", ""))) async for row in cursor]

    async def _documents(
        self,
        info: ModelInfo,
        snapshot: IdSnapshot,
        columns: Sequence[Column],
        span: tuple[int, int],
        *,
        newest_first: bool,
    ) -> list[Row]:
        """Read a block; rows that were deleted since are taken out and others move up."""
        while True:
            identities = await (snapshot.block_from_end(*span) if newest_first else snapshot.block(*span))
            if not identities:
                return []
            cursor = self._collection(info).find({"_id": {"$in": identities}}, projection(columns))
            found = {row["_id"]: row for row in await cursor.to_list()}
            gone = set(identities) - found.keys()
            if not gone:
                return [found[identity] for identity in identities]
            snapshot.remove(gone)

    async def _snapshot(self, info: ModelInfo, query: TableQuery, handle: str) -> tuple[str, IdSnapshot]:
        columns = {column.field: column for column in columns_of(info.document)}
        chosen, lookups = compile_filter(columns, query.filter)
        search = compile_search(columns, query.search)
        order = compile_sort(columns, query.sort) if query.sort else default_order(info, columns)
        if is_newest_first(info, query):
            # One snapshot serves both directions: new rows are added to its end either way.
            order = [("_id", ASCENDING)]
        key = (info.collection, self._scope(info), canonical([chosen, search, query.filter]), tuple(order))
        if handle and (kept := self._snapshots.find(handle, key)) is not None:
            return handle, kept
        conditions = [condition for condition in (chosen, search) if condition]
        conditions += [await self._resolve(lookup) for lookup in lookups]
        joined = conditions[0] if len(conditions) == 1 else {"$and": conditions} if conditions else {}
        self._watch(info)
        return self._snapshots.open(key, lambda: read_ids(self._collection(info), joined, order))

    async def _resolve(self, lookup: LinkLookup) -> dict[str, Any]:
        stored = lookup.column.stored
        if lookup.condition is None:
            return {stored: {"$ne": None} if lookup.negate else None}
        target = lookup.column.target
        name = label_field(target) if target is not None else None
        if target is None or name is None:
            raise InvalidInputError(fields={lookup.column.field: "This column cannot be filtered."})
        self._models.of(target).demand_read(current_user())
        cursor = target.get_pymongo_collection().find({name: lookup.condition}, {"_id": 1}, limit=_MAX_LINKED)
        found = [row["_id"] async for row in cursor]
        return {f"{stored}.$id": {"$nin" if lookup.negate else "$in": found}}

    def _collection(self, info: ModelInfo) -> GuardedCollection:
        return self._database[info.collection]

    def _scope(self, info: ModelInfo) -> str:
        """Say whose rows a snapshot holds, so that it is shared only among those who see the same."""
        user = current_user()
        return str(user.id) if info.policy.owned and not user.is_superuser else ""

    def _watch(self, info: ModelInfo) -> None:
        if info.collection not in self._watched:
            self._watched.add(info.collection)
            self._changes.listen(info.collection, self._changed)

    def _changed(self, change: Change) -> None:
        for key, snapshot in self._snapshots.of_collection(change.collection):
            if change.operation == "delete":
                snapshot.remove({change.document_id})
            elif change.operation == "insert" and key[2:] == PLAIN and not key[1]:
                snapshot.add_last(change.document_id)
            elif change.operation == "update":
                snapshot.stale = snapshot.stale or moves(key, change)
            else:
                snapshot.stale = True


def _object_id(identity: str) -> Any:  # noqa: ANN401 - the id type of the model
    try:
        return PydanticObjectId(identity)
    except (InvalidId, TypeError):
        return ObjectId(b"\0" * 12)
