"""Several writes in one request, each under the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.results import BulkWriteResult

from webos.data.conflicts import changed_error
from webos.data.guard.audited import Change
from webos.data.guard.audited_bulk import run_changes
from webos.data.guard.fields import demand_options, demand_writable
from webos.data.guard.inserts import insert_many
from webos.data.guard.refusal import GuardRefusalError
from webos.data.guard.results import bind_result
from webos.data.guard.updates import soft_deletion, stamp_insert, stamp_update
from webos.data.stamp import Stamp

if TYPE_CHECKING:
    from webos.data.guard.writing import WritingMethods

__all__ = ["BulkChange", "WriteOperation", "bind_change", "bulk_write", "guard_operation"]

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
    """A stamped document for an insert, else a `BulkChange`."""


@dataclass(frozen=True, slots=True)
class BulkChange:
    """A change among several.

    Attributes:
        asked: The caller's filter.
        change: The change under the rules.
        many: Whether it is meant for all that match.
        upsert: Whether to make a document where none matches.
        bound: Whether its filter asks more than the rules for changing: that its result is granted, too.
    """

    asked: dict[str, Any]
    change: Change
    many: bool
    upsert: bool = False
    bound: bool = False

    def operation(self) -> UpdateOne | UpdateMany:
        """Return it as the driver's."""
        options = {name: value for name, value in self.change.options.items() if value is not None}
        if self.many:
            return UpdateMany(self.change.query, self.change.update, upsert=self.upsert, **options)
        return UpdateOne(self.change.query, self.change.update, upsert=self.upsert, **options)


async def bulk_write(
    collection: "WritingMethods",
    operations: Sequence[WriteOperation],
    stamp: Stamp,
    *,
    ordered: bool = True,
    **options: Any,  # noqa: ANN401 - the driver's options
) -> BulkWriteResult:
    """Run several writes, in as few requests as there are kinds of them.

    Args:
        collection: The guarded collection.
        operations: The driver's write operations.
        stamp: The stamp of all of them.
        ordered: Whether to stop at the first one that fails.
        options: The driver's.

    Raises:
        ConflictError: A write was based on a revision that is no longer the stored one. It is not done; nor, if
            ordered, are the ones after its neighbours of the same kind.
        BulkWriteError: A write failed otherwise.
    """
    writes = [guard_operation(collection, position, operation, stamp) for position, operation in enumerate(operations)]
    for write in writes:
        if isinstance(write.guarded, BulkChange):
            write.guarded = await bind_change(collection, write.guarded, options.get("session"))
    if not ordered:
        writes.sort(key=lambda write: write.kind.value)
    total: dict[str, Any] = {"writeErrors": [], "writeConcernErrors": [], "upserted": []} | dict.fromkeys(_COUNTS, 0)
    stale = 0
    for kind, neighbours in groupby(writes, key=lambda write: write.kind):
        part = list(neighbours)
        try:
            answer = await _run(collection, kind, part, stamp, ordered=ordered, **options)
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
    collection: "WritingMethods",
    kind: _Kind,
    part: Sequence[_Write],
    stamp: Stamp,
    *,
    ordered: bool,
    **options: Any,  # noqa: ANN401
) -> dict[str, Any]:
    guarded = [write.guarded for write in part]
    if kind is _Kind.INSERT:
        options.pop("let", None)
        await insert_many(collection, guarded, stamp, ordered=ordered, **options)
        return {"nInserted": len(part), "nMatched": 0}
    if collection.policy.audited:
        return await run_changes(collection, guarded, ordered=ordered, **options)
    raw = collection._raw  # noqa: SLF001 - a part of the guard
    result = await raw.bulk_write([each.operation() for each in guarded], ordered=ordered, **options)
    return result.bulk_api_result


def _add(total: dict[str, Any], part: Sequence[_Write], answer: dict[str, Any]) -> None:
    if part[0].kind in _DELETES:
        answer = {**answer, "nRemoved": answer["nMatched"], "nMatched": 0, "nModified": 0}
    for name in _COUNTS:
        total[name] += answer.get(name, 0)
    for name in ("writeErrors", "upserted"):
        total[name] += [{**each, "index": part[each["index"]].position} for each in answer.get(name, ())]
    total["writeConcernErrors"] += answer.get("writeConcernErrors", ())


def guard_operation(collection: "WritingMethods", position: int, operation: WriteOperation, stamp: Stamp) -> _Write:
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
    query = dict(operation._filter)  # noqa: SLF001
    based = "_id" in query and isinstance(query.get("revision"), int)
    options: dict[str, Any] = {"collation": operation._collation, "hint": operation._hint}  # noqa: SLF001
    demand_options(collection.policy, {"hint": options["hint"], "sort": getattr(operation, "_sort", None)})
    if isinstance(operation, (DeleteOne, DeleteMany)):
        kind = _Kind.BASED_DELETE if based else _Kind.DELETE
        change = _change("delete", collection.restrict_write(query, upsert=False), soft_deletion(), stamp, options)
        return _Write(position, kind, BulkChange(query, change, isinstance(operation, DeleteMany)))
    upsert = bool(operation._upsert)  # noqa: SLF001
    if isinstance(operation, (UpdateOne, ReplaceOne)):
        options["sort"] = operation._sort  # noqa: SLF001
    if isinstance(operation, ReplaceOne):
        document = dict(operation._doc)  # noqa: SLF001
        restricted, replacing = collection.restrict_replacement(query, document, upsert=upsert)
        if "revision" in restricted:
            query["revision"] = restricted["revision"]
        kind = _Kind.BASED_CHANGE if "revision" in restricted else _Kind.OTHER
        return _Write(
            position, kind, BulkChange(query, _change("update", restricted, replacing, stamp, options), many=False)
        )
    many = isinstance(operation, UpdateMany)
    demand_writable(collection.policy, operation._doc, query if upsert else None)  # noqa: SLF001
    update = stamp_update(operation._doc, upsert=upsert)  # noqa: SLF001
    restricted = collection.restrict_write(query, upsert=upsert)
    kind = _Kind.BASED_CHANGE if based and not many else _Kind.OTHER
    options["array_filters"] = operation._array_filters  # noqa: SLF001
    return _Write(
        position, kind, BulkChange(query, _change("update", restricted, update, stamp, options), many, upsert)
    )


async def bind_change(collection: "WritingMethods", each: BulkChange, session: Any = None) -> BulkChange:  # noqa: ANN401 - the driver's
    """Return a change narrowed to the documents that the rules still grant afterwards.

    Raises:
        PermissionDeniedError: It would turn one into a document that they do not grant.
    """
    change = each.change
    if change.operation != "update":
        return each
    query = await bind_result(collection, change.query, change.update, session, upsert=each.upsert)
    return each if query is change.query else replace(each, change=replace(change, query=query), bound=True)


def _change(operation: str, query: dict[str, Any], update: Any, stamp: Stamp, options: dict[str, Any]) -> Change:  # noqa: ANN401
    given = {name: value for name, value in options.items() if value is not None}
    return Change(operation, query, update, stamp, given)
