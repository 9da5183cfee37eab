"""Several changes in one request, each with its entry in the journal."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError, WriteError

from webos.data.audit.applied import STAMPS, key_of
from webos.data.guard import single
from webos.data.guard.audited import Change, projection
from webos.data.guard.several import AT_ONCE, DUPLICATE_KEY, Plan, apply, change_many

if TYPE_CHECKING:
    from webos.data.guard.bulk import BulkChange
    from webos.data.guard.writing import WritingMethods

__all__ = ["run_changes", "run_each"]

Row = dict[str, Any]

CHANGED = "It was changed since."
TAKEN = "A value that must be unique is taken by another one."
REFUSED = "The database refuses the values."

_SESSION = frozenset({"session", "comment", "let"})
_EXACT = frozenset({"_id", "revision"})
_Numbered = tuple[int, "BulkChange"]


class _Tally:
    """What became of the changes, as the driver reports it."""

    def __init__(self) -> None:
        self.matched = 0
        self.upserted: list[Row] = []
        self.errors: list[Row] = []

    def answer(self) -> Row:
        counts = {"nMatched": self.matched, "nModified": self.matched, "nUpserted": len(self.upserted)}
        nothing = {"nInserted": 0, "nRemoved": 0, "writeConcernErrors": []}
        return {**counts, **nothing, "upserted": self.upserted, "writeErrors": self.errors}


async def run_changes(
    collection: "WritingMethods",
    changes: "Sequence[BulkChange]",
    *,
    ordered: bool,
    **options: Any,  # noqa: ANN401 - the driver's
) -> Row:
    """Run changes in their order and return what the driver's `bulk_write` would report.

    Args:
        collection: The guarded collection.
        changes: The changes.
        ordered: Whether to stop at the first one that the server refuses.
        options: The driver's.

    Raises:
        BulkWriteError: The server refused a change.
    """
    tally = _Tally()
    with_options = [
        replace(each, change=replace(each.change, options={**each.change.options, **options})) for each in changes
    ]
    for part in _parts(with_options):
        if _is_plain(part[0][1]):
            await _run_together(collection, part, tally, ordered=ordered)
        else:
            await _run_alone(collection, *part[0], tally)
        if ordered and tally.errors:
            break
    if tally.errors:
        raise BulkWriteError(tally.answer())
    return tally.answer()


async def run_each(collection: "WritingMethods", changes: "Sequence[BulkChange]") -> list[str | None]:
    """Run changes that ask for a revision, and tell of each what stood in its way, worded for people.

    Args:
        collection: The guarded collection.
        changes: The changes, each of another document.
    """
    outcomes: list[str | None] = [None] * len(changes)
    for part in _parts(changes):
        plans, own, absent = await _read(collection, part)
        for number in absent:
            outcomes[number] = CHANGED
        applied = await apply(collection, plans, ordered=False)
        for position in applied.missed:
            outcomes[own[position][0]] = CHANGED
        for error in applied.errors:
            outcomes[own[error["index"]][0]] = TAKEN if error.get("code") == DUPLICATE_KEY else REFUSED
    return outcomes


def _parts(changes: "Sequence[BulkChange]") -> "Iterator[list[_Numbered]]":
    """Yield changes that can go together: each of one document that its filter names, no document twice."""
    part: list[_Numbered] = []
    seen: set[Any] = set()
    for number, each in enumerate(changes):
        key = key_of(each.asked.get("_id"))
        if part and (not _is_plain(each) or key in seen or len(part) == AT_ONCE):
            yield part
            part, seen = [], set()
        if not _is_plain(each):
            yield [(number, each)]
            continue
        part.append((number, each))
        seen.add(key)
    if part:
        yield part


def _is_plain(each: "BulkChange") -> bool:
    names_one = "_id" in each.asked and not isinstance(each.asked["_id"], dict) and each.asked.keys() <= _EXACT
    is_usual = each.change.options.keys() <= _SESSION | {"array_filters", "bypass_document_validation"}
    is_exact = not each.bound or "revision" in each.asked
    return names_one and is_usual and is_exact and not each.upsert and isinstance(each.asked.get("revision", 0), int)


async def _run_together(
    collection: "WritingMethods", part: "Sequence[_Numbered]", tally: _Tally, *, ordered: bool
) -> None:
    plans, own, _ = await _read(collection, part)
    applied = await apply(collection, plans, ordered=ordered)
    skipped = len(applied.missed) + len(applied.errors)
    if ordered and applied.errors:
        skipped = len(applied.missed) + len(plans) - applied.errors[0]["index"]
    tally.matched += len(plans) - skipped
    tally.errors += [{**error, "index": own[error["index"]][0]} for error in applied.errors]
    for position in sorted(applied.missed):
        number, each = own[position]
        # A change of whatever revision is tried again on the one that is stored now.
        if "revision" not in each.asked:
            await _run_alone(collection, number, each, tally)


async def _read(
    collection: "WritingMethods", part: "Sequence[_Numbered]"
) -> "tuple[list[Plan], list[_Numbered], list[int]]":
    """Return plans with what they are for, and the numbers of the changes whose document is not there like that."""
    raw = collection._raw  # noqa: SLF001 - a part of the guard
    first = part[0][1].change
    fields = {name: 1 for _, each in part for name in (*projection(each.change.update), *STAMPS)}
    query = collection.restrict_write({"_id": {"$in": [each.asked["_id"] for _, each in part]}}, upsert=False)
    reading = {name: value for name, value in first.reading.items() if name in _SESSION}
    stored = {key_of(row["_id"]): row async for row in raw.find(query, fields, **reading)}
    plans: list[Plan] = []
    own: list[_Numbered] = []
    absent: list[int] = []
    for number, each in part:
        row = stored.get(key_of(each.asked["_id"]))
        if row is not None and each.asked.get("revision", row.get("revision")) == row.get("revision"):
            plans.append((row, each.change))
            own.append((number, each))
        else:
            absent.append(number)
    return plans, own, absent


async def _run_alone(collection: "WritingMethods", number: int, each: "BulkChange", tally: _Tally) -> None:
    change: Change = each.change
    try:
        if each.many:
            changed = await change_many(collection, change)
            tally.matched += changed
            if changed or not each.upsert:
                return
        result = await single.update_one(collection, change, upsert=each.upsert)
    except WriteError as error:
        tally.errors.append({**(error.details or {}), "index": number, "code": error.code, "errmsg": str(error)})
        return
    tally.matched += result.matched_count
    if result.upserted_id is not None:
        tally.upserted.append({"index": number, "_id": result.upserted_id})
