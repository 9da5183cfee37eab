"""Slowing down those who guess codes of apps: counted in the database, for all processes together."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from webos.auth.errors import SignInThrottledError

__all__ = ["CodeThrottle"]


@dataclass(frozen=True, slots=True)
class _Limit:
    """How many wrong codes are looked at within a window of so many seconds."""

    name: str
    most: int
    seconds: int


# A guess is right three times in a million. From places where the user has never signed in there are at most thirty a day;
# where he has, guesses from elsewhere do not count, so that nobody can shut him out there.
_FAMILIAR = (_Limit("familiar", 10, 15 * 60),)
_STRANGE = (_Limit("strange", 5, 15 * 60), _Limit("strange-day", 30, 24 * 3600))


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted.

    Attributes:
        keys: Where it was counted.
        closes: Whether it is the last one for now.
    """

    keys: tuple[str, ...]
    closes: bool


class CodeThrottle:
    """Counts attempts by user; an attempt counts when it begins, and is taken back when it succeeds.

    Recovery codes and passkeys cannot be guessed and are not counted: they are always a way in.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._attempts = database["webos_code_attempts"]

    async def ensure_indexes(self) -> None:
        """Make the index of expiry."""
        await self._attempts.create_index("expires_at", expireAfterSeconds=0)

    async def begin(self, user_id: UUID, *, familiar: str) -> Attempt:
        """Count an attempt.

        Args:
            user_id: Whose code is asked for.
            familiar: Names the place, where the user has signed in from there before; empty elsewhere.

        Raises:
            SignInThrottledError: There were too many attempts; this one is not looked at.
        """
        now = datetime.now(UTC)
        keys, closes = [], False
        for limit in _FAMILIAR if familiar else _STRANGE:
            window = int(now.timestamp()) // limit.seconds
            ends = datetime.fromtimestamp((window + 1) * limit.seconds, UTC)
            key = hashlib.sha256(f"{user_id}\n{limit.name}\n{familiar}\n{window}".encode()).hexdigest()
            count = await self._count(key, ends)
            if count > limit.most:
                raise SignInThrottledError((ends - now).total_seconds())
            keys.append(key)
            closes = closes or count == limit.most
        return Attempt(tuple(keys), closes)

    async def succeeded(self, attempt: Attempt) -> None:
        """Take an attempt back: the code was right."""
        await self._attempts.update_many({"_id": {"$in": list(attempt.keys)}}, {"$inc": {"count": -1}})

    async def _count(self, key: str, ends: datetime) -> int:
        # No upsert: two at once may both try to insert, and one of them would get nothing back.
        for _ in range(2):
            found = await self._attempts.find_one_and_update(
                {"_id": key}, {"$inc": {"count": 1}}, return_document=ReturnDocument.AFTER
            )
            if found is not None:
                return int(found["count"])
            try:
                await self._attempts.insert_one({"_id": key, "count": 1, "expires_at": ends})
            except DuplicateKeyError:
                continue
            return 1
        msg = "the attempts cannot be counted"
        raise RuntimeError(msg)
