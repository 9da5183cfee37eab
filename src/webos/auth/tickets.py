"""Tickets: what a link in a mail carries. Each opens one thing, once, for a while."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.errors import LinkNotValidError

__all__ = ["Purpose", "Ticket", "TicketStore"]

_BYTES = 32
_LONGEST = 64


class Purpose(Enum):
    """What a ticket opens."""

    JOIN = "join"
    RESET = "reset"
    EMAIL = "email"


_LIFETIMES: Mapping[Purpose, timedelta] = {
    Purpose.JOIN: timedelta(days=7),
    Purpose.RESET: timedelta(hours=1),
    Purpose.EMAIL: timedelta(days=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket that was handed in.

    Attributes:
        key: Hash of its code.
        purpose: What it opens.
        subject: Whom it is for: the id of a user, or an address that has none yet.
        payload: What it says beyond that.
        expires_at: When it ends.
    """

    key: str
    purpose: Purpose
    subject: str
    payload: Mapping[str, Any]
    expires_at: datetime


class TicketStore:
    """Tickets in the database: their hashes only.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._tickets = database["webos_tickets"]

    async def ensure_indexes(self) -> None:
        """Make the indexes: expiry, and by whom they are for."""
        await self._tickets.create_index("expires_at", expireAfterSeconds=0)
        await self._tickets.create_index([("subject", 1), ("purpose", 1)])

    async def issue(self, purpose: Purpose, subject: UUID | str, **payload: object) -> str:
        """Make a ticket and return its code, which is nowhere else; earlier ones for the same are void."""
        code = token_urlsafe(_BYTES)
        await self._tickets.delete_many({"subject": str(subject), "purpose": purpose.value})
        await self._tickets.insert_one(
            {
                "_id": _hash(code),
                "purpose": purpose.value,
                "subject": str(subject),
                "payload": payload,
                "expires_at": datetime.now(UTC) + _LIFETIMES[purpose],
            }
        )
        return code

    async def look(self, purpose: Purpose, code: str) -> Ticket:
        """Return the ticket with a code and leave it valid.

        Raises:
            LinkNotValidError: There is none for this purpose, it was used, or it has expired.
        """
        return _ticket(await self._tickets.find_one(_query(purpose, code)))

    async def redeem(self, purpose: Purpose, code: str) -> Ticket:
        """Return the ticket with a code and make it void; of several at once one gets it.

        Raises:
            LinkNotValidError: There is none for this purpose, it was used, or it has expired.
        """
        return _ticket(await self._tickets.find_one_and_delete(_query(purpose, code)))

    async def give_back(self, ticket: Ticket) -> None:
        """Make a redeemed ticket valid again: what it was redeemed for did not happen."""
        await self._tickets.insert_one(
            {
                "_id": ticket.key,
                "purpose": ticket.purpose.value,
                "subject": ticket.subject,
                "payload": dict(ticket.payload),
                "expires_at": ticket.expires_at,
            }
        )

    async def void(self, subject: UUID | str) -> None:
        """Make all tickets of somebody void."""
        await self._tickets.delete_many({"subject": str(subject)})


def _query(purpose: Purpose, code: str) -> dict[str, Any]:
    key = _hash(code.strip()) if len(code) <= _LONGEST else ""
    return {"_id": key, "purpose": purpose.value, "expires_at": {"$gt": datetime.now(UTC)}}


def _ticket(document: Mapping[str, Any] | None) -> Ticket:
    if document is None:
        raise LinkNotValidError
    return Ticket(
        key=document["_id"],
        purpose=Purpose(document["purpose"]),
        subject=document["subject"],
        payload=document["payload"],
        expires_at=document["expires_at"],
    )


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogateescape")).hexdigest()
