"""The queue of messages in the database: each is held by one worker at a time, for as long as that shows signs of life."""

import random
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import DeleteOne

from webos.tasks.batch import Batch
from webos.tasks.delivery import QueuedMessage
from webos.tasks.outage import is_outage
from webos.tasks.step import ChainStep

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection

__all__ = ["LeaseQueue"]

# Reading what is due costs the embedded server time for every message that is due, so one read serves many claims.
_PAGE = 512


class LeaseQueue:
    """Messages in a collection.

    `run_at` says both from when on a message may be claimed and until when its holder has it for itself; a parked
    message has none. Leases run on the clock of the database server, so that of no worker can shorten one.

    Updates filter on `_id` alone and decide by an expression what they do, or on `_id` and `owner`, for which there is
    an index: the embedded server walks through all messages for any other filter.

    Args:
        collection: Where the messages are.
    """

    def __init__(self, collection: "AsyncCollection[dict[str, Any]]") -> None:
        self._collection = collection
        self._removals = Batch(self._remove_all, concerns_all=is_outage)

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_index([("name", 1), ("run_at", 1)])
        await self._collection.create_index([("_id", 1), ("owner", 1)])

    async def add(
        self,
        task_id: str,
        name: str,
        body: bytes,
        *,
        lease: float,
        max_attempts: int,
        step: tuple[int, int] = (0, 1),
        session: "AsyncClientSession | None" = None,
    ) -> None:
        """Add a message.

        Args:
            task_id: Id of the task.
            name: Registered name of the task.
            body: What TaskIQ made of the call.
            lease: Seconds after which it is claimed anew if nothing is heard of its worker.
            max_attempts: How often it is claimed at most.
            step: Which step of a chain it carries, from 0, and how many there are.
            session: Transaction in which to add it.
        """
        await self._collection.insert_one(
            {
                "_id": task_id,
                "name": name,
                "body": body,
                "run_at": datetime.now(UTC),
                "owner": None,
                "attempts": 0,
                "max_attempts": max_attempts,
                "lease_ms": int(lease * 1000),
                "step": list(step),
            },
            session=session,
        )

    async def retarget(
        self, message: QueuedMessage, step: ChainStep, body: bytes, number: int, session: "AsyncClientSession"
    ) -> None:
        """Let a held message carry another step of its chain, free to be claimed by anyone.

        Args:
            message: The message.
            step: What it carries from now on.
            body: What TaskIQ made of that.
            number: Which step that is.
            session: Transaction in which to do it.
        """
        await self._collection.update_one(
            {"_id": message.id, "owner": message.token},
            {"$set": _carrying(step, body, (number, message.steps))},
            session=session,
        )

    async def put_back(
        self, task_id: str, step: ChainStep, body: bytes, place: tuple[int, int], session: "AsyncClientSession"
    ) -> None:
        """Add a message, or free the parked one, for a task that is to be started once more.

        Args:
            task_id: Id of the task.
            step: What it carries.
            body: What TaskIQ made of that.
            place: Which step of a chain that is, and how many there are.
            session: Transaction in which to do it.
        """
        await self._collection.update_one(
            {"_id": task_id},
            {"$set": _carrying(step, body, place), "$unset": {"parked": ""}},
            upsert=True,
            session=session,
        )

    async def unpark(self, task_id: str, session: "AsyncClientSession") -> bool:
        """Free a parked message, and return whether there is one."""
        result = await self._collection.update_one(
            {"_id": task_id},
            {"$set": {"run_at": datetime.now(UTC), "owner": None, "attempts": 0}, "$unset": {"parked": ""}},
            session=session,
        )
        return result.matched_count == 1

    async def find_due(self, names: Collection[str]) -> list[str]:
        """Return the ids of messages that may be claimed, the oldest first.

        A full page is shuffled: with so many waiting, workers that all begin with the oldest only get in each
        other's way.

        Args:
            names: The tasks that the worker knows. It never touches those of others.
        """
        due = (
            await self._collection.find(
                {"name": {"$in": sorted(names)}, "run_at": {"$lte": datetime.now(UTC)}}, projection={"_id": 1}
            )
            .sort("run_at", 1)
            .limit(_PAGE)
            .to_list()
        )
        ids = [str(message["_id"]) for message in due]
        if len(ids) == _PAGE:
            random.shuffle(ids)
        return ids

    async def claim(self, task_ids: list[str], token: str) -> list[QueuedMessage]:
        """Take those of the messages that nobody holds by now.

        Args:
            task_ids: The messages.
            token: What marks them as taken in this claim.
        """
        due = {"$and": [{"$gt": ["$run_at", None]}, {"$lte": ["$run_at", "$$NOW"]}]}
        taken = {"$eq": ["$owner", token]}
        await self._collection.update_many(
            {"_id": {"$in": task_ids}},
            [
                {"$set": {"owner": {"$cond": [due, token, "$owner"]}}},
                {
                    "$set": {
                        "attempts": {"$cond": [taken, {"$add": ["$attempts", 1]}, "$attempts"]},
                        "run_at": {"$cond": [taken, _from_now("$lease_ms"), "$run_at"]},
                    }
                },
            ],
        )
        found = await self._collection.find({"_id": {"$in": task_ids}}).to_list()
        return [_message(document) for document in found if document["owner"] == token]

    async def extend(self, messages: Iterable[QueuedMessage]) -> set[str]:
        """Begin the leases of held messages anew.

        Args:
            messages: The messages.

        Returns:
            Ids of those that are held no more.
        """
        tokens = {message.id: message.token for message in messages}
        ids = list(tokens)
        held = {"$in": ["$owner", sorted(set(tokens.values()))]}
        result = await self._collection.update_many(
            {"_id": {"$in": ids}}, [{"$set": {"run_at": {"$cond": [held, _from_now("$lease_ms"), "$run_at"]}}}]
        )
        if result.modified_count == len(ids):
            return set()
        found = await self._collection.find({"_id": {"$in": ids}}, projection={"owner": 1}).to_list()
        owners = {document["_id"]: document["owner"] for document in found}
        return {task_id for task_id, token in tokens.items() if owners.get(task_id) != token}

    async def remove(self, message: QueuedMessage) -> None:
        """Remove a message, if it is held still; together with others that are removed at the same time."""
        await self._removals.add(message)

    async def withdraw(self, task_id: str) -> None:
        """Remove a message that nobody holds."""
        await self._collection.delete_one({"_id": task_id, "owner": None})

    async def release(self, message: QueuedMessage, *, delay: float = 0.0, counts: bool) -> None:
        """Offer a held message again.

        Args:
            message: The message.
            delay: Seconds before it may be claimed.
            counts: Whether the attempt counts.
        """
        attempts: Any = "$attempts" if counts else {"$add": ["$attempts", -1]}
        await self._collection.update_one(
            {"_id": message.id, "owner": message.token},
            [{"$set": {"run_at": _from_now(int(delay * 1000)), "owner": None, "attempts": attempts}}],
        )

    async def park(self, message: QueuedMessage, reason: str) -> None:
        """Keep a held message, but offer it to nobody.

        Args:
            message: The message.
            reason: Why, for people.
        """
        await self._collection.update_one(
            {"_id": message.id, "owner": message.token}, {"$set": {"run_at": None, "owner": None, "parked": reason}}
        )

    async def _remove_all(self, messages: list[QueuedMessage]) -> list[None]:
        await self._collection.bulk_write(
            [DeleteOne({"_id": message.id, "owner": message.token}) for message in messages], ordered=False
        )
        return [None] * len(messages)


def _from_now(milliseconds: int | str) -> dict[str, Any]:
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": milliseconds}}


def _carrying(step: ChainStep, body: bytes, place: tuple[int, int]) -> dict[str, Any]:
    return {
        "name": step.name,
        "body": body,
        "run_at": datetime.now(UTC),
        "owner": None,
        "attempts": 0,
        "max_attempts": step.max_attempts,
        "lease_ms": int(step.lease * 1000),
        "step": list(place),
    }


def _message(document: dict[str, Any]) -> QueuedMessage:
    step, steps = document.get("step", (0, 1))
    return QueuedMessage(
        id=document["_id"],
        name=document["name"],
        body=bytes(document["body"]),
        token=document["owner"],
        attempts=document["attempts"],
        max_attempts=document["max_attempts"],
        lease=document["lease_ms"] / 1000,
        step=step,
        steps=steps,
    )
