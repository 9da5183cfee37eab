"""Mail that waits to be sent: in the database, so that it survives a restart and any process can send it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.errors import MailNotSetUpError

__all__ = ["OUTBOX", "MailOutbox", "Order"]

OUTBOX = "webos_mail"
"""Name of the collection."""

_LEASE = timedelta(minutes=2)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=1)
_GIVEN_UP_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Order:
    """A mail to be written and sent: what for, not what it says. Links are made when it is sent, so none is stored.

    Attributes:
        id: Names the order.
        kind: What for.
        data: What writing it needs; no secrets.
        attempts: How often sending it was begun.
        ordered_at: When it was ordered.
        lease: Names the one who has it in hand.
    """

    id: str
    kind: str
    data: Mapping[str, Any]
    attempts: int
    ordered_at: datetime
    lease: str


class MailOutbox:
    """Orders for mail, each in the hands of one sender at a time.

    Args:
        database: The database, without the guard.
        enabled: Whether there is a mail server; without one nothing is ordered.

    Attributes:
        enabled: The same.
        on_put: Called after each order.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], *, enabled: bool) -> None:
        self._orders = database[OUTBOX]
        self.enabled = enabled
        self.on_put: Callable[[], None] = lambda: None

    def demand_enabled(self) -> None:
        """Refuse what cannot be done without mail.

        Raises:
            MailNotSetUpError: There is no mail server.
        """
        if not self.enabled:
            raise MailNotSetUpError

    async def ensure_indexes(self) -> None:
        """Make the index by which the next order is found."""
        await self._orders.create_index("due_at")

    async def put(self, kind: str, **data: object) -> None:
        """Order a mail; it is sent once or, after a crash, perhaps twice. Without a mail server nothing happens.

        Args:
            kind: What for.
            data: What writing it needs; no secrets.
        """
        if not self.enabled:
            return
        now = datetime.now(UTC)
        await self._orders.insert_one(
            {"_id": uuid4().hex, "kind": kind, "data": data, "attempts": 0, "ordered_at": now, "due_at": now}
        )
        self.on_put()

    async def take(self) -> Order | None:
        """Return an order that is due, which nobody else gets for two minutes; None where nothing is due."""
        now, lease = datetime.now(UTC), uuid4().hex
        document = await self._orders.find_one_and_update(
            {"due_at": {"$lte": now}},
            {"$set": {"due_at": now + _LEASE, "lease": lease}, "$inc": {"attempts": 1}},
            sort=[("due_at", 1)],
            return_document=ReturnDocument.AFTER,
        )
        if document is None:
            return None
        return Order(
            document["_id"],
            document["kind"],
            document["data"],
            document["attempts"],
            document["ordered_at"],
            lease,
        )

    async def done(self, order: Order) -> None:
        """Forget an order that was carried out, or that nobody can carry out."""
        await self._orders.delete_one({"_id": order.id, "lease": order.lease})

    async def postpone(self, order: Order) -> bool:
        """Try an order again later, after twice the time of before; return False where it is given up."""
        now = datetime.now(UTC)
        if now - order.ordered_at > _GIVEN_UP_AFTER:
            await self.done(order)
            return False
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(order.attempts - 1, 16))
        await self._orders.update_one({"_id": order.id, "lease": order.lease}, {"$set": {"due_at": now + pause}})
        return True
