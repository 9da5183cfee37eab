"""Passkeys as they are stored: public keys, which open nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

__all__ = ["Passkey", "PasskeyStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey of a user.

    Attributes:
        id: Its credential id, in base 64.
        user_id: Whose it is.
        name: What its user calls it.
        public_key: Checks what it signs.
        sign_count: How often it says it was used; always 0 for those that are synchronised.
        synchronised: Whether it may be copied between devices.
        backed_up: Whether it was, when it was used last.
        transports: How browsers reach it.
        created_at: When it was added.
        last_used_at: When it was used last.
    """

    id: str
    user_id: UUID
    name: str
    public_key: bytes = field(repr=False)
    sign_count: int = 0
    synchronised: bool = False
    backed_up: bool = False
    transports: tuple[str, ...] = ()
    created_at: datetime
    last_used_at: datetime | None = None


class PasskeyStore:
    """Passkeys in the database.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._passkeys = database["webos_passkeys"]

    async def ensure_indexes(self) -> None:
        """Make the index by user."""
        await self._passkeys.create_index("user_id")

    async def add(self, passkey: Passkey) -> bool:
        """Store a passkey and return whether it is new."""
        try:
            await self._passkeys.insert_one(
                {
                    "_id": passkey.id,
                    "user_id": passkey.user_id,
                    "name": passkey.name,
                    "public_key": passkey.public_key,
                    "sign_count": passkey.sign_count,
                    "synchronised": passkey.synchronised,
                    "backed_up": passkey.backed_up,
                    "transports": list(passkey.transports),
                    "created_at": passkey.created_at,
                    "last_used_at": passkey.last_used_at,
                }
            )
        except DuplicateKeyError:
            return False
        return True

    async def get(self, passkey_id: str) -> Passkey | None:
        """Return the passkey with a credential id."""
        row = await self._passkeys.find_one({"_id": passkey_id})
        return _passkey(row) if row else None

    async def of_user(self, user_id: UUID) -> list[Passkey]:
        """Return the passkeys of a user, the oldest first."""
        return [_passkey(row) async for row in self._passkeys.find({"user_id": user_id}).sort("created_at", 1)]

    async def use(self, passkey: Passkey, sign_count: int, *, backed_up: bool) -> bool:
        """Note a use, and return whether nobody else has noted one of the same count meanwhile.

        Args:
            passkey: The passkey, as it was when its answer was checked.
            sign_count: How often it says it was used.
            backed_up: Whether it says it was copied.
        """
        used = {
            "sign_count": sign_count,
            "backed_up": backed_up,
            "last_used_at": datetime.now(UTC).replace(microsecond=0),
        }
        query = {"_id": passkey.id, "sign_count": passkey.sign_count}
        return bool((await self._passkeys.update_one(query, {"$set": used})).matched_count)

    async def rename(self, passkey_id: str, user_id: UUID, name: str) -> bool:
        """Call a passkey something else, and return whether the user has it."""
        query = {"_id": passkey_id, "user_id": user_id}
        return bool((await self._passkeys.update_one(query, {"$set": {"name": name}})).matched_count)

    async def remove(self, passkey_id: str, user_id: UUID) -> bool:
        """Remove a passkey, and return whether the user had it."""
        return bool((await self._passkeys.delete_one({"_id": passkey_id, "user_id": user_id})).deleted_count)

    async def forget(self, user_id: UUID) -> None:
        """Remove all passkeys of a user."""
        await self._passkeys.delete_many({"user_id": user_id})


def _passkey(row: Mapping[str, Any]) -> Passkey:
    return Passkey(
        id=row["_id"],
        user_id=row["user_id"],
        name=row["name"],
        public_key=bytes(row["public_key"]),
        sign_count=row["sign_count"],
        synchronised=row["synchronised"],
        backed_up=row["backed_up"],
        transports=tuple(row["transports"]),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
    )
