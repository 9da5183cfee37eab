"""Several writes in one request, each under the rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.results import BulkWriteResult

from webos.data.conflicts import changed_error
from webos.data.guard.insertion import insert_many
from webos.data.guard.refusal import GuardRefusalError
from webos.data.guard.updates import soft_deletion, stamp_insert, stamp_update

if TYPE_CHECKING:
    from webos.data.guard.collection import GuardedCollection

__all__ = ["WriteOperation", "bulk_write"]

WriteOperation = InsertOne[Any] | UpdateOne | UpdateMany | ReplaceOne[Any] | DeleteOne | DeleteMany

_COUNTS = ("nInserted", "nUpserted", "nMatched", "nModified", "nRemoved")


class _Kind(Enum):
    """Writes of one kind can share a request: the server counts what became of them together."""

    INSERT = "insert"
    DELETE = "delete"
    BASED_CHANGE = "change of a certain revision"
    BASED_DELETE = "deletion of a certain revision"
    OTHER = "other"


_BASED = {_Kind.BASED_CHANGE, _Kind.BASED_DELETE}
_DELETES = {_Kind.DELETE, _Kind.BASED_DELETE}


@dataclass(slots=True)
class _Write:
    position: int
    kind: _Kind
    guarded: Any
    """A stamped document for an insert, else an operation of the driver."""


async def bulk_write(
    collection: "GuardedCollection",
    operations: Sequence[WriteOperation],
    *,
    ordered: bool = True,
    **options: Any,  # noqa: ANN401 - the driver's options
) -> BulkWriteResult:
    """Run several writes, in as few requests as there are kinds of them.

    Args:
        collection: The guarded collection.
        operations: The driver's write operations.
        ordered: Whether to stop at the first one that fails.
        options: The driver's.

    Raises:
        ConflictError: A write was based on a revision that is no longer the stored one. It is not done; nor, if
            ordered, are the ones after its neighbours of the same kind.
        BulkWriteError: A write failed otherwise.
    """
    writes = [_guard(collection, position, operation) for position, operation in enumerate(operations)]
    if not ordered:
        writes.sort(key=lambda write: write.kind.value)
    total: dict[str, Any] = {"writeErrors": [], "writeConcernErrors": [], "upserted": []} | dict.fromkeys(_COUNTS, 0)
    stale = 0
    for kind, neighbours in groupby(writes, key=lambda write: write.kind):
        part = list(neighbours)
        try:
            answer = await _run(collection, kind, part, ordered=ordered, **options)
        except BulkWriteError as error:
            answer = dict(error.details)
        else:
            stale += len(part) - answer["nMatched"] if kind in _BASED else 0
        _add(total, part, answer)
        if ordered and (stale or total["writeErrors"]):
            break
    if total["writeErrors"]:
        raise BulkWriteError(total)
    if stale:
        msg = f"{stale} documents in {collection.name} were changed since they were read"
        raise changed_error(msg)
    return BulkWriteResult(total, acknowledged=True)


async def _run(
    collection: "GuardedCollection",
    kind: _Kind,
    part: Sequence[_Write],
    *,
    ordered: bool,
    **options: Any,  # noqa: ANN401
) -> dict[str, Any]:
    guarded = [write.guarded for write in part]
    raw = collection._raw  # noqa: SLF001 - a part of the guard
    if kind is _Kind.INSERT:
        options.pop("let", None)
        phantom_keys = collection.database.traits.phantom_keys
        await insert_many(raw, guarded, phantom_keys=phantom_keys, ordered=ordered, **options)
        return {"nInserted": len(part)}
    return (await raw.bulk_write(guarded, ordered=ordered, **options)).bulk_api_result


def _add(total: dict[str, Any], part: Sequence[_Write], answer: dict[str, Any]) -> None:
    if part[0].kind in _DELETES:
        answer = {**answer, "nRemoved": answer["nMatched"], "nMatched": 0, "nModified": 0}
    for name in _COUNTS:
        total[name] += answer.get(name, 0)
    for name in ("writeErrors", "upserted"):
        total[name] += [{**each, "index": part[each["index"]].position} for each in answer.get(name, ())]
    total["writeConcernErrors"] += answer.get("writeConcernErrors", ())


def _guard(collection: "GuardedCollection", position: int, operation: WriteOperation) -> _Write:
    """Bring a write under the rules of its collection.

    Raises:
        GuardRefusalError: It writes a protected field, or is unknown.
    """
    # The driver has no public accessors for what an operation holds.
    if isinstance(operation, InsertOne):
        return _Write(position, _Kind.INSERT, stamp_insert(collection.policy, operation._doc))  # noqa: SLF001
    if not isinstance(operation, (UpdateOne, UpdateMany, ReplaceOne, DeleteOne, DeleteMany)):
        msg = f"{type(operation).__name__} is not a write that is allowed"
        raise GuardRefusalError(msg)
    query = operation._filter  # noqa: SLF001
    based = "_id" in query and isinstance(query.get("revision"), int)
    options: dict[str, Any] = {"collation": operation._collation, "hint": operation._hint}  # noqa: SLF001
    if isinstance(operation, (DeleteOne, DeleteMany)):
        one = UpdateOne if isinstance(operation, DeleteOne) else UpdateMany
        kind = _Kind.BASED_DELETE if based else _Kind.DELETE
        return _Write(position, kind, one(collection.restrict(query), soft_deletion(), **options))
    upsert = bool(operation._upsert)  # noqa: SLF001
    if isinstance(operation, (UpdateOne, ReplaceOne)):
        options["sort"] = operation._sort  # noqa: SLF001
    if isinstance(operation, ReplaceOne):
        document = dict(operation._doc)  # noqa: SLF001
        restricted, replacing = collection.restrict_replacement(query, document, upsert=upsert)
        kind = _Kind.BASED_CHANGE if "revision" in restricted else _Kind.OTHER
        return _Write(position, kind, UpdateOne(restricted, replacing, **options))
    many = UpdateMany if isinstance(operation, UpdateMany) else UpdateOne
    update = stamp_update(operation._doc, upsert=upsert)  # noqa: SLF001
    restricted = collection.restrict_write(query, upsert=upsert)
    kind = _Kind.BASED_CHANGE if based and many is UpdateOne else _Kind.OTHER
    options["array_filters"] = operation._array_filters  # noqa: SLF001
    return _Write(position, kind, many(restricted, update, upsert=upsert, **options))
