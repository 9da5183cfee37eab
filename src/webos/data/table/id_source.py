"""Reading the ids of all rows of a filter, in order, as the server does it best."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any
from uuid import UUID

import bson
from bson import Binary, ObjectId
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import DESCENDING

from webos.data.guard import GuardedCollection
from webos.data.table.local_match import Predicate, split_query

__all__ = ["Ids", "read_ids"]

Ids = bytes | list[Any]
"""Ids in order: ObjectIds packed, 12 bytes each, or values of any type."""

Order = list[tuple[str, int]]
Row = dict[str, Any]
_BATCH = 5000
# Ids have to come as they are read elsewhere; times only have to be in order.
_OPTIONS: CodecOptions[Row] = CodecOptions(
    uuid_representation=UuidRepresentation.STANDARD, datetime_conversion=DatetimeConversion.DATETIME_CLAMP
)
# A document's bytes: its length, the type and name of its first field, then that field's value.
_ID_FIRST = b"\x07_id\x00"
_ID_FROM, _ID_TO = 9, 21


async def read_ids(collection: GuardedCollection, query: dict[str, Any], order: Order) -> AsyncIterator[Ids]:
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
        async for raw in collection.raw_batches(query, {"_id": 1}, sort=order, batch_size=_BATCH):
            yield await asyncio.to_thread(_ids_in, raw)
        return
    # Asking for the id alone is two to three times slower there than asking for one field more.
    asked, tests, tested = split_query(query)
    fields = {"_id": 1, "revision": 1, **dict.fromkeys(tested, 1), **{name: 1 for name, _ in order}}
    if order == [("_id", 1)] and not tests:
        packed = [
            await asyncio.to_thread(_ids_in, raw)
            async for raw in collection.raw_batches(asked, fields, batch_size=_BATCH)
        ]
        yield await asyncio.to_thread(_in_id_order, packed)
        return
    rows: list[Row] = []
    async for raw in collection.raw_batches(asked, fields, batch_size=_BATCH):
        rows += await asyncio.to_thread(_matching, raw, tests)
    yield await asyncio.to_thread(_sorted_ids, rows, order)


def _ids_in(raw: bytes) -> Ids:
    """Cut the ids out of documents without decoding the rest, which is what takes the time."""
    ids: list[bytes] = []
    at = 0
    while at < len(raw):
        if raw[at + 4 : at + _ID_FROM] != _ID_FIRST:
            return [row["_id"] for row in bson.decode_all(raw, _OPTIONS)]
        ids.append(raw[at + _ID_FROM : at + _ID_TO])
        at += int.from_bytes(raw[at : at + 4], "little")
    return b"".join(ids)


def _in_id_order(batches: Sequence[Ids]) -> Ids:
    ids: list[Any] = []
    for batch in batches:
        ids += [batch[at : at + 12] for at in range(0, len(batch), 12)] if isinstance(batch, bytes) else batch
    if all(isinstance(batch, bytes) for batch in batches):
        return b"".join(sorted(ids))
    plain = [ObjectId(each) if isinstance(each, bytes) else each for each in ids]
    return sorted(plain, key=_rank)


def _matching(raw: bytes, tests: Sequence[Predicate]) -> list[Row]:
    rows: list[Row] = bson.decode_all(raw, _OPTIONS)
    return [row for row in rows if all(test(row) for test in tests)] if tests else rows


def _sorted_ids(rows: list[Row], order: Order) -> list[Any]:
    # Sorting is stable: from the least important field to the most important one.
    for name, direction in reversed(order):
        _sort_by(rows, name, reverse=direction == DESCENDING)
    return [row["_id"] for row in rows]


def _sort_by(rows: list[Row], name: str, *, reverse: bool) -> None:
    kinds = {type(row.get(name)) for row in rows}
    if len(kinds) == 1 and kinds <= {int, str, datetime, ObjectId}:
        rows.sort(key=itemgetter(name), reverse=reverse)
    elif kinds <= {int, float, type(None)} and _all_finite(rows, name):
        rows.sort(key=lambda row: -math.inf if (value := row.get(name)) is None else value, reverse=reverse)
    else:
        rows.sort(key=lambda row: _rank(row.get(name)), reverse=reverse)


def _all_finite(rows: list[Row], name: str) -> bool:
    """Return whether every number can be compared, and `-inf` is free to stand for no number."""
    return all(math.isfinite(value) for row in rows if type(value := row.get(name)) is float)


# MongoDB's order of types, as far as columns hold them. Truth values come first here: they are numbers to Python.
_RANKS: tuple[tuple[type | tuple[type, ...], int], ...] = (
    (bool, 7),
    ((int, float, Decimal), 2),
    (str, 3),
    (ObjectId, 6),
    (datetime, 8),
)


def _rank(value: Any) -> tuple[int, Any]:  # noqa: ANN401 - any stored value
    """Order values as MongoDB does: empty ones, numbers, texts, others, bytes, ids, truth values, times."""
    if value is None:
        return (0, 0)
    if isinstance(value, bson.Decimal128):
        value = value.to_decimal()
    if isinstance(value, (float, Decimal)) and (value.is_nan() if isinstance(value, Decimal) else math.isnan(value)):
        return (1, 0)
    for kind, rank in _RANKS:
        if isinstance(value, kind):
            return (rank, value)
    if isinstance(value, UUID):
        value = Binary.from_uuid(value)
    if isinstance(value, bytes):
        return (5, (len(value), getattr(value, "subtype", 0), bytes(value)))
    return (4, str(value))
