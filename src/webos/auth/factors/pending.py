"""Sign-ins between the first and the second factor: no session, and no right but to go on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.accounts import Account

__all__ = ["PENDING_LASTS", "PendingSignIn", "PendingStore"]

PENDING_LASTS = timedelta(minutes=10)
"""How long somebody may take for the second factor."""

_BYTES = 32
_LONGEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSignIn:
    """A sign-in that lacks its second factor.

    Attributes:
        key: Hash of its code.
        user_id: Who has proved his first factor.
        auth_version: The account's `auth_version` at that time.
        proofs: What was proved, and when.
    """

    key: str = field(repr=False)
    user_id: UUID
    auth_version: int
    proofs: Mapping[str, datetime]


class PendingStore:
    """Pending sign-ins in the database.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._pending = database["webos_pending_sign_ins"]

    async def ensure_indexes(self) -> None:
        """Make the indexes: expiry, and by user."""
        await self._pending.create_index("expires_at", expireAfterSeconds=0)
        await self._pending.create_index("user_id")

    async def issue(self, account: Account, proofs: Mapping[str, datetime]) -> str:
        """Keep a pending sign-in and return its code, which is nowhere else."""
        code = token_urlsafe(_BYTES)
        await self._pending.insert_one(
            {
                "_id": _hash(code),
                "user_id": account.id,
                "auth_version": account.auth_version,
                "proofs": dict(proofs),
                "expires_at": datetime.now(UTC) + PENDING_LASTS,
            }
        )
        return code

    async def look(self, code: str) -> PendingSignIn | None:
        """Return the pending sign-in with a code and leave it valid; None where there is none."""
        if len(code) > _LONGEST:
            return None
        row = await self._pending.find_one({"_id": _hash(code), "expires_at": {"$gt": datetime.now(UTC)}})
        if row is None:
            return None
        return PendingSignIn(
            key=row["_id"], user_id=row["user_id"], auth_version=row["auth_version"], proofs=row["proofs"]
        )

    async def redeem(self, pending: PendingSignIn) -> bool:
        """Make a pending sign-in void and return whether it still was valid; of several at once one is told so."""
        return await self._pending.find_one_and_delete({"_id": pending.key}) is not None

    async def void(self, user_id: UUID) -> None:
        """Make all pending sign-ins of a user void."""
        await self._pending.delete_many({"user_id": user_id})


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogateescape")).hexdigest()
