"""Inserting very many documents without keeping the event loop busy, and passing over ids that are taken."""

import asyncio
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import bson
from bson import CodecOptions, ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from webos.data.audit.applied import READING
from webos.data.guard.insertion import insert_many

if TYPE_CHECKING:
    from webos.data.guard.inserts import InsertNotes

__all__ = ["insert_missing"]

Row = dict[str, Any]
_Encoded = tuple[Any, RawBSONDocument]
"""The id of a document, and the document as it is sent: to read the id out of that would decode it as a whole."""

_DUPLICATE_KEY = 11000
_AT_ONCE = 500
# A thread that encodes gives way to the event loop after each slice. Measured with 1,000 documents of 600 bytes, the
# loop stands still for 2 ms at most; without encoding beforehand the driver holds it for 80 ms.
_SLICE = 100


async def insert_missing(
    collection: AsyncCollection[Row],
    documents: Iterable[Row],
    *,
    phantom_keys: bool,
    notes: "InsertNotes | None" = None,
) -> int:
    """Insert those of `documents` whose id is free, in no order, and return how many these are.

    Args:
        collection: The driver's collection.
        documents: The stamped documents; they are read in a thread.
        phantom_keys: As for `insert_many`.
        notes: Writes the entries, where there are to be any.

    Raises:
        BulkWriteError: A document was refused for another reason than its id.
    """
    rows = iter(documents)
    new = 0
    following = await _encode(rows, collection.codec_options)
    while following:
        encoded = following
        # The next ones are encoded while the server works.
        refused, following = await asyncio.gather(
            _insert(collection, encoded, phantom_keys=phantom_keys, notes=notes),
            _encode(rows, collection.codec_options),
        )
        others = [failure for failure in refused if not _is_about_id(failure)]
        new += len(encoded) - len(refused)
        if others and (real := await _not_stored(collection, encoded, others)):
            raise BulkWriteError({"writeErrors": real, "nInserted": new})
    return new


async def _encode(rows: Iterator[Row], options: "CodecOptions[Any]") -> list[_Encoded]:
    encoded: list[_Encoded] = []
    while len(encoded) < _AT_ONCE and (part := await asyncio.to_thread(_encode_slice, rows, options)):
        encoded += part
    return encoded


def _encode_slice(rows: Iterator[Row], options: "CodecOptions[Any]") -> list[_Encoded]:
    encoded: list[_Encoded] = []
    for row in itertools.islice(rows, _SLICE):
        document = {"_id": ObjectId(), **row}
        encoded.append((document["_id"], RawBSONDocument(bson.encode(document, codec_options=options))))
    return encoded


async def _insert(
    collection: AsyncCollection[Row], encoded: list[_Encoded], *, phantom_keys: bool, notes: "InsertNotes | None"
) -> list[Row]:
    """Insert documents with their entry and return the failures, as the driver words them."""
    if notes is None:
        return await _insert_encoded(collection, encoded, phantom_keys=phantom_keys)
    entry = await notes.note([identity for identity, _ in encoded])
    try:
        failures = await _insert_encoded(collection, encoded, phantom_keys=phantom_keys)
    except BaseException as error:
        await notes.fail(entry, error)
        raise
    await notes.settle(entry, {failure["index"] for failure in failures})
    return failures


async def _insert_encoded(
    collection: AsyncCollection[Row], encoded: list[_Encoded], *, phantom_keys: bool
) -> list[Row]:
    try:
        await collection.insert_many([document for _, document in encoded], ordered=False)
    except BulkWriteError as error:
        return _failures(error)
    except DuplicateKeyError:
        # A server with phantom keys refuses the request as a whole for one of them.
        documents = [bson.decode(document.raw, collection.codec_options) for _, document in encoded]
        try:
            await insert_many(collection, documents, phantom_keys=phantom_keys, ordered=False)
        except BulkWriteError as error:
            return _failures(error)
    return []


def _failures(error: BulkWriteError) -> list[Row]:
    if error.details.get("writeConcernErrors"):
        raise error
    failures: list[Row] = error.details.get("writeErrors", [])
    return failures


async def _not_stored(collection: AsyncCollection[Row], encoded: list[_Encoded], failures: list[Row]) -> list[Row]:
    """Return the failures of documents that are not stored: where id and another key are taken, either is named."""
    identities = {failure["index"]: encoded[failure["index"]][0] for failure in failures}
    found = await collection.find({"_id": {"$in": list(identities.values())}}, {"_id": 1}, comment=READING).to_list()
    stored = {document["_id"] for document in found}
    return [failure for failure in failures if identities[failure["index"]] not in stored]


def _is_about_id(failure: Row) -> bool:
    return failure.get("code") == _DUPLICATE_KEY and list(failure.get("keyPattern") or {}) == ["_id"]
