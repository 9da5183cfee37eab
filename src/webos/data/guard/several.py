"""Changes of many documents, each with its entry in the journal, some hundreds at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bson
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, WriteError

from webos.data.audit.applied import Claim, find_applied, key_of
from webos.data.conflicts import changed_error
from webos.data.guard.audited import Change, complete, describe, in_transaction, is_undone, projection
from webos.data.guard.queries import merge_filter

if TYPE_CHECKING:
    from webos.data.guard.writing import WritingMethods

__all__ = ["AT_ONCE", "DUPLICATE_KEY", "Applied", "Plan", "apply", "change_many"]

Row = dict[str, Any]
Plan = tuple[Mapping[str, Any], Change]
"""A document as it was read, and its change."""

AT_ONCE = 500
_ATTEMPTS = 100
DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of some changes.

    Attributes:
        missed: Positions of the changes whose document was changed by somebody else meanwhile.
        errors: What the server refused, as the driver words it.
    """

    missed: frozenset[int] = frozenset()
    errors: tuple[Row, ...] = ()


async def change_many(collection: "WritingMethods", change: Change) -> int:
    """Change all documents that match, and return how many these are.

    Raises:
        DuplicateKeyError: A value that must be unique is taken; those before it are changed.
        WriteError: The server refused a change; those before it are changed.
        ConflictError: A document was changed again and again meanwhile.
    """
    raw = collection._raw  # noqa: SLF001 - a part of the guard
    seen: set[Any] = set()
    changed = 0
    cursor = raw.find(change.query, projection(change.update), **change.reading)
    try:
        while rows := await cursor.to_list(AT_ONCE):
            # A document that was just changed may be met again further on.
            new = [row for row in rows if key_of(row["_id"]) not in seen]
            seen.update(key_of(row["_id"]) for row in new)
            changed += await _change_rows(collection, change, new)
    finally:
        await cursor.close()
    return changed


async def _change_rows(collection: "WritingMethods", change: Change, rows: Sequence[Row]) -> int:
    raw = collection._raw  # noqa: SLF001 - a part of the guard
    changed = 0
    for _ in range(_ATTEMPTS):
        if not rows:
            return changed
        applied = await apply(collection, [(row, change) for row in rows], ordered=True)
        if applied.errors:
            error = applied.errors[0]
            kind = DuplicateKeyError if error.get("code") == DUPLICATE_KEY else WriteError
            raise kind(str(error.get("errmsg", "")), error.get("code"), error)
        changed += len(rows) - len(applied.missed)
        if not applied.missed:
            return changed
        again = {"_id": {"$in": [rows[position]["_id"] for position in applied.missed]}}
        cursor = raw.find(merge_filter(change.query, again), projection(change.update), **change.reading)
        rows = await cursor.to_list()
    msg = f"documents in {collection.name} are changed all the time"
    raise changed_error(msg)


async def apply(collection: "WritingMethods", plans: Sequence[Plan], *, ordered: bool) -> Applied:
    """Write the entries of changes of different documents, and then the changes.

    Args:
        collection: The guarded collection.
        plans: Documents and changes; all with the same stamp and session.
        ordered: Whether to stop at the first one that the server refuses.

    Raises:
        ConflictError: Somebody else changed the same documents in the same millisecond as the same user, so that it
            cannot be told which change is stored.
    """
    if not plans:
        return Applied()
    raw, journal = collection._raw, collection.database.journal  # noqa: SLF001 - a part of the guard
    options = plans[0][1].writing
    session = options.get("session")
    entries = _grouped(collection, plans)
    await journal.note([entry for entry, _ in entries], session)
    operations = [UpdateOne(change.exact(row), change.update, **_own(change)) for row, change in plans]
    shared = {name: value for name, value in options.items() if name not in _OWN}
    try:
        result = await raw.bulk_write(operations, ordered=ordered, **shared)
    except BulkWriteError as error:
        errors = tuple(error.details["writeErrors"])
        matched = error.details["nMatched"]
        is_taken = bool(errors) and errors[0]["code"] == DUPLICATE_KEY
        if error.details.get("writeConcernErrors") or (in_transaction(session) and not is_taken):
            raise
        if in_transaction(session):
            return Applied(errors=errors)
    except BaseException as error:
        if is_undone(error) and not in_transaction(session):
            await journal.forget([entry for entry, _ in entries])
        raise
    else:
        errors, matched = (), result.matched_count
    missed: frozenset[int] = frozenset()
    refused = _refused(errors, len(plans), ordered=ordered)
    if matched < len(plans):
        missed = await _missed(collection, plans, entries, refused, matched)
        await _narrow(collection, plans, entries, missed | refused)
    done = [(entry, *plans[own[0]]) for entry, own in entries if own[0] not in missed | refused]
    await complete(collection, done)
    return Applied(missed, errors)


_OWN = ("array_filters",)


def _own(change: Change) -> Row:
    return {name: change.options[name] for name in _OWN if name in change.options}


def _grouped(collection: "WritingMethods", plans: Sequence[Plan]) -> list[tuple[Row, list[int]]]:
    """Return entries with the positions of their changes: documents that are changed alike share one."""
    codec = collection.database.journal.codec
    groups: dict[bytes, tuple[Row, list[int]]] = {}
    for position, (row, change) in enumerate(plans):
        entry = describe(collection, change, row)
        changes = entry.get("changes", {})
        alike: Row = {name: entry[name] for name in ("operation", "revision", "before_at", "before_by")}
        if any("unknown" in each for each in changes.values()):
            alike["position"] = position
        key = bson.encode({**alike, "changes": changes}, codec_options=codec)
        if key in groups:
            groups[key][0]["documents"].append(row["_id"])
            groups[key][1].append(position)
        else:
            groups[key] = entry, [position]
    return list(groups.values())


def _refused(errors: Sequence[Row], count: int, *, ordered: bool) -> frozenset[int]:
    """Return the positions of the changes that failed or were not tried."""
    if ordered and errors:
        return frozenset(range(errors[0]["index"], count))
    return frozenset(error["index"] for error in errors)


async def _missed(
    collection: "WritingMethods",
    plans: Sequence[Plan],
    entries: Sequence[tuple[Row, list[int]]],
    refused: frozenset[int],
    matched: int,
) -> frozenset[int]:
    """Return the positions of the changes whose document had another revision by then."""
    raw, journal = collection._raw, collection.database.journal  # noqa: SLF001 - a part of the guard
    if len(plans) - len(refused) == matched:
        return frozenset()
    tried = [(position, entry) for entry, own in entries for position in own if position not in refused]
    claims = [Claim.of(entry, plans[position][0]["_id"]) for position, entry in tried]
    applied = await find_applied(journal, raw, claims, plans[0][1].options.get("session"))
    missed = {position for (position, _), is_true in zip(tried, applied, strict=True) if not is_true}
    if len(plans) - len(refused) - len(missed) != matched:
        msg = f"documents in {collection.name} were changed at the same moment"
        raise changed_error(msg)
    return frozenset(missed)


async def _narrow(
    collection: "WritingMethods",
    plans: Sequence[Plan],
    entries: Sequence[tuple[Row, list[int]]],
    undone: frozenset[int],
) -> None:
    """Take out of the entries what was not changed."""
    journal = collection.database.journal
    session = plans[0][1].options.get("session")
    empty = [entry for entry, own in entries if undone.issuperset(own)]
    if empty:
        await journal.forget(empty, session)
    for entry, own in entries:
        kept = [position for position in own if position not in undone]
        if 0 < len(kept) < len(own):
            await journal.narrow(entry, [plans[position][0]["_id"] for position in kept], session)
