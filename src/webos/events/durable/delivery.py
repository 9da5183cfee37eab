"""One event on its way to one subscriber."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from webos.events.durable.outbox import envelope_of
from webos.events.envelope import EventEnvelope

__all__ = ["DeliveryState", "EventDelivery", "delivery_id", "subscriber_of"]

_BETWEEN = "/"


class DeliveryState(StrEnum):
    """Where a delivery is in its life."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """A delivery as it was at one moment.

    Attributes:
        id: Made of the ids of the event and the subscriber, so that there is one delivery for both.
        subscriber: Who gets the event, `module.function`.
        event: The event.
        state: Where it is in its life.
        attempts: How often the handler was started.
        due_at: When the handler is started next, or was to be.
        error: Why the last attempt failed, in one line that is safe to show.
        token: Which attempt may write to it.
    """

    id: str
    subscriber: str
    event: EventEnvelope
    state: DeliveryState
    attempts: int
    due_at: datetime
    error: str
    token: str | None

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Return the delivery of a stored document."""
        return cls(
            id=document["_id"],
            subscriber=document["subscriber"],
            event=envelope_of(document["event_id"], document),
            state=DeliveryState(document["state"]),
            attempts=document["attempts"],
            due_at=document["due_at"],
            error=document["error"],
            token=document["token"],
        )


def delivery_id(event_id: str, subscriber: str) -> str:
    """Return the id of the delivery of an event to a subscriber."""
    return f"{event_id}{_BETWEEN}{subscriber}"


def subscriber_of(delivery: str) -> str:
    """Return the subscriber of the delivery with an id."""
    return delivery.partition(_BETWEEN)[2]
