"""Changes of stored documents, each with its entry in the journal.

What is stored is read first, unless the caller has it; the entry is written, then the change, which asks for the revision
that was read. So the values in the entry are exactly those before and after the change. What was changed by somebody
else in between is tried again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bson.errors import BSONError
from pymongo.errors import OperationFailure, WriteConcernError
from pymongo.results import UpdateResult

from webos.data.audit.applied import READING, STAMPS, Claim, find_applied, is_stamped, key_of
from webos.data.audit.entry import describe_changes, new_entry
from webos.data.audit.forecast import forecast, touched_fields
from webos.data.audit.sameness import ABSENT, is_same
from webos.data.conflicts import changed_error
from webos.data.guard.together import Sent
from webos.data.guard.updates import Update
from webos.data.stamp import Stamp

if TYPE_CHECKING:
    from webos.data.audit.journal import Journal
    from webos.data.guard.writing import WritingMethods

__all__ = [
    "Change",
    "change_one",
    "complete",
    "describe",
    "in_transaction",
    "is_undone",
    "projection",
]

Row = dict[str, Any]
Write = Callable[[Row], Awaitable[tuple[bool, Any]]]
SendTogether = Callable[[Row, Row], Awaitable[Sent]]

_ATTEMPTS = 100
_CALM_ATTEMPTS = 3
_LONGEST_PAUSE = 0.05
_OF_READING = frozenset({"session", "comment", "collation", "hint", "sort", "let"})
_NOT_OF_WRITING = frozenset({"collation", "hint", "sort"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change, as the guard lets it through.

    Attributes:
        operation: What the entry calls it.
        query: Which documents, under the rules of the collection.
        update: The stamped update.
        stamp: The stamp.
        options: The driver's.
        was_deleted: Whether it changes what is deleted.
    """

    operation: str
    query: Row
    update: Update
    stamp: Stamp
    options: Row = field(default_factory=dict)
    was_deleted: bool = False

    @property
    def reading(self) -> Row:
        """The options for reading what will be changed."""
        return {name: value for name, value in self.options.items() if name in _OF_READING}

    @property
    def writing(self) -> Row:
        """The options for changing what was read."""
        return {name: value for name, value in self.options.items() if name not in _NOT_OF_WRITING}

    def exact(self, before: Mapping[str, Any]) -> Row:
        """Return the filter for a document as it was read."""
        deleted_at = before["deleted_at"] if self.was_deleted else None
        exact: Row = {"_id": before["_id"], "deleted_at": deleted_at, "revision": before.get("revision")}
        if isinstance(self.update, Mapping) and any(_is_positional(fields) for fields in self.update.values()):
            # Which element is meant is said by the filter.
            return {**self.query, **exact}
        return exact


def projection(update: Update) -> dict[str, int]:
    """Return what to read of a document before an update."""
    return dict.fromkeys((*touched_fields(update), *STAMPS), 1)


async def change_one(
    collection: "WritingMethods",
    change: Change,
    write: Write,
    *,
    before: Row | None = None,
    together: SendTogether | None = None,
) -> Any:  # noqa: ANN401 - what `write` gives
    """Write the entry of a change and then the change.

    Args:
        collection: The guarded collection.
        change: The change.
        write: Writes it where a filter matches, and tells whether it did.
        before: What is stored, if the filter asks for its revision.
        together: Stores the entry, and makes the change where a filter matches if both can go in one request.

    Returns:
        What `write` gives; None where no document matches.

    Raises:
        ConflictError: The document was changed again and again meanwhile.
    """
    raw = collection._raw  # noqa: SLF001 - a part of the guard
    session = change.options.get("session")
    known = before is not None
    for attempt in range(_ATTEMPTS):
        if not known:
            before = await raw.find_one(change.query, projection(change.update), **change.reading)
        if before is None:
            return None
        entry = describe(collection, change, before)
        query = change.query if known else change.exact(before)
        sent = await _note(collection, entry, query, session, together)
        if sent.met is None:
            done, result = await _write(collection, entry, write(query), session, keep=sent.in_doubt)
        else:
            done, result = sent.met > 0, _as_result(sent)
        if done:
            await complete(collection, [(entry, before, change)])
            return result
        if sent.in_doubt and await _was_made(collection, entry, session):
            await complete(collection, [(entry, before, change)])
            return _as_result(Sent(1, 1))
        if not sent.in_doubt:
            await _forget_unless_stored(collection, entry, change)
        if known:
            return result
        if attempt >= _CALM_ATTEMPTS:
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - no secret
    msg = f"a document in {collection.name} is changed all the time"
    raise changed_error(msg)


async def _note(
    collection: "WritingMethods",
    entry: Row,
    query: Row,
    session: Any,  # noqa: ANN401 - the driver's, or None
    together: SendTogether | None,
) -> Sent:
    if together is not None:
        return await together(entry, query)
    await collection.database.journal.note([entry], session)
    return Sent()


async def _write(
    collection: "WritingMethods",
    entry: Row,
    writing: Awaitable[tuple[bool, Any]],
    session: Any,  # noqa: ANN401 - the driver's, or None
    *,
    keep: bool,
) -> tuple[bool, Any]:
    """Make a change whose entry is stored; the entry goes if the server refuses, unless it is to be kept."""
    try:
        return await writing
    except BaseException as error:
        if is_undone(error) and not in_transaction(session) and not keep:
            await collection.database.journal.forget([entry])
        raise


def describe(collection: "WritingMethods", change: Change, before: Mapping[str, Any]) -> Row:
    """Return the entry of a change of one document."""
    policy = collection.policy
    changes: dict[str, Row] = {}
    if change.operation != "delete":
        codec = collection.database.journal.codec
        changes = describe_changes(policy, before, forecast(change.update, before), codec)
    revision = (before.get("revision") or 0) + 1
    return new_entry(
        policy, change.operation, [before["_id"]], change.stamp, revision=revision, before=before, changes=changes
    )


async def complete(collection: "WritingMethods", written: list[tuple[Row, Mapping[str, Any], Change]]) -> None:
    """Fill in the new values that only the server could tell.

    Where the document was changed again already, they are the old values of the next entry.

    Args:
        collection: The guarded collection.
        written: Entry, document before, and change.
    """
    raw, journal = collection._raw, collection.database.journal  # noqa: SLF001 - a part of the guard
    open_ones = [each for each in written if any("unknown" in change for change in each[0].get("changes", {}).values())]
    if not open_ones:
        return
    session = open_ones[0][2].options.get("session")
    fields = {name for entry, _, _ in open_ones for name in entry["changes"]}
    identities = [entry["documents"][0] for entry, _, _ in open_ones]
    wanted = {"_id": {"$in": identities}} if len(identities) > 1 else {"_id": identities[0]}
    rows = raw.find(wanted, dict.fromkeys((*fields, "revision"), 1), session=session, comment=READING)
    stored = {key_of(row["_id"]): row async for row in rows}
    known: dict[Any, Row] = {}
    for entry, before, _ in open_ones:
        row = stored.get(key_of(entry["documents"][0]))
        if row is not None and row["revision"] == entry["revision"]:
            after = {name: row[name] for name in entry["changes"] if name in row}
            gone = {name: ABSENT for name in entry["changes"] if name not in row}
            known[entry["_id"]] = describe_changes(collection.policy, before, {**after, **gone}, journal.codec)
    if known:
        await journal.complete(known, session)


def is_undone(error: BaseException) -> bool:
    """Return whether an error says that nothing was written, and not only that the answer is missing."""
    # The driver's refusals before anything is sent: values that cannot be stored, wrong types.
    refused = isinstance(error, OperationFailure) and not (error.timeout or isinstance(error, WriteConcernError))
    return refused or isinstance(error, (TypeError, ValueError, BSONError))


async def _forget_unless_stored(collection: "WritingMethods", entry: Row, change: Change) -> None:
    """Take an entry back whose change met no document.

    It stays where stamps and values are stored just as the change would have it: the driver may have sent it twice,
    and the answer is that to the second.
    """
    raw, journal = collection._raw, collection.database.journal  # noqa: SLF001 - a part of the guard
    session = change.options.get("session")
    wanted = {"_id": entry["documents"][0]}
    stored = await raw.find_one(wanted, projection(change.update), session=session, comment=READING)
    if stored is None or not is_stamped(stored, Claim.of(entry, stored["_id"])) or not _holds(stored, entry, journal):
        await journal.forget([entry], session)


async def _was_made(collection: "WritingMethods", entry: Row, session: Any) -> bool:  # noqa: ANN401 - the driver's, or None
    """Return whether a change was made by a request whose answer was lost, also if others followed."""
    raw, journal = collection._raw, collection.database.journal  # noqa: SLF001 - a part of the guard
    (made,) = await find_applied(journal, raw, [Claim.of(entry, entry["documents"][0])], session)
    return made


def _as_result(sent: Sent) -> UpdateResult:
    met = sent.met or 0
    return UpdateResult({"n": met, "nModified": sent.modified, "updatedExisting": met > 0}, acknowledged=True)


def _holds(stored: Row, entry: Row, journal: "Journal") -> bool:
    return all(
        change.keys() & {"unknown", "secret"}
        or is_same(stored.get(name, ABSENT), change.get("new", ABSENT), journal.codec)
        for name, change in entry.get("changes", {}).items()
    )


def in_transaction(session: Any) -> bool:  # noqa: ANN401 - the driver's, or None
    """Return whether a session has a transaction: what fails in it takes the entries back by itself."""
    return session is not None and bool(session.in_transaction)


def _is_positional(fields: object) -> bool:
    return isinstance(fields, Mapping) and any("$" in name and "$[" not in name for name in fields)
