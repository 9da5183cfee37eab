"""A collection behind the guard: the driver's methods, one by one, under the rules of the collection."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from pymongo import (
    DeleteMany,
    DeleteOne,
    IndexModel,
    InsertOne,
    ReplaceOne,
    UpdateMany,
    UpdateOne,
)
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.results import BulkWriteResult, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from webos.data.guard.cursor import GuardedCursor, Row
from webos.data.guard.indexes import guard_index
from webos.data.guard.insertion import insert_many, insert_one
from webos.data.guard.pipelines import guard_pipeline
from webos.data.guard.queries import merge_filter, restriction
from webos.data.guard.refusal import GuardRefusalError
from webos.data.guard.updates import Update, soft_deletion, stamp_insert, stamp_replacement, stamp_update
from webos.data.policy import PROTECTED_FIELDS, CollectionPolicy
from webos.data.scope import acting_user, in_system_context
from webos.kernel.errors import ConflictError

if TYPE_CHECKING:
    from pymongo.asynchronous.command_cursor import AsyncCommandCursor

    from webos.data.guard.database import GuardedDatabase

__all__ = ["GuardedCollection"]

Filter = Mapping[str, Any] | None
WriteOperation = InsertOne[Any] | UpdateOne | UpdateMany | ReplaceOne[Any] | DeleteOne | DeleteMany


class GuardedCollection:
    """The collection that Beanie works with.

    Methods that are not here are refused, so that a new one of the driver is closed until it was thought about.

    Args:
        raw: The driver's collection.
        policy: Rules of the collection.
        database: The guarded database it belongs to.
    """

    __slots__ = ("_policy", "_raw", "database")

    def __init__(self, raw: AsyncCollection[Row], policy: CollectionPolicy, database: "GuardedDatabase") -> None:
        self._raw = raw
        self._policy = policy
        self.database = database

    @property
    def name(self) -> str:
        """Name of the collection."""
        return self._policy.collection

    @property
    def policy(self) -> CollectionPolicy:
        """Rules of the collection."""
        return self._policy

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        msg = f"{self.name}.{name} is not open to modules"
        raise GuardRefusalError(msg)

    def _filter(self, query: Filter) -> dict[str, Any]:
        return merge_filter(query, restriction(self._policy))

    # Reading

    def find(self, filter: Filter = None, *args: Any, **kwargs: Any) -> GuardedCursor:  # noqa: A002, ANN401 - as the driver
        """Find documents; the rules are applied when the cursor is first read."""
        return GuardedCursor(lambda: self._raw.find(self._filter(filter), *args, **kwargs))

    async def find_one(self, filter: Filter = None, *args: Any, **kwargs: Any) -> Row | None:  # noqa: A002, ANN401
        """Return one document, or None."""
        return await self._raw.find_one(self._filter(filter), *args, **kwargs)

    async def raw_batches(self, query: Filter, fields: Mapping[str, int], **options: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - the driver's options
        """Yield documents that match as undecoded batches, for who needs only a little of very many."""
        cursor = self._raw.find_raw_batches(self._filter(query), fields, **options)
        reader = (in_system_context(), acting_user().id)
        try:
            async for batch in cursor:
                if reader != (in_system_context(), acting_user().id):
                    msg = "a cursor was opened by one user and read by another"
                    raise GuardRefusalError(msg)
                yield cast("bytes", batch)  # the driver's types say a document
        finally:
            await cursor.close()

    async def count_documents(self, filter: Filter = None, **kwargs: Any) -> int:  # noqa: A002, ANN401
        """Count the documents that match."""
        return await self._raw.count_documents(self._filter(filter), **kwargs)

    async def distinct(self, key: str, filter: Filter = None, **kwargs: Any) -> list[Any]:  # noqa: A002, ANN401
        """Return the different values of `key`."""
        return await self._raw.distinct(key, self._filter(filter), **kwargs)

    async def aggregate(self, pipeline: Sequence[Row], **kwargs: Any) -> "AsyncCommandCursor[Row]":  # noqa: ANN401
        """Run a pipeline of allowed stages."""
        return await self._raw.aggregate(guard_pipeline(self._policy, pipeline, self.database.policy), **kwargs)

    # Writing

    async def insert_one(self, document: Row, **kwargs: Any) -> InsertOneResult:  # noqa: ANN401
        """Insert a document with its audit stamps."""
        return await insert_one(self._raw, stamp_insert(document), phantom_keys=self.database.phantom_keys, **kwargs)

    async def insert_many(self, documents: Iterable[Row], **kwargs: Any) -> InsertManyResult:  # noqa: ANN401
        """Insert documents with their audit stamps."""
        stamped = [stamp_insert(document) for document in documents]
        return await insert_many(self._raw, stamped, phantom_keys=self.database.phantom_keys, **kwargs)

    async def update_one(self, filter: Filter, update: Update, upsert: bool = False, **kwargs: Any) -> UpdateResult:  # noqa: A002, ANN401, FBT001, FBT002
        """Change one document."""
        query = self._write_filter(filter, upsert=upsert)
        return await self._raw.update_one(query, stamp_update(update, upsert=upsert), upsert=upsert, **kwargs)

    async def update_many(self, filter: Filter, update: Update, upsert: bool = False, **kwargs: Any) -> UpdateResult:  # noqa: A002, ANN401, FBT001, FBT002
        """Change all documents that match."""
        query = self._write_filter(filter, upsert=upsert)
        return await self._raw.update_many(query, stamp_update(update, upsert=upsert), upsert=upsert, **kwargs)

    async def replace_one(self, filter: Filter, replacement: Row, upsert: bool = False, **kwargs: Any) -> UpdateResult:  # noqa: A002, ANN401, FBT001, FBT002
        """Replace the fields of one document; its stamps stay, and its revision must be the replacement's."""
        self._refuse_upsert(upsert=upsert)
        based_on, update = stamp_replacement(self._policy, replacement)
        return await self._raw.update_one({**self._filter(filter), **based_on}, update, **kwargs)

    async def delete_one(self, filter: Filter, **kwargs: Any) -> DeleteResult:  # noqa: A002, ANN401
        """Mark one document as deleted."""
        result = await self._raw.update_one(self._filter(filter), soft_deletion(), **kwargs)
        return DeleteResult({"n": result.modified_count}, acknowledged=True)

    async def delete_many(self, filter: Filter, **kwargs: Any) -> DeleteResult:  # noqa: A002, ANN401
        """Mark all documents that match as deleted."""
        result = await self._raw.update_many(self._filter(filter), soft_deletion(), **kwargs)
        return DeleteResult({"n": result.modified_count}, acknowledged=True)

    async def find_one_and_update(
        self,
        filter: Filter,  # noqa: A002 - as the driver
        update: Update,
        upsert: bool = False,  # noqa: FBT001, FBT002 - as the driver
        **kwargs: Any,  # noqa: ANN401 - as the driver
    ) -> Row | None:
        """Change one document and return it."""
        query = self._write_filter(filter, upsert=upsert)
        return await self._raw.find_one_and_update(query, stamp_update(update, upsert=upsert), upsert=upsert, **kwargs)

    async def find_one_and_replace(
        self,
        filter: Filter,  # noqa: A002 - as the driver
        replacement: Row,
        upsert: bool = False,  # noqa: FBT001, FBT002 - as the driver
        **kwargs: Any,  # noqa: ANN401 - as the driver
    ) -> Row | None:
        """Replace the fields of one document and return it."""
        self._refuse_upsert(upsert=upsert)
        based_on, update = stamp_replacement(self._policy, replacement)
        return await self._raw.find_one_and_update({**self._filter(filter), **based_on}, update, **kwargs)

    async def find_one_and_delete(self, filter: Filter, **kwargs: Any) -> Row | None:  # noqa: A002, ANN401
        """Mark one document as deleted and return it as it was."""
        return await self._raw.find_one_and_update(self._filter(filter), soft_deletion(), **kwargs)

    async def bulk_write(self, requests: Sequence[WriteOperation], **kwargs: Any) -> BulkWriteResult:  # noqa: ANN401
        """Run several writes in one request.

        Raises:
            ConflictError: A replacement was based on a revision that is no longer the stored one.
        """
        guarded = [self._guard_operation(request) for request in requests]
        replacements = sum(isinstance(request, ReplaceOne) for request in requests)
        result = await self._raw.bulk_write(guarded, **kwargs)
        if replacements and replacements == len(requests) and result.matched_count < replacements:
            msg = f"{replacements - result.matched_count} of {replacements} documents in {self.name} were changed meanwhile"
            raise ConflictError(msg)
        return result

    # Set-up, for the framework only

    async def create_indexes(self, indexes: Sequence[IndexModel], **kwargs: Any) -> list[str]:  # noqa: ANN401
        """Create indexes, made fit for soft deletion."""
        self._demand_system("create_indexes")
        return await self._raw.create_indexes([guard_index(index) for index in indexes], **kwargs)

    async def index_information(self, **kwargs: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Return the collection's indexes."""
        self._demand_system("index_information")
        return await self._raw.index_information(**kwargs)

    async def estimated_size(self) -> int:
        """Return about how many documents there are, deleted ones too."""
        self._demand_system("estimated_size")
        return await self._raw.estimated_document_count()

    def _write_filter(self, query: Filter, *, upsert: bool) -> dict[str, Any]:
        if upsert and query and any(str(key).split(".", 1)[0] in PROTECTED_FIELDS for key in query):
            msg = "an upsert must not take protected fields from its filter"
            raise GuardRefusalError(msg)
        return self._filter(query)

    def _guard_operation(self, operation: WriteOperation) -> WriteOperation:
        if isinstance(operation, InsertOne):
            return InsertOne(stamp_insert(operation._doc))  # noqa: SLF001 - the driver has no public accessors
        query = self._filter(operation._filter)  # noqa: SLF001
        if isinstance(operation, ReplaceOne):
            self._refuse_upsert(upsert=bool(operation._upsert))  # noqa: SLF001
            based_on, update = stamp_replacement(self._policy, operation._doc)  # noqa: SLF001
            return UpdateOne({**query, **based_on}, update)
        if isinstance(operation, (UpdateOne, UpdateMany)):
            upsert = bool(operation._upsert)  # noqa: SLF001
            query = self._write_filter(operation._filter, upsert=upsert)  # noqa: SLF001
            return type(operation)(query, stamp_update(operation._doc, upsert=upsert), upsert=upsert)  # noqa: SLF001
        return (UpdateOne if isinstance(operation, DeleteOne) else UpdateMany)(query, soft_deletion())

    def _refuse_upsert(self, *, upsert: bool) -> None:
        if upsert:
            msg = "a replacement cannot make a new document; insert it"
            raise GuardRefusalError(msg)

    def _demand_system(self, method: str) -> None:
        if not in_system_context():
            msg = f"{self.name}.{method} is for the framework only"
            raise GuardRefusalError(msg)
