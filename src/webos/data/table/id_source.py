"""Reading the ids of all rows of a filter, in order, as the server does it best."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING

from webos.data.guard import GuardedCollection

__all__ = ["read_ids"]

Order = list[tuple[str, int]]
_BATCH = 5000
_INLINE = 20_000


async def read_ids(collection: GuardedCollection, query: dict[str, Any], order: Order) -> AsyncIterator[list[Any]]:
    """Yield the ids of all documents that match, in order, in batches.

    A server that reads and sorts every match before it answers is asked without a sort, and what it gives is
    sorted here: measured on 336,776 documents that takes 2.0 s instead of 6.6 s. Any other server streams the
    ids in order as its index has them.

    Args:
        collection: The collection.
        query: The filter.
        order: Fields and directions; the id comes last.
    """
    if not collection.database.reads_all_matches:
        cursor = collection.find(query, {"_id": 1}, sort=order, batch_size=_BATCH)
        while batch := await cursor.to_list(_BATCH):
            yield [row["_id"] for row in batch]
        return
    # Asking for the id alone is two to three times slower there than asking for one field more.
    fields = {"_id": 1, "revision": 1, **{name: 1 for name, _ in order}}
    cursor = collection.find(query, fields, batch_size=_BATCH)
    rows: list[dict[str, Any]] = []
    while batch := await cursor.to_list(_BATCH):
        rows += batch
    if len(rows) > _INLINE:
        yield await asyncio.to_thread(_sorted_ids, rows, order)
    else:
        yield _sorted_ids(rows, order)


def _sorted_ids(rows: list[dict[str, Any]], order: Order) -> list[Any]:
    # Sorting is stable: from the least important field to the most important one.
    for name, direction in reversed(order):
        rows.sort(key=lambda row, name=name: _rank(row.get(name)), reverse=direction == DESCENDING)  # type: ignore[misc]
    return [row["_id"] for row in rows]


def _rank(value: Any) -> tuple[int, Any]:  # noqa: ANN401 - any stored value
    """Order values as MongoDB does: empty, numbers, texts, other, truth values, times."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (5, value)
    if isinstance(value, str):
        return (2, value)
    if isinstance(value, datetime):
        return (6, value)
    if isinstance(value, ObjectId):
        return (4, value)
    if isinstance(value, int | float | Decimal):
        return (1, value)
    return (3, str(value))
