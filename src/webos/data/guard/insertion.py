"""Inserting documents, also on a server that keeps the keys of changed documents as if they were still taken."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.results import InsertManyResult, InsertOneResult

__all__ = ["insert_many", "insert_one"]

Row = dict[str, Any]


async def insert_one(
    collection: AsyncCollection[Row],
    document: Row,
    *,
    phantom_keys: bool,
    **options: Any,  # noqa: ANN401
) -> InsertOneResult:
    """Insert `document`.

    Args:
        collection: The driver's collection.
        document: The stamped document.
        phantom_keys: Whether the server may report a key as taken that no document holds any more.
        options: The driver's.

    Raises:
        DuplicateKeyError: A unique key is taken.
    """
    try:
        return await collection.insert_one(document, **options)
    except DuplicateKeyError as error:
        if not phantom_keys or options.get("session") is not None or _is_about_id(error.details):
            raise
    return await _insert_beside(collection, document)


async def insert_many(
    collection: AsyncCollection[Row],
    documents: Sequence[Row],
    *,
    phantom_keys: bool,
    **options: Any,  # noqa: ANN401
) -> InsertManyResult:
    """Insert `documents`.

    Raises:
        BulkWriteError: A unique key is taken.
    """
    try:
        return await collection.insert_many(documents, **options)
    except BulkWriteError as error:
        failures = error.details.get("writeErrors", [])
        duplicates = all(failure.get("code") == 11000 and not _is_about_id(failure) for failure in failures)  # noqa: PLR2004
        if not phantom_keys or options.get("session") is not None or not failures or not duplicates:
            raise
        try:
            for failure in failures:
                await _insert_beside(collection, documents[failure["index"]])
        except DuplicateKeyError:
            raise error from None
        if options.get("ordered", True) and (rest := documents[failures[0]["index"] + 1 :]):
            await insert_many(collection, rest, phantom_keys=phantom_keys, **options)
    return InsertManyResult([document["_id"] for document in documents], acknowledged=True)


async def _insert_beside(collection: AsyncCollection[Row], document: Row) -> InsertOneResult:
    """Insert under a key nobody has, then change it to the real one, in one transaction.

    Only an insert trips over a phantom key; a change looks at the documents themselves. All unique indexes of
    guarded collections begin with `deleted_at`, so that a value there which occurs nowhere moves the document
    away from every key.
    """
    async with collection.database.client.start_session() as session, await session.start_transaction():
        result = await collection.insert_one({**document, "deleted_at": uuid4()}, session=session)
        await collection.update_one(
            {"_id": result.inserted_id}, {"$set": {"deleted_at": document.get("deleted_at")}}, session=session
        )
    document["_id"] = result.inserted_id
    return result


def _is_about_id(details: Any) -> bool:  # noqa: ANN401 - the server's answer
    message = str((details or {}).get("errmsg", ""))
    return "index: _id_" in message or "_id" in ((details or {}).get("keyPattern") or {})
