"""Challenges of passkeys: each is asked once, answered once, for one purpose."""

import hashlib
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["ChallengeStore"]

_BYTES = 32
_LASTS = timedelta(minutes=5)


class ChallengeStore:
    """Challenges in the database: their hashes only.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._challenges = database["webos_challenges"]

    async def ensure_indexes(self) -> None:
        """Make the index of expiry."""
        await self._challenges.create_index("expires_at", expireAfterSeconds=0)

    async def issue(self, purpose: str) -> bytes:
        """Return a new challenge for a purpose, which also says who is asked."""
        challenge = token_bytes(_BYTES)
        expires = datetime.now(UTC) + _LASTS
        await self._challenges.insert_one({"_id": _key(challenge), "purpose": purpose, "expires_at": expires})
        return challenge

    async def redeem(self, challenge: bytes, purpose: str) -> bool:
        """Make a challenge void, and return whether it was asked for this purpose and not yet answered."""
        query = {"_id": _key(challenge), "purpose": purpose, "expires_at": {"$gt": datetime.now(UTC)}}
        return await self._challenges.find_one_and_delete(query) is not None


def _key(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()
