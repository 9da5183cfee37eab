"""Events that were emitted in transactions, until they are handed on to their subscribers."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from webos.events.envelope import EventEnvelope
from webos.events.json_value import demand_json

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection

__all__ = ["KEPT_SECONDS", "Outbox", "envelope_of", "stored_envelope"]

KEPT_SECONDS = 7 * 24 * 3600
"""How long what was delivered can be looked at, in seconds."""


class Outbox:
    """Events in a collection.

    `order` is the moment of emission in microseconds, made to grow from one event of a process to the next.

    Args:
        collection: Where the events are.
    """

    def __init__(self, collection: "AsyncCollection[dict[str, Any]]") -> None:
        self._collection = collection
        self.collection_name = collection.name
        self._last = 0

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_index([("pending", 1), ("order", 1)])
        await self._collection.create_index("relayed_at", expireAfterSeconds=KEPT_SECONDS)

    async def add(self, envelope: EventEnvelope, session: "AsyncClientSession") -> None:
        """Add an event in the emitter's transaction.

        Raises:
            InvalidInputError: Its payload is not JSON.
        """
        demand_json(envelope.payload, f"the payload of {envelope.topic}")
        self._last = max(self._last + 1, int(envelope.timestamp * 1_000_000))
        document = {**stored_envelope(envelope), "order": self._last, "pending": True}
        await self._collection.insert_one({"_id": envelope.id, **document}, session=session)

    async def pending(self, limit: int) -> list[dict[str, Any]]:
        """Return events that are not handed on yet, in the order of their emission."""
        return await self._collection.find({"pending": True}).sort("order", 1).limit(limit).to_list()

    async def get_many(self, event_ids: Iterable[str]) -> list[EventEnvelope]:
        """Return those of the events that are kept still, in the order of their emission."""
        found = await self._collection.find({"_id": {"$in": list(event_ids)}}).to_list()
        return [envelope_of(each["_id"], each) for each in sorted(found, key=lambda each: int(each["order"]))]

    async def settle(self, event_ids: Iterable[str]) -> None:
        """Note that events were handed on."""
        await self._collection.update_many(
            {"_id": {"$in": list(event_ids)}}, {"$set": {"pending": False, "relayed_at": datetime.now(UTC)}}
        )


def stored_envelope(envelope: EventEnvelope) -> dict[str, Any]:
    """Return an envelope as it is stored, without its id. The payload is text: its keys may be any."""
    return {
        "topic": envelope.topic,
        "payload": json.dumps(envelope.payload),
        "source": envelope.source,
        "trace_id": envelope.trace_id,
        "timestamp": envelope.timestamp,
        "user_id": envelope.user_id,
        "version": envelope.version,
        "key_id": envelope.key_id,
    }


def envelope_of(event_id: str, stored: dict[str, Any]) -> EventEnvelope:
    """Return the envelope that `stored_envelope` made `stored` from.

    Args:
        event_id: Its id.
        stored: What was stored, among other things.
    """
    return EventEnvelope(
        topic=stored["topic"],
        payload=json.loads(stored["payload"]),
        source=stored["source"],
        trace_id=stored["trace_id"],
        timestamp=stored["timestamp"],
        id=event_id,
        user_id=stored["user_id"],
        version=stored["version"],
        key_id=stored.get("key_id", ""),
    )
