"""The deliveries in the database."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from webos.events.durable.delivery import DeliveryState, EventDelivery, delivery_id
from webos.events.durable.outbox import KEPT_SECONDS

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

__all__ = ["DeliveryStore"]

_DUPLICATE = 11000
_EVENT_FIELDS = ("topic", "payload", "source", "trace_id", "timestamp", "user_id", "version", "key_id", "order")


class DeliveryStore:
    """Deliveries in a collection. Each has a copy of its event, so that it may wait for as long as it must.

    Args:
        collection: Where they are.
    """

    def __init__(self, collection: "AsyncCollection[dict[str, Any]]") -> None:
        self._collection = collection
        self.collection_name = collection.name

    async def prepare(self) -> None:
        """Create the indexes. What was delivered is removed after its time; what waits or is dead is not."""
        await self._collection.create_index([("subscriber", 1), ("state", 1), ("due_at", 1)])
        await self._collection.create_index([("state", 1), ("order", 1)])
        await self._collection.create_index([("_id", 1), ("token", 1)])
        await self._collection.create_index("done_at", expireAfterSeconds=KEPT_SECONDS)

    async def add(self, pairs: Iterable[tuple[dict[str, Any], str]]) -> None:
        """Add deliveries that are not there yet.

        Args:
            pairs: Events as the outbox has them, each with a subscriber.
        """
        now = datetime.now(UTC)
        writes = [
            UpdateOne(
                {"_id": delivery_id(event["_id"], subscriber)},
                {
                    "$setOnInsert": {
                        **{name: event[name] for name in _EVENT_FIELDS if name in event},
                        "event_id": event["_id"],
                        "subscriber": subscriber,
                        "state": DeliveryState.WAITING.value,
                        "attempts": 0,
                        "due_at": now,
                        "error": "",
                        "token": None,
                    }
                },
                upsert=True,
            )
            for event, subscriber in pairs
        ]
        if not writes:
            return
        try:
            await self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            # Another process added the same at the same moment.
            if any(each["code"] != _DUPLICATE for each in error.details["writeErrors"]):
                raise

    async def subscribers_with_due(self, subscribers: Sequence[str]) -> list[str]:
        """Return those of the subscribers for whom something is due."""
        found: list[str] = await self._collection.distinct("subscriber", _due(list(subscribers)))
        return found

    async def due_ids(self, subscriber: str, limit: int) -> list[str]:
        """Return what is due for a subscriber, in the order of emission."""
        cursor = self._collection.find(_due([subscriber]), projection={"_id": 1}).sort("order", 1).limit(limit)
        return [each["_id"] async for each in cursor]

    async def get_many(self, ids: Sequence[str]) -> list[EventDelivery]:
        """Return those of the deliveries that exist, in the order of the ids."""
        documents = await self._collection.find({"_id": {"$in": list(ids)}}).to_list()
        found = {each["_id"]: EventDelivery.from_document(each) for each in documents}
        return [found[each] for each in ids if each in found]

    async def next_due(self, subscriber: str) -> datetime | None:
        """Return when the next delivery to a subscriber is due."""
        query = {"subscriber": subscriber, "state": DeliveryState.WAITING.value}
        documents = await self._collection.find(query, projection={"due_at": 1}).sort("due_at", 1).limit(1).to_list()
        return documents[0]["due_at"] if documents else None

    async def begin(self, delivery: EventDelivery) -> str | None:
        """Count an attempt before it is made, and return its token; None if it is another's by now."""
        token = uuid4().hex
        result = await self._collection.update_one(
            {"_id": delivery.id, "token": delivery.token}, {"$set": {"token": token}, "$inc": {"attempts": 1}}
        )
        return token if result.matched_count else None

    async def done(self, delivery: EventDelivery, token: str | None) -> None:
        """Note that an attempt has succeeded."""
        await self._write(delivery, token, {"state": DeliveryState.DONE.value, "done_at": _now(), "error": ""})

    async def retry(self, delivery: EventDelivery, token: str | None, error: str, delay: float) -> None:
        """Note that an attempt has failed and that there is another after `delay` seconds."""
        await self._write(delivery, token, {"due_at": _now() + timedelta(seconds=delay), "error": error})

    async def bury(self, delivery: EventDelivery, token: str | None, error: str) -> None:
        """Note that there is no further attempt."""
        await self._write(delivery, token, {"state": DeliveryState.DEAD.value, "error": error})

    async def give_back(self, delivery: EventDelivery, token: str) -> None:
        """Take back an attempt that was interrupted by the stop of its process."""
        await self._collection.update_one(
            {"_id": delivery.id, "token": token}, {"$set": {"due_at": _now()}, "$inc": {"attempts": -1}}
        )

    async def bury_all(self, subscriber: str, error: str) -> int:
        """Give up all that waits for a subscriber, and return how much that was."""
        result = await self._collection.update_many(
            {"subscriber": subscriber, "state": DeliveryState.WAITING.value},
            {"$set": {"state": DeliveryState.DEAD.value, "error": error, "token": uuid4().hex}},
        )
        return result.modified_count

    async def dead(self, limit: int) -> list[EventDelivery]:
        """Return what was given up, in the order of emission."""
        cursor = self._collection.find({"state": DeliveryState.DEAD.value}).sort("order", 1).limit(limit)
        return [EventDelivery.from_document(each) async for each in cursor]

    async def revive(self, delivery: str) -> bool:
        """Begin anew with a delivery that is dead or done, and return whether there is one."""
        states = [DeliveryState.DEAD.value, DeliveryState.DONE.value]
        return await self._revive({"_id": delivery, "state": {"$in": states}}) == 1

    async def revive_dead(self, subscriber: str | None) -> int:
        """Begin anew with everything dead, of one subscriber or of all, and return how much that was."""
        query: dict[str, Any] = {"state": DeliveryState.DEAD.value}
        return await self._revive(query if subscriber is None else {"subscriber": subscriber, **query})

    async def discard(self, delivery: str) -> bool:
        """Remove a dead delivery, and return whether there was one."""
        result = await self._collection.delete_one({"_id": delivery, "state": DeliveryState.DEAD.value})
        return result.deleted_count == 1

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        """Return how many deliveries each subscriber has in which state."""
        pipeline: list[dict[str, Any]] = [
            {"$group": {"_id": {"subscriber": "$subscriber", "state": "$state"}, "count": {"$sum": 1}}}
        ]
        found = await (await self._collection.aggregate(pipeline)).to_list()
        return {(each["_id"]["subscriber"], DeliveryState(each["_id"]["state"])): each["count"] for each in found}

    async def _revive(self, query: dict[str, Any]) -> int:
        values = {
            "state": DeliveryState.WAITING.value,
            "attempts": 0,
            "due_at": _now(),
            "error": "",
            "token": uuid4().hex,
            "replayed_at": _now(),
        }
        result = await self._collection.update_many(query, {"$set": values, "$unset": {"done_at": ""}})
        return result.modified_count

    async def _write(self, delivery: EventDelivery, token: str | None, values: dict[str, Any]) -> None:
        await self._collection.update_one({"_id": delivery.id, "token": token}, {"$set": values})


def _now() -> datetime:
    return datetime.now(UTC)


def _due(subscribers: list[str]) -> dict[str, Any]:
    return {"subscriber": {"$in": subscribers}, "state": DeliveryState.WAITING.value, "due_at": {"$lte": _now()}}
