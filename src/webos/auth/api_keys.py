"""API keys as they are stored: the program holds the key, the database its hash only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex, token_urlsafe
from typing import Any
from uuid import UUID

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.sessions import hash_token

__all__ = ["KEY_PREFIX", "NOTED_EVERY", "ApiKey", "KeyStore"]

KEY_PREFIX = "wbs_"
"""How every key begins, so that scanners for leaked secrets find it."""

NOTED_EVERY = timedelta(minutes=1)
"""How often the use of a key is written down at most."""

_BYTES = 32
_SHOWN = len(KEY_PREFIX) + 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key, without what opens anything.

    Attributes:
        key: Hash of the key.
        id: Names the key to people; it opens nothing.
        user_id: Who acts with it.
        name: What its owner calls it.
        start: Its first letters, to recognise it by.
        scopes: Permissions and wildcards it is limited to.
        created_at: When it was made.
        expires_at: When it ends; None for never.
        last_used_at: When it was last used, to the minute; None for never.
        last_address: Where that came from.
    """

    key: str = field(repr=False)
    id: str
    user_id: UUID
    name: str
    start: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    last_address: str = ""

    def is_expired(self, now: datetime) -> bool:
        """Return whether it has ended."""
        return self.expires_at is not None and self.expires_at <= now


class KeyStore:
    """Keys in the database.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._keys = database["webos_api_keys"]

    async def ensure_indexes(self) -> None:
        """Make the indexes: by user, by public id."""
        await self._keys.create_index("user_id")
        await self._keys.create_index("public_id", unique=True)

    async def create(
        self, user_id: UUID, name: str, scopes: Iterable[str], lifetime: timedelta | None
    ) -> tuple[str, ApiKey]:
        """Make a key and return it, which is nowhere else, and what is stored of it.

        Args:
            user_id: Who acts with it.
            name: What its owner calls it.
            scopes: Checked permissions and wildcards.
            lifetime: How long it counts; None for ever.
        """
        secret = KEY_PREFIX + token_urlsafe(_BYTES)
        now = datetime.now(UTC).replace(microsecond=0)
        made = ApiKey(
            key=hash_token(secret),
            id=token_hex(6),
            user_id=user_id,
            name=name,
            start=secret[:_SHOWN],
            scopes=tuple(scopes),
            created_at=now,
            expires_at=now + lifetime if lifetime is not None else None,
        )
        await self._keys.insert_one(
            {
                "_id": made.key,
                "public_id": made.id,
                "user_id": made.user_id,
                "name": made.name,
                "start": made.start,
                "scopes": list(made.scopes),
                "created_at": made.created_at,
                "expires_at": made.expires_at,
                "last_used_at": None,
                "last_address": "",
            }
        )
        return secret, made

    async def get(self, key: str) -> ApiKey | None:
        """Return the key with a hash, also one that has expired."""
        document = await self._keys.find_one({"_id": key})
        return _key(document) if document else None

    async def of_user(self, user_id: UUID) -> list[ApiKey]:
        """Return all keys of a user, the newest first."""
        return [_key(document) async for document in self._keys.find({"user_id": user_id}).sort("created_at", -1)]

    async def find(self, key_id: str, user_id: UUID | None = None) -> ApiKey | None:
        """Return the key with an id, where it is the user's; anybody's where `user_id` is None."""
        query: dict[str, Any] = {"public_id": key_id}
        if user_id is not None:
            query["user_id"] = user_id
        document = await self._keys.find_one(query)
        return _key(document) if document else None

    async def use(self, key: str, now: datetime, address: str) -> bool:
        """Note that a key is used, at most once a minute, and return whether it is for the first time."""
        quiet = [{"last_used_at": None}, {"last_used_at": {"$lte": now - NOTED_EVERY}}]
        before = await self._keys.find_one_and_update(
            {"_id": key, "$or": quiet}, {"$set": {"last_used_at": now, "last_address": address}}
        )
        return before is not None and before["last_used_at"] is None

    async def remove(self, key: str) -> bool:
        """Remove the key with a hash and return whether there was one."""
        return bool((await self._keys.delete_one({"_id": key})).deleted_count)

    async def remove_user(self, user_id: UUID) -> None:
        """Remove all keys of a user."""
        await self._keys.delete_many({"user_id": user_id})


def _key(document: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        key=document["_id"],
        id=document["public_id"],
        user_id=document["user_id"],
        name=document["name"],
        start=document["start"],
        scopes=tuple(document["scopes"]),
        created_at=document["created_at"],
        expires_at=document["expires_at"],
        last_used_at=document["last_used_at"],
        last_address=document["last_address"],
    )
