"""A collection as a migration sees it: the driver's methods, in the migration's transaction, with stamps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.results import BulkWriteResult, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from webos.data.migrations.errors import MigrationError
from webos.data.migrations.stamps import Update, stamped_insert, stamped_replacement, stamped_update

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.command_cursor import AsyncCommandCursor
    from pymongo.asynchronous.cursor import AsyncCursor

    from webos.data.migrations.run import MigrationRun

__all__ = ["MigrationCollection"]

Row = dict[str, Any]
Filter = Mapping[str, Any]
Projection = Mapping[str, Any] | Sequence[str] | None
Operation = InsertOne[Row] | UpdateOne | UpdateMany | ReplaceOne[Row] | DeleteOne | DeleteMany

_WRITING_STAGES = {"$out", "$merge"}


class MigrationCollection:
    """The documents of one model, all of them: deleted ones and those of all owners too.

    Each document that is changed gets a new revision, and the system as its author. Names and arguments are the
    driver's.

    Args:
        raw: The driver's collection.
        run: The run that it belongs to.
        writable: Whether it is the module's own.

    Attributes:
        name: Name of the collection.
    """

    def __init__(self, raw: "AsyncCollection[Row]", run: "MigrationRun", *, writable: bool) -> None:
        self.name = raw.name
        self._raw = raw
        self._run = run
        self._writable = writable

    def find(
        self,
        filter: Filter | None = None,  # noqa: A002 - as the driver
        projection: Projection = None,
        **options: Any,  # noqa: ANN401 - as the driver
    ) -> "AsyncCursor[Row]":
        """Find documents."""
        return self._raw.find(filter, projection, session=self._run.session, **options)

    async def find_one(
        self,
        filter: Filter | None = None,  # noqa: A002 - as the driver
        projection: Projection = None,
        **options: Any,  # noqa: ANN401
    ) -> Row | None:
        """Return one document, or None."""
        return await self._raw.find_one(filter, projection, session=self._run.session, **options)

    async def count_documents(self, filter: Filter, **options: Any) -> int:  # noqa: A002, ANN401
        """Count the documents that match."""
        return await self._raw.count_documents(filter, session=self._run.session, **options)

    async def distinct(self, key: str, filter: Filter | None = None) -> list[Any]:  # noqa: A002
        """Return the different values of `key`."""
        return await self._raw.distinct(key, filter, session=self._run.session)

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> "AsyncCommandCursor[Row]":
        """Run a pipeline that only reads.

        Raises:
            MigrationError: It writes.
        """
        if any(stage.keys() & _WRITING_STAGES for stage in pipeline):
            msg = "a pipeline of a migration only reads; write with update_many or bulk_write"
            raise MigrationError(msg)
        return await self._raw.aggregate(pipeline, session=self._run.session)

    async def update_one(
        self,
        filter: Filter,  # noqa: A002 - as the driver
        update: Update,
        *,
        upsert: bool = False,
        array_filters: Sequence[Mapping[str, Any]] | None = None,
    ) -> UpdateResult:
        """Change the first document that matches."""
        if await self._counts_only():
            return await self._counted(filter, limit=1)
        stamped = stamped_update(update, upsert=upsert)
        return self._noted(
            await self._raw.update_one(
                filter, stamped, upsert=upsert, array_filters=array_filters, session=self._run.session
            )
        )

    async def update_many(
        self,
        filter: Filter,  # noqa: A002 - as the driver
        update: Update,
        *,
        upsert: bool = False,
        array_filters: Sequence[Mapping[str, Any]] | None = None,
    ) -> UpdateResult:
        """Change all documents that match."""
        if await self._counts_only():
            return await self._counted(filter)
        stamped = stamped_update(update, upsert=upsert)
        return self._noted(
            await self._raw.update_many(
                filter, stamped, upsert=upsert, array_filters=array_filters, session=self._run.session
            )
        )

    async def replace_one(self, filter: Filter, replacement: Mapping[str, Any]) -> UpdateResult:  # noqa: A002
        """Replace the first document that matches; its revision follows the one that `replacement` holds."""
        if await self._counts_only():
            return await self._counted(filter, limit=1)
        stamped = stamped_replacement(replacement)
        return self._noted(await self._raw.replace_one(filter, stamped, session=self._run.session))

    async def insert_one(self, document: Mapping[str, Any]) -> InsertOneResult:
        """Store a new document."""
        counts_only = await self._counts_only()
        self._run.changed(self.name, 1)
        if counts_only:
            return InsertOneResult(document.get("_id"), acknowledged=True)
        return await self._raw.insert_one(stamped_insert(document), session=self._run.session)

    async def insert_many(self, documents: Iterable[Mapping[str, Any]]) -> InsertManyResult:
        """Store new documents."""
        counts_only = await self._counts_only()
        rows = [stamped_insert(document) for document in documents]
        self._run.changed(self.name, len(rows))
        if counts_only:
            return InsertManyResult([row.get("_id") for row in rows], acknowledged=True)
        return await self._raw.insert_many(rows, session=self._run.session)

    async def delete_one(self, filter: Filter) -> DeleteResult:  # noqa: A002
        """Remove the first document that matches, for good."""
        if await self._counts_only():
            return DeleteResult({"n": (await self._counted(filter, limit=1)).matched_count}, acknowledged=True)
        return self._noted_delete(await self._raw.delete_one(filter, session=self._run.session))

    async def delete_many(self, filter: Filter) -> DeleteResult:  # noqa: A002
        """Remove all documents that match, for good."""
        if await self._counts_only():
            return DeleteResult({"n": (await self._counted(filter)).matched_count}, acknowledged=True)
        return self._noted_delete(await self._raw.delete_many(filter, session=self._run.session))

    async def bulk_write(self, operations: Sequence[Operation], *, ordered: bool = True) -> BulkWriteResult:
        """Run several writes: the driver's `UpdateOne`, `InsertOne` and so on."""
        counts_only = await self._counts_only()
        if counts_only:
            self._run.changed(self.name, len(operations))
            nothing = dict.fromkeys(("nInserted", "nMatched", "nModified", "nRemoved", "nUpserted"), 0)
            return BulkWriteResult({**nothing, "upserted": []}, acknowledged=True)
        stamped = [_stamped(operation) for operation in operations]
        result = await self._raw.bulk_write(stamped, ordered=ordered, session=self._run.session)
        counts = result.inserted_count + result.modified_count + result.deleted_count + result.upserted_count
        self._run.changed(self.name, counts)
        return result

    async def _counts_only(self) -> bool:
        if not self._writable:
            msg = f"{self.name} belongs to another module; a migration only reads it"
            raise MigrationError(msg)
        await self._run.allow_write()
        return self._run.counts_only

    async def _counted(self, filter: Filter, **options: int) -> UpdateResult:  # noqa: A002
        count = await self._raw.count_documents(filter, session=self._run.session, **options)
        self._run.changed(self.name, count)
        return UpdateResult({"n": count, "nModified": count}, acknowledged=True)

    def _noted(self, result: UpdateResult) -> UpdateResult:
        self._run.changed(self.name, result.modified_count + (result.upserted_id is not None))
        return result

    def _noted_delete(self, result: DeleteResult) -> DeleteResult:
        self._run.changed(self.name, result.deleted_count)
        return result


def _stamped(operation: Operation) -> Operation:
    """Return a write with the stamps that the methods of the collection give."""
    # The driver keeps what it was given in private attributes and has no other way to ask.
    match operation:
        case InsertOne():
            return InsertOne(stamped_insert(operation._doc))  # noqa: SLF001
        case ReplaceOne():
            return ReplaceOne(operation._filter, stamped_replacement(operation._doc), operation._upsert or False)  # noqa: SLF001
        case UpdateOne():
            return UpdateOne(**_update_arguments(operation))
        case UpdateMany():
            return UpdateMany(**_update_arguments(operation))
        case DeleteOne() | DeleteMany():
            return operation
    msg = f"{type(operation).__name__} is no write that a migration can do"
    raise MigrationError(msg)


def _update_arguments(operation: UpdateOne | UpdateMany) -> Row:
    upsert = bool(operation._upsert)  # noqa: SLF001
    return {
        "filter": operation._filter,  # noqa: SLF001
        "update": stamped_update(operation._doc, upsert=upsert),  # noqa: SLF001
        "upsert": upsert,
        "array_filters": operation._array_filters,  # noqa: SLF001
    }
