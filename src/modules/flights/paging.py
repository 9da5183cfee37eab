"""Pages of documents in the order of their ids, at a cost that does not grow with the number of documents."""

from typing import Any

from bson import ObjectId

__all__ = ["rows_after"]

_LAST = 2**96 - 1
_GROWTH = 8


async def rows_after(
    collection: Any,  # noqa: ANN401 - the guarded collection of a document class
    fields: dict[str, int],
    after: ObjectId | None,
    limit: int,
    *,
    likely_first: ObjectId,
) -> list[dict[str, Any]]:
    """Return documents in the order of their ids.

    The embedded database reads every match before it gives the first one: of all ids behind `after`, that would be
    most of the collection. So the ids are asked for in windows, which grow until there are enough documents.

    Args:
        collection: The collection.
        fields: Which fields to read.
        after: Id of the last document before these; the first ones where None.
        limit: How many at most.
        likely_first: The id before which few documents are expected.
    """
    rows: list[dict[str, Any]] = []
    low = -1 if after is None else _number(after)
    high = (low if after is not None else _number(likely_first) - 1) + limit
    width = limit
    while low < _LAST and len(rows) < limit:
        high = min(high, _LAST)
        window: dict[str, Any] = {"$lte": _identity(high)}
        if low >= 0:
            window["$gt"] = _identity(low)
        cursor = collection.find({"_id": window}, fields, sort=[("_id", 1)], limit=limit - len(rows))
        rows += await cursor.to_list()
        width *= _GROWTH
        low, high = high, high + width
    return rows


def _number(identity: ObjectId) -> int:
    return int.from_bytes(identity.binary, "big")


def _identity(number: int) -> ObjectId:
    return ObjectId(number.to_bytes(12, "big"))
