"""Writing entries: ahead of the change, and those of many writers together."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from webos.data.audit.entry import bounded
from webos.data.stamp import Stamp

if TYPE_CHECKING:
    from bson import CodecOptions
    from bson.raw_bson import RawBSONDocument
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["JOURNAL", "Journal"]

Row = dict[str, Any]

JOURNAL = "webos.audit"
"""The collection of the entries. It is in no registry, so modules do not reach it."""


class Journal:
    """The entries of one database.

    An entry is written before the change that it tells of, and taken back if the change did not happen. So no change
    is without its entry, whenever the process ends; an entry without a change is recognised by those who read.

    Args:
        database: The driver's database, which must take and give all kinds of values.

    Attributes:
        entries: The driver's collection.
    """

    __slots__ = ("_alone", "_database", "_latest", "_running", "_waiting", "entries")

    def __init__(self, database: "AsyncDatabase[Row]") -> None:
        self._database = database
        self.entries: AsyncCollection[Row] = database[JOURNAL]
        self._waiting: list[tuple[list[RawBSONDocument], asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None
        self._alone = 0
        self._latest = datetime.min.replace(tzinfo=UTC)

    @property
    def codec(self) -> "CodecOptions[Any]":
        """How values are stored."""
        return self.entries.codec_options

    def documents(self, collection: str) -> "AsyncCollection[Row]":
        """Return the driver's collection of documents that entries tell of."""
        return self._database[collection]

    @property
    def busy(self) -> bool:
        """Whether entries are on their way, so that what comes now can go with others."""
        return self._alone > 0 or (self._running is not None and not self._running.done())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Say for the block that an entry is on its way together with its change."""
        self._alone += 1
        try:
            yield
        finally:
            self._alone -= 1

    def distinct(self, stamp: Stamp) -> Stamp:
        """Return a stamp later than all that this gave before, so that a change of many documents can be recognised."""
        self._latest = max(stamp.at, self._latest + timedelta(milliseconds=1))
        return replace(stamp, at=self._latest)

    async def note(self, entries: Sequence[Row], session: AsyncClientSession | None = None) -> None:
        """Store entries; returns when they are stored.

        Outside of a transaction, what gathers while a request is under way goes with the next one.

        Args:
            entries: The entries.
            session: The caller's; in its transaction the entries are a part of it.
        """
        encoded = [bounded(entry, self.codec) for entry in entries]
        if session is not None and session.in_transaction:
            await self.entries.insert_many(encoded, session=session)
            return
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((encoded, stored))
        if self._running is None or self._running.done():
            # A context of its own: time limits of the first writer are none of the others' business.
            self._running = asyncio.create_task(self._store_waiting(), name="journal", context=Context())
        await stored

    async def note_again(self, entry: Row, session: AsyncClientSession | None = None) -> None:
        """Store an entry that may be stored already."""
        with suppress(DuplicateKeyError):
            await self.entries.insert_one(bounded(entry, self.codec), session=session)

    async def forget(self, entries: Sequence[Row], session: AsyncClientSession | None = None) -> None:
        """Take back entries whose change did not happen."""
        identities = [entry["_id"] for entry in entries]
        await self.entries.delete_many({"_id": {"$in": identities}}, session=session)

    async def narrow(self, entry: Row, kept: Sequence[Any], session: AsyncClientSession | None = None) -> None:
        """Leave in an entry only the documents that were changed; with none of them, take it back."""
        if not kept:
            await self.forget([entry], session)
            return
        left = {"$set": {"documents": list(kept)}}
        await self.entries.update_one({"_id": entry["_id"]}, left, session=session)

    async def complete(self, changes: Mapping[Any, Row], session: AsyncClientSession | None = None) -> None:
        """Fill in what became known only after the change.

        Args:
            changes: All changed fields, by the id of the entry.
            session: The caller's.
        """
        updates = [UpdateOne({"_id": identity}, {"$set": {"changes": known}}) for identity, known in changes.items()]
        await self.entries.bulk_write(updates, ordered=False, session=session)

    async def _store_waiting(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                await self._store([entry for entries, _ in taken for entry in entries])
            except BaseException as error:
                for _, stored in taken:
                    if not stored.done():
                        stored.set_exception(_copy(error))
                if isinstance(error, asyncio.CancelledError):
                    raise
            else:
                for _, stored in taken:
                    if not stored.done():
                        stored.set_result(None)

    async def _store(self, entries: "list[RawBSONDocument]") -> None:
        if len(entries) == 1:
            await self.entries.insert_one(entries[0])
        else:
            await self.entries.insert_many(entries, ordered=False)


def _copy(error: BaseException) -> BaseException:
    """Return an error of its own for each writer: one that is raised in several tasks collects all their tracebacks."""
    if isinstance(error, asyncio.CancelledError):
        return ConnectionError("the journal was closed")
    try:
        copy = type(error)(*error.args)
    except TypeError:
        return error
    return copy
