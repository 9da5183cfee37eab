"""Notices in the database: the newest of each user, for a while."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import BulkWriteError

from webos.data.notices.notice import Notice
from webos.kernel.messenger import Severity

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["COLLECTION", "MOST_KEPT", "NoticeStore"]

COLLECTION = "webos_notices"
MOST_KEPT = 200
"""How many a user keeps; the oldest go."""
_MOST_COUNTED = 100
_DUPLICATE = 11000


class NoticeStore:
    """Notices by user.

    Args:
        database: The database, without the guard: each method takes the user whose notices it touches.
        kept: How long a notice is kept.
    """

    def __init__(self, database: "AsyncDatabase[dict[str, Any]]", kept: timedelta) -> None:
        self._notices = database[COLLECTION]
        self._kept = kept

    async def prepare(self) -> None:
        """Make the indexes: by user and time, the unread, and the end."""
        await self._notices.create_index([("user_id", ASCENDING), ("at", DESCENDING)])
        await self._notices.create_index([("user_id", ASCENDING), ("is_read", ASCENDING)])
        await self._notices.create_index("expires_at", expireAfterSeconds=0)

    async def add(self, notices: Sequence[Notice]) -> None:
        """Store notices; one that is there already stays as it is, and each user keeps the newest only."""
        rows = [
            {
                "_id": notice.id,
                "user_id": notice.user_id,
                "severity": notice.severity.value,
                "message": notice.message,
                "detail": notice.detail,
                "link": notice.link,
                "at": notice.at,
                "is_read": notice.is_read,
                "expires_at": notice.at + self._kept,
            }
            for notice in notices
        ]
        try:
            await self._notices.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            problems = error.details.get("writeErrors", ())
            if any(problem.get("code") != _DUPLICATE for problem in problems):
                raise
        for user_id in {notice.user_id for notice in notices}:
            await self._trim(user_id)

    async def newest(self, user_id: UUID, limit: int = 50) -> list[Notice]:
        """Return the newest notices of a user."""
        cursor = self._notices.find({"user_id": user_id}, sort=[("at", DESCENDING)], limit=limit)
        return [_notice(row) async for row in cursor]

    async def get_many(self, identities: Iterable[str]) -> list[Notice]:
        """Return the notices with these ids, the oldest first."""
        cursor = self._notices.find({"_id": {"$in": list(identities)}}, sort=[("at", ASCENDING)])
        return [_notice(row) async for row in cursor]

    async def unread(self, user_id: UUID) -> int:
        """Return how many notices a user has not seen, as far as a hundred."""
        query = {"user_id": user_id, "is_read": False}
        return await self._notices.count_documents(query, limit=_MOST_COUNTED)

    async def mark_read(self, user_id: UUID, identity: str | None = None) -> None:
        """Mark one notice of a user as seen, or all of them where `identity` is None."""
        query: dict[str, Any] = {"user_id": user_id, "is_read": False}
        if identity is not None:
            query["_id"] = identity
        await self._notices.update_many(query, {"$set": {"is_read": True}})

    async def clear(self, user_id: UUID) -> None:
        """Forget all notices of a user."""
        await self._notices.delete_many({"user_id": user_id})

    async def _trim(self, user_id: UUID) -> None:
        sort = [("at", DESCENDING)]
        surplus = self._notices.find({"user_id": user_id}, {"_id": 1}, sort=sort, skip=MOST_KEPT)
        identities = [row["_id"] async for row in surplus]
        if identities:
            await self._notices.delete_many({"_id": {"$in": identities}})


def _notice(row: Mapping[str, Any]) -> Notice:
    at = row["at"]
    return Notice(
        id=row["_id"],
        user_id=row["user_id"],
        severity=Severity(row["severity"]),
        message=row["message"],
        detail=row["detail"],
        link=row["link"],
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        is_read=row["is_read"],
    )
