"""A change and its entry in the record, stored both or neither."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

__all__ = ["Within", "together"]

T = TypeVar("T")

Within = AsyncClientSession | None
"""The transaction that a write belongs to; None for one by itself."""


async def together(database: AsyncDatabase[dict[str, Any]], write: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
    """Do writes in one transaction and return what they return.

    Args:
        database: The database, without the guard.
        write: Does them; it may be called again where others write the same.
    """
    async with database.client.start_session() as session:
        try:
            done: T = await session.with_transaction(write)
        except DuplicateKeyError:
            # Two upserts met and the other one inserted; now there is something to update.
            done = await session.with_transaction(write)
    return done
