"""The durable subscribers of all processes, and whose turn it is to deliver to them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from webos.events.topic import matches

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

__all__ = ["Subscriber", "SubscriberStore"]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscriber that is known in the database, whether its module runs or not.

    Attributes:
        name: `module.function`.
        module: Its module.
        patterns: The topics it wants.
    """

    name: str
    module: str
    patterns: tuple[str, ...]

    def wants(self, topic: str) -> bool:
        """Return whether it wants events of a topic."""
        return any(matches(pattern, topic) for pattern in self.patterns)


class SubscriberStore:
    """Subscribers in a collection. One process at a time delivers to each, under a lease on the server's clock.

    Args:
        collection: Where they are.
    """

    def __init__(self, collection: "AsyncCollection[dict[str, Any]]") -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_index([("_id", 1), ("owner", 1)])

    async def all(self) -> list[Subscriber]:
        """Return every subscriber that is to get events."""
        return [
            Subscriber(each["_id"], each["module"], tuple(each["patterns"]))
            for each in await self._collection.find().to_list()
            if not each["retired"]
        ]

    async def register(self, subscribers: Iterable[Subscriber]) -> None:
        """Make subscribers known, or known anew."""
        seen = datetime.now(UTC)
        writes = [
            UpdateOne(
                {"_id": each.name},
                {
                    "$set": {
                        "module": each.module,
                        "patterns": list(each.patterns),
                        "retired": False,
                        "seen_at": seen,
                    },
                    "$setOnInsert": {"owner": None, "lease_until": None},
                },
                upsert=True,
            )
            for each in subscribers
        ]
        if writes:
            await self._collection.bulk_write(writes, ordered=False)

    async def retire_missing(self, declared: Mapping[str, Collection[str]]) -> list[str]:
        """Let subscribers get no more events that their module, which runs, does not declare any more.

        Args:
            declared: The names of the subscribers of each module that runs.

        Returns:
            The names of those that are retired now.
        """
        gone = [
            each.name for each in await self.all() if each.module in declared and each.name not in declared[each.module]
        ]
        await self.retire(gone)
        return gone

    async def retire(self, names: list[str]) -> None:
        """Let subscribers get no more events."""
        if names:
            await self._collection.update_many({"_id": {"$in": names}}, {"$set": {"retired": True}})

    async def acquire(self, name: str, owner: str, seconds: float) -> bool:
        """Take the turn to deliver to a subscriber, or keep it, and return whether that is granted.

        Args:
            name: The subscriber.
            owner: Who wants it.
            seconds: For how long.
        """
        free: dict[str, Any] = {
            "$or": [
                {"$in": ["$owner", [None, owner]]},
                {"$lte": ["$lease_until", "$$NOW"]},
            ]
        }
        until = {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": int(seconds * 1000)}}
        await self._collection.update_one(
            {"_id": name},
            [
                {"$set": {"owner": {"$cond": [free, owner, "$owner"]}}},
                {"$set": {"lease_until": {"$cond": [{"$eq": ["$owner", owner]}, until, "$lease_until"]}}},
            ],
        )
        found = await self._collection.find_one({"_id": name}, projection={"owner": 1})
        return found is not None and found["owner"] == owner

    async def release(self, name: str, owner: str) -> None:
        """Give the turn back."""
        await self._collection.update_one({"_id": name, "owner": owner}, {"$set": {"owner": None, "lease_until": None}})
