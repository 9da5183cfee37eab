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
from webos.auth.device import device_name
from webos.auth.together import Within

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
        address: Where the sign-in came from.
        user_agent: What the browser or program says of itself.
        proofs: By what its user has proved who he is, and when.
        proved_at: When he did so for the last time.
        viewed_id: As whom its user looks at the system for now; None for himself.
        view_ends_at: Until when he does.
    """

    key: str = field(repr=False)
    public_id: str
    user_id: UUID
    auth_version: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str = ""
    user_agent: str = ""
    proofs: Mapping[str, datetime] = field(default_factory=dict)
    proved_at: datetime
    viewed_id: UUID | None = None
    view_ends_at: datetime | None = None

    @property
    def device(self) -> str:
        """The device in words, such as `Firefox on Linux`."""
        return device_name(self.user_agent)


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

    async def create(
        self,
        account: Account,
        *,
        address: str = "",
        user_agent: str = "",
        proofs: Mapping[str, datetime] | None = None,
    ) -> tuple[str, SessionRecord]:
        """Begin a session and return its new token, which is nowhere else, and its record.

        Args:
            account: Whose.
            address: Where the sign-in comes from.
            user_agent: What the browser or program says of itself.
            proofs: By what he has proved who he is, and when; now, where that is not known.
        """
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
            address=address,
            user_agent=user_agent,
            proofs=dict(proofs or {}),
            proved_at=max((proofs or {}).values(), default=now),
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
                "address": record.address,
                "user_agent": record.user_agent,
                "proofs": record.proofs,
                "proved_at": record.proved_at,
            }
        )
        return token, record

    async def get(self, key: str) -> SessionRecord | None:
        """Return the session with the hash `key`, also one that has expired and is not yet removed."""
        document = await self._sessions.find_one({"_id": key})
        return _record(document) if document else None

    async def get_public(self, public_id: str) -> SessionRecord | None:
        """Return the session with a public id, also one that has expired and is not yet removed."""
        document = await self._sessions.find_one({"public_id": public_id})
        return _record(document) if document else None

    async def of_user(self, user_id: UUID) -> list[SessionRecord]:
        """Return all sessions of a user, the one used last first."""
        query = {"user_id": user_id, "expires_at": {"$gt": datetime.now(UTC)}}
        return [_record(document) async for document in self._sessions.find(query).sort("last_seen_at", -1)]

    async def touch(self, key: str, now: datetime) -> None:
        """Note that a session was used."""
        await self._sessions.update_one({"_id": key}, {"$set": {"last_seen_at": now}})

    async def prove(self, public_id: str, proof: str) -> SessionRecord | None:
        """Note that the user of a session has proved himself again, and return what it was, where there is one."""
        now = datetime.now(UTC).replace(microsecond=0)
        update = {"$set": {f"proofs.{proof}": now, "proved_at": now}}
        document = await self._sessions.find_one_and_update({"public_id": public_id}, update)
        return _record(document) if document else None

    async def view(self, public_id: str, user_id: UUID, viewed_id: UUID, until: datetime) -> bool:
        """Let a session look as another user, unless it does so already, and return whether it does now.

        Args:
            public_id: The session.
            user_id: Whose it must be.
            viewed_id: As whom.
            until: When that ends by itself.
        """
        free = [{"viewed_id": None}, {"view_ends_at": {"$lte": datetime.now(UTC)}}]
        query = {"public_id": public_id, "user_id": user_id, "$or": free}
        update = {"$set": {"viewed_id": viewed_id, "view_ends_at": until}}
        return bool((await self._sessions.update_one(query, update)).matched_count)

    async def end_view(self, public_id: str) -> SessionRecord | None:
        """Let a session be its own user's again, and return what it was, where it looked as another one."""
        document = await self._sessions.find_one_and_update(
            {"public_id": public_id, "viewed_id": {"$ne": None}}, {"$set": {"viewed_id": None, "view_ends_at": None}}
        )
        return _record(document) if document else None

    async def viewing(self, user_id: UUID) -> list[SessionRecord]:
        """Return the sessions of a user in which he looks at the system as another one."""
        query = {"user_id": user_id, "viewed_id": {"$ne": None}, "view_ends_at": {"$gt": datetime.now(UTC)}}
        return [_record(document) async for document in self._sessions.find(query)]

    async def end(self, key: str) -> SessionRecord | None:
        """End the session with the hash `key` and return what it was, where there was one."""
        document = await self._sessions.find_one_and_delete({"_id": key})
        return _record(document) if document else None

    async def end_public(self, public_id: str, user_id: UUID | None = None) -> bool:
        """End the session with a public id and return whether there was one.

        Args:
            public_id: Its id.
            user_id: Whose it must be; anybody's where None.
        """
        query: dict[str, Any] = {"public_id": public_id}
        if user_id is not None:
            query["user_id"] = user_id
        return bool((await self._sessions.delete_one(query)).deleted_count)

    async def end_user(self, user_id: UUID, *, keep: str = "", within: Within = None) -> int:
        """End all sessions of a user and return how many there were.

        Args:
            user_id: Whose.
            keep: Public id of the one that goes on.
            within: The transaction.
        """
        found = await self._sessions.delete_many({"user_id": user_id, "public_id": {"$ne": keep}}, session=within)
        return int(found.deleted_count)


def _record(document: Mapping[str, Any]) -> SessionRecord:
    return SessionRecord(
        key=document["_id"],
        public_id=document["public_id"],
        user_id=document["user_id"],
        auth_version=document["auth_version"],
        created_at=document["created_at"],
        last_seen_at=document["last_seen_at"],
        expires_at=document["expires_at"],
        address=document.get("address", ""),
        user_agent=document.get("user_agent", ""),
        proofs=document.get("proofs", {}),
        proved_at=document.get("proved_at", document["created_at"]),
        viewed_id=document.get("viewed_id"),
        view_ends_at=document.get("view_ends_at"),
    )
