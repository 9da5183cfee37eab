"""Who may run migrations: one process at a time, for as long as it shows signs of life.

The lease alone cannot hold back a process that was paused and goes on without knowing that another took its place.
So each lease has a number, greater than all before it, and a second document, the fence, holds the greatest. What a
migration writes in a transaction counts only if in that same transaction the fence still holds the number of its
runner. The fence is a document of its own because the lease is renewed all the time: a long transaction that wrote
to it would always conflict.

A killed process may leave a transaction open, which the server keeps for a minute and which holds back whoever wants
the same documents. So the lease names the session of its holder, and who takes over ends it.
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import Binary
from loguru import logger
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from webos.data.migrations.errors import LeaseLostError

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["LOCK", "MigrationLease", "holding_lease"]

LOCK = "webos_migration_lock"
"""The collection with the lease and its fence."""
_LEASE = "lease"
_FENCE = "fence"
_POLL_SECONDS = 0.25
_TELL_SECONDS = 10.0
_RENEWALS = 4


class MigrationLease:
    """The lease while this process has it.

    Args:
        collection: Where it is.
        token: Tells this holder from all others.
        number: Greater than those of all holders before.
        seconds: How long it holds without a sign of life.
        since: When it was taken, by the monotonic clock.
        session: The session for all transactions of the holder.

    Attributes:
        number: Greater than those of all holders before.
        session: The session for all transactions of the holder.
    """

    def __init__(
        self,
        collection: "AsyncCollection[dict[str, Any]]",
        token: str,
        number: int,
        *,
        seconds: float,
        since: float,
        session: "AsyncClientSession",
    ) -> None:
        self.number = number
        self.session = session
        self._collection = collection
        self._token = token
        self._seconds = seconds
        self._until = since + seconds
        self._lost = False

    async def confirm(self) -> None:
        """Make sure that nobody else has taken over; asks the database only if it was not asked for long.

        Raises:
            LeaseLostError: Somebody has.
        """
        if not self._lost and time.monotonic() >= self._until:
            await self.renew()
        if self._lost:
            raise LeaseLostError

    async def renew(self) -> None:
        """Begin it anew; if another has it, note that it is lost."""
        begun = time.monotonic()
        result = await self._collection.update_one(
            {"_id": _LEASE, "owner": self._token}, [{"$set": {"until": _from_now(self._seconds)}}]
        )
        if result.matched_count:
            self._until = begun + self._seconds
        else:
            self._lost = True

    async def guard(self, session: "AsyncClientSession") -> None:
        """Let the session's transaction commit only if nobody has taken over by then.

        Raises:
            LeaseLostError: Somebody has.
        """
        result = await self._collection.update_one(
            {"_id": _FENCE, "number": self.number}, {"$inc": {"writes": 1}}, session=session
        )
        if not result.matched_count:
            self._lost = True
            raise LeaseLostError

    async def release(self) -> None:
        """Let the next one have it at once."""
        await self._collection.update_one(
            {"_id": _LEASE, "owner": self._token},
            {"$set": {"until": datetime.fromtimestamp(0, UTC), "owner": None, "session": None}},
        )


@asynccontextmanager
async def holding_lease(
    database: "AsyncDatabase[dict[str, Any]]", *, seconds: float, on_wait: Callable[[str], None] | None = None
) -> AsyncIterator[MigrationLease]:
    """Wait until nobody runs migrations, and hold the lease for the block.

    Args:
        database: The driver's database.
        seconds: How long it holds without a sign of life.
        on_wait: Called with who holds it, at first and from time to time while we wait.
    """
    async with database.client.start_session() as session:
        lease = await _acquire(database[LOCK], seconds, session, on_wait)
        renewal = asyncio.create_task(_keep(lease, seconds), name="migration lease")
        try:
            yield lease
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)
            # If the database is gone, the lease ends by itself.
            with suppress(PyMongoError):
                await lease.release()


async def _keep(lease: MigrationLease, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds / _RENEWALS)
        try:
            await lease.renew()
        except PyMongoError as error:
            logger.warning("the lease for migrations could not be renewed: {}", type(error).__name__)


async def _acquire(
    collection: "AsyncCollection[dict[str, Any]]",
    seconds: float,
    session: "AsyncClientSession",
    on_wait: Callable[[str], None] | None,
) -> MigrationLease:
    nobody = {
        "until": datetime.fromtimestamp(0, UTC),
        "owner": None,
        "number": 0,
        "host": "",
        "session": None,
        "previous": None,
    }
    first = {"$setOnInsert": nobody}
    # Two that make it at the same moment: one of them has.
    with suppress(DuplicateKeyError):
        await collection.update_one({"_id": _LEASE}, first, upsert=True)
    token, told = token_hex(8), float("-inf")
    while True:
        begun = time.monotonic()
        await collection.update_one({"_id": _LEASE}, _take(token, seconds, session))
        found = await collection.find_one({"_id": _LEASE}) or {}
        if found.get("owner") == token:
            number = int(found["number"])
            await _end_session(collection, found.get("previous"))
            await _raise_fence(collection, number)
            return MigrationLease(collection, token, number, seconds=seconds, since=begun, session=session)
        if on_wait is not None and begun - told >= _TELL_SECONDS:
            told = begun
            on_wait(str(found.get("host", "")))
        await asyncio.sleep(_POLL_SECONDS)


async def _end_session(collection: "AsyncCollection[dict[str, Any]]", session: UUID | None) -> None:
    if session is not None:
        # Where the account may not, the server ends it by itself, only later.
        with suppress(OperationFailure):
            await collection.database.client.admin.command({"killSessions": [{"id": Binary.from_uuid(session)}]})


async def _raise_fence(collection: "AsyncCollection[dict[str, Any]]", number: int) -> None:
    """Shut out all holders before; one that is about to commit is waited for."""
    while True:
        try:
            await collection.update_one({"_id": _FENCE}, {"$max": {"number": number}}, upsert=True)
        except DuplicateKeyError:
            continue
        return


def _take(token: str, seconds: float, session: "AsyncClientSession") -> list[dict[str, Any]]:
    """Return the update that takes the lease if it is free, by the clock of the database server."""
    taken = {"$eq": ["$owner", token]}
    host = f"{socket.gethostname()} ({os.getpid()})"
    return [
        {"$set": {"owner": {"$cond": [{"$lte": ["$until", "$$NOW"]}, token, "$owner"]}}},
        {
            "$set": {
                "number": {"$cond": [taken, {"$add": ["$number", 1]}, "$number"]},
                "until": {"$cond": [taken, _from_now(seconds), "$until"]},
                "host": {"$cond": [taken, {"$literal": host}, "$host"]},
                "previous": {"$cond": [taken, "$session", "$previous"]},
                "session": {"$cond": [taken, session.session_id["id"], "$session"]},
            }
        },
    ]


def _from_now(seconds: float) -> dict[str, Any]:
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": int(seconds * 1000)}}
