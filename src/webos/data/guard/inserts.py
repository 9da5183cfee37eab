"""Inserting documents, with their entries in the journal: one for up to a thousand of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.results import InsertManyResult, InsertOneResult

from webos.data.audit.applied import READING
from webos.data.audit.entry import new_entry
from webos.data.audit.sameness import is_same
from webos.data.guard import insertion
from webos.data.guard.audited import in_transaction, is_undone
from webos.data.guard.together import send_together
from webos.data.stamp import Stamp

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession

    from webos.data.guard.writing import WritingMethods

__all__ = ["InsertNotes", "insert_many", "insert_one"]

Row = dict[str, Any]

_AT_ONCE = 1000
_MADE = ("created_at", "created_by")


@dataclass(frozen=True, slots=True)
class InsertNotes:
    """The entries of inserts into one collection.

    Attributes:
        collection: The guarded collection.
        stamp: The stamp of the documents.
        session: The caller's.
    """

    collection: "WritingMethods"
    stamp: Stamp
    session: "AsyncClientSession | None" = None

    async def note(self, identities: Sequence[Any], revision: int = 1) -> Row:
        """Write the entry for documents that will be inserted, and return it."""
        entry = new_entry(self.collection.policy, "insert", identities, self.stamp, revision=revision)
        await self.collection.database.journal.note([entry], self.session)
        return entry

    async def settle(self, entry: Row, missed: Collection[int]) -> None:
        """Take out of an entry the documents at the positions `missed`, which were not inserted."""
        if missed and not in_transaction(self.session):
            kept = [identity for position, identity in enumerate(entry["documents"]) if position not in missed]
            await self.collection.database.journal.narrow(entry, kept, self.session)

    async def fail(self, entry: Row, error: BaseException) -> None:
        """Take an entry back, if the error says that nothing was inserted."""
        if is_undone(error) and not isinstance(error, BulkWriteError) and not in_transaction(self.session):
            await self.collection.database.journal.forget([entry], self.session)


async def insert_one(collection: "WritingMethods", document: Row, stamp: Stamp, **options: Any) -> InsertOneResult:  # noqa: ANN401
    """Insert a stamped document.

    Args:
        collection: The guarded collection.
        document: The document.
        stamp: Its stamp.
        options: The driver's.

    Raises:
        DuplicateKeyError: A unique key is taken.
    """
    raw, phantom_keys = collection._raw, collection.database.traits.phantom_keys  # noqa: SLF001 - a part of the guard
    if not collection.policy.audited:
        return await insertion.insert_one(raw, document, phantom_keys=phantom_keys, **options)
    identity = document.setdefault("_id", ObjectId())
    # The driver does so in its own method: the id stands first.
    document = {"_id": identity, **document}
    entry = new_entry(collection.policy, "insert", [identity], stamp, revision=document["revision"])
    sent = await send_together(collection, entry, {"insert": None, "document": document}, options)
    if sent.met:
        return InsertOneResult(identity, acknowledged=True)
    try:
        return await insertion.insert_one(raw, document, phantom_keys=phantom_keys, **options)
    except BaseException as error:
        if not sent.in_doubt:
            await InsertNotes(collection, stamp, options.get("session")).fail(entry, error)
        elif isinstance(error, DuplicateKeyError) and await _is_stored(collection, document):
            return InsertOneResult(identity, acknowledged=True)
        raise


async def _is_stored(collection: "WritingMethods", document: Row) -> bool:
    """Return whether a document was stored by a request whose answer was lost."""
    raw, codec = collection._raw, collection.database.journal.codec  # noqa: SLF001 - a part of the guard
    stored = await raw.find_one({"_id": document["_id"]}, dict.fromkeys(_MADE, 1), comment=READING)
    return stored is not None and all(is_same(stored.get(name), document[name], codec) for name in _MADE)


async def insert_many(
    collection: "WritingMethods",
    documents: Sequence[Row],
    stamp: Stamp,
    *,
    ordered: bool = True,
    **options: Any,  # noqa: ANN401
) -> InsertManyResult:
    """Insert stamped documents.

    Args:
        collection: The guarded collection.
        documents: The documents.
        stamp: Their stamp.
        ordered: Whether to stop at the first one that fails.
        options: The driver's.

    Raises:
        BulkWriteError: A unique key is taken.
    """
    raw, phantom_keys = collection._raw, collection.database.traits.phantom_keys  # noqa: SLF001 - a part of the guard
    if not collection.policy.audited or not documents:
        return await insertion.insert_many(raw, documents, phantom_keys=phantom_keys, ordered=ordered, **options)
    notes = InsertNotes(collection, stamp, options.get("session"))
    errors: list[Row] = []
    inserted = 0
    for start in range(0, len(documents), _AT_ONCE):
        part = documents[start : start + _AT_ONCE]
        entry = await notes.note([document.setdefault("_id", ObjectId()) for document in part])
        try:
            await insertion.insert_many(raw, part, phantom_keys=phantom_keys, ordered=ordered, **options)
            inserted += len(part)
        except BulkWriteError as error:
            if in_transaction(notes.session) or error.details.get("writeConcernErrors"):
                raise
            failed = {failure["index"] for failure in error.details["writeErrors"]}
            await notes.settle(entry, range(min(failed), len(part)) if ordered else failed)
            errors += [{**each, "index": start + each["index"]} for each in error.details["writeErrors"]]
            inserted += error.details["nInserted"]
        except BaseException as error:
            await notes.fail(entry, error)
            raise
        if errors and ordered:
            break
    if errors:
        counts = dict.fromkeys(("nUpserted", "nMatched", "nModified", "nRemoved"), 0)
        raise BulkWriteError(
            {"writeErrors": errors, "writeConcernErrors": [], "nInserted": inserted, "upserted": [], **counts}
        )
    return InsertManyResult([document["_id"] for document in documents], acknowledged=True)
