"""Sessions as they are stored: the browser holds the token, the database its hash only."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex, token_urlsafe
from typing import Any
from uuid import UUID

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.accounts import Account

__all__ = ["SessionRecord", "SessionStore", "hash_token"]

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """One sign-in on one device.

    Attributes:
        key: Hash of the token.
        public_id: Names the session to people and to other parts; it opens nothing.
        user_id: Whose it is.
        auth_version: The account's `auth_version` at sign-in; the session counts while both are equal.
        created_at: When it began.
        last_seen_at: When it was last used, to the minute.
        expires_at: When it ends, used or not.
    """

    key: str = field(repr=False)
    public_id: str
    user_id: UUID
    auth_version: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def hash_token(token: str) -> str:
    """Return the hash under which a token's session is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


class SessionStore:
    """Sessions in the database; the server removes expired ones.

    Args:
        database: The database, without the guard.
        lifetime: Time from sign-in to the end of a session.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], lifetime: timedelta) -> None:
        self._sessions = database["webos_sessions"]
        self._lifetime = lifetime

    async def ensure_indexes(self) -> None:
        """Make the indexes: expiry, by user, by public id."""
        await self._sessions.create_index("expires_at", expireAfterSeconds=0)
        await self._sessions.create_index("user_id")
        await self._sessions.create_index("public_id", unique=True)

    async def create(self, account: Account) -> tuple[str, SessionRecord]:
        """Begin a session and return its new token, which is nowhere else, and its record."""
        token = token_urlsafe(_TOKEN_BYTES)
        now = datetime.now(UTC).replace(microsecond=0)
        record = SessionRecord(
            key=hash_token(token),
            public_id=token_hex(12),
            user_id=account.id,
            auth_version=account.auth_version,
            created_at=now,
            last_seen_at=now,
            expires_at=now + self._lifetime,
        )
        await self._sessions.insert_one(
            {
                "_id": record.key,
                "public_id": record.public_id,
                "user_id": record.user_id,
                "auth_version": record.auth_version,
                "created_at": record.created_at,
                "last_seen_at": record.last_seen_at,
                "expires_at": record.expires_at,
            }
        )
        return token, record

    async def get(self, key: str) -> SessionRecord | None:
        """Return the session with the hash `key`, also one that has expired and is not yet removed."""
        document = await self._sessions.find_one({"_id": key})
        return _record(document) if document else None

    async def touch(self, key: str, now: datetime) -> None:
        """Note that a session was used."""
        await self._sessions.update_one({"_id": key}, {"$set": {"last_seen_at": now}})

    async def end(self, key: str) -> None:
        """End the session with the hash `key`, where there is one."""
        await self._sessions.delete_one({"_id": key})

    async def end_public(self, public_id: str) -> None:
        """End the session with a public id, where there is one."""
        await self._sessions.delete_one({"public_id": public_id})

    async def end_user(self, user_id: UUID) -> None:
        """End all sessions of a user."""
        await self._sessions.delete_many({"user_id": user_id})


def _record(document: Mapping[str, Any]) -> SessionRecord:
    return SessionRecord(
        key=document["_id"],
        public_id=document["public_id"],
        user_id=document["user_id"],
        auth_version=document["auth_version"],
        created_at=document["created_at"],
        last_seen_at=document["last_seen_at"],
        expires_at=document["expires_at"],
    )
