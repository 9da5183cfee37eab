"""Inserting documents, also on a server that keeps the keys of changed documents as if they were still taken.

Such a phantom key is found on inserts only; a change of a document looks at the documents themselves. So a document
that meets one is stored as a deleted one first and then replaced by itself, live. That is two steps and no
transaction on purpose: in transactions that server does not see what others make unique at the same time. A crash
between the two leaves a deleted document.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.results import InsertManyResult, InsertOneResult

__all__ = ["insert_many", "insert_one"]

Row = dict[str, Any]
# A server with phantom keys refuses a whole request for one of them; then its documents go one by one.
_AT_ONCE = 1000
# What tells a document that was just stored from an older one with the same id.
_OWN = ("created_at", "created_by", "revision")


async def insert_one(
    collection: AsyncCollection[Row],
    document: Row,
    *,
    phantom_keys: bool,
    **options: Any,  # noqa: ANN401
) -> InsertOneResult:
    """Insert `document`.

    In a transaction a value that only a phantom holds counts as taken: the failed insert has ended the transaction.

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
        if not phantom_keys or _in_transaction(options) or not _may_be_phantom(error):
            raise
    return await _insert_beside(collection, document, **options)


async def insert_many(
    collection: AsyncCollection[Row],
    documents: Sequence[Row],
    *,
    phantom_keys: bool,
    ordered: bool = True,
    **options: Any,  # noqa: ANN401
) -> InsertManyResult:
    """Insert `documents`.

    Args:
        collection: The driver's collection.
        documents: The stamped documents.
        phantom_keys: As for `insert_one`.
        ordered: Whether to stop at the first one that fails.
        options: The driver's.

    Raises:
        BulkWriteError: A unique key is taken.
    """
    if not phantom_keys or _in_transaction(options):
        return await collection.insert_many(documents, ordered=ordered, **options)
    errors: list[Row] = []
    inserted = 0
    for start in range(0, len(documents), _AT_ONCE):
        part = documents[start : start + _AT_ONCE]
        try:
            await collection.insert_many(part, ordered=ordered, **options)
            inserted += len(part)
        except BulkWriteError as error:
            errors += [{**each, "index": start + each["index"]} for each in error.details["writeErrors"]]
            inserted += error.details["nInserted"]
        except DuplicateKeyError:
            failures, tried = await _insert_each(collection, part, ordered=ordered, **options)
            errors += [{**each, "index": start + each["index"]} for each in failures]
            inserted += tried - len(failures)
        if errors and ordered:
            break
    if errors:
        counts = dict.fromkeys(("nUpserted", "nMatched", "nModified", "nRemoved"), 0)
        raise BulkWriteError(
            {"writeErrors": errors, "writeConcernErrors": [], "nInserted": inserted, "upserted": [], **counts}
        )
    return InsertManyResult([document["_id"] for document in documents], acknowledged=True)


async def _insert_each(
    collection: AsyncCollection[Row],
    documents: Sequence[Row],
    *,
    ordered: bool,
    **options: Any,  # noqa: ANN401
) -> tuple[list[Row], int]:
    """Insert one by one; return what failed, as the driver words it, and how many were tried."""
    failures: list[Row] = []
    for index, document in enumerate(documents):
        try:
            await insert_one(collection, document, phantom_keys=True, **options)
        except DuplicateKeyError as error:
            failures.append({**(error.details or {}), "index": index, "code": error.code, "op": document})
            if ordered:
                return failures, index + 1
    return failures, len(documents)


async def _insert_beside(collection: AsyncCollection[Row], document: Row, **options: Any) -> InsertOneResult:  # noqa: ANN401
    live = {"_id": document.setdefault("_id", ObjectId())}
    try:
        result = await collection.insert_one({**document, "deleted_at": datetime.now(UTC)}, **options)
        await collection.replace_one(live, document, **options)
    except BaseException as error:
        # Also when the caller gives up: what was not inserted shall not be found among the deleted ones.
        if not (isinstance(error, DuplicateKeyError) and _is_about_id(error)):
            await asyncio.shield(collection.delete_one({**live, **{name: document.get(name) for name in _OWN}}))
        raise
    return result


def _in_transaction(options: Row) -> bool:
    session = options.get("session")
    return session is not None and bool(session.in_transaction)


def _may_be_phantom(error: DuplicateKeyError) -> bool:
    """Whether the key may belong to no document: the server names the pattern of a key only if one has it."""
    return "keyPattern" not in (error.details or {}) and not _is_about_id(error)


def _is_about_id(error: DuplicateKeyError) -> bool:
    details = error.details or {}
    return "_id" in details.get("keyPattern", {}) or "index: _id_" in str(details.get("errmsg", ""))
