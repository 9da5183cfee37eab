"""The task documents."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pymongo import UpdateOne

from webos.tasks.batch import Batch
from webos.tasks.delivery import QueuedMessage
from webos.tasks.outage import is_outage
from webos.tasks.progress import percent_of_chain
from webos.tasks.record import TaskRecord, TaskState
from webos.tasks.step import ChainStep, dump_steps

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection

__all__ = ["Beginning", "TaskStore"]

_NOT_STARTED = "queued"


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a start of a task begins with.

    Attributes:
        checkpoint: What an earlier start left.
        cancel_requested: Whether somebody wants the task to end.
    """

    checkpoint: dict[str, Any] = field(default_factory=dict)
    cancel_requested: bool = False


class TaskStore:
    """Task documents in a collection.

    Each document carries a `fence`: the token of the delivery that may write to it. A worker that was taken for dead
    and lives on writes to no purpose.

    Args:
        collection: Where the documents are.
    """

    def __init__(self, collection: "AsyncCollection[dict[str, Any]]") -> None:
        self._collection = collection
        self.collection_name = collection.name
        self._writes = Batch(self._write_all, concerns_all=is_outage)

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_index([("user_id", 1), ("created_at", -1)])
        # The embedded server uses an index only where that covers the whole filter.
        await self._collection.create_index([("_id", 1), ("fence", 1)])

    async def add(self, record: TaskRecord, session: "AsyncClientSession") -> None:
        """Add the document of a new task in a transaction."""
        await self._collection.insert_one({**record.to_document(), "fence": _NOT_STARTED}, session=session)

    async def get(self, task_id: str, session: "AsyncClientSession | None" = None) -> TaskRecord | None:
        """Return a task, or None if there is none with that id."""
        document = await self._collection.find_one({"_id": task_id}, session=session)
        return TaskRecord.from_document(document) if document is not None else None

    async def get_many(self, task_ids: Iterable[str]) -> list[TaskRecord]:
        """Return those of the tasks that exist."""
        documents = await self._collection.find({"_id": {"$in": list(task_ids)}}).to_list()
        return [TaskRecord.from_document(document) for document in documents]

    async def list_for(self, user_id: UUID, limit: int) -> list[TaskRecord]:
        """Return the tasks of a user, the newest first."""
        documents = await self._collection.find({"user_id": user_id}).sort("created_at", -1).limit(limit).to_list()
        return [TaskRecord.from_document(document) for document in documents]

    async def begin(self, message: QueuedMessage) -> Beginning | None:
        """Hand a task to the delivery of `message`.

        Returns:
            What to begin with; None if the task does not exist or has come to its end.
        """
        now = datetime.now(UTC)
        changes = {
            "state": TaskState.RUNNING.value,
            "attempts": message.attempts,
            "started_at": now,
            "heartbeat": now,
            "fence": message.token,
        }
        if await self._write(message, _NOT_STARTED, changes):
            return Beginning()
        while True:
            document = await self._collection.find_one({"_id": message.id})
            if document is None or TaskState(document["state"]).is_final:
                return None
            if await self._write(message, document["fence"], changes):
                record = TaskRecord.from_document(document)
                return Beginning(record.checkpoint or {}, record.cancel_requested)

    async def write(self, message: QueuedMessage, values: dict[str, Any]) -> bool:
        """Write progress of a running task, and return whether the delivery of `message` still has it.

        Args:
            message: The message of the delivery.
            values: Attributes of the record; checkpoint and result as they are.
        """
        return await self._write(message, message.token, _stored(values))

    async def finish(self, message: QueuedMessage, state: TaskState, values: dict[str, Any]) -> bool:
        """Bring a running task to its end, and return whether the delivery of `message` still has it.

        Args:
            message: The message of the delivery.
            state: How it ended.
            values: Attributes of the record.
        """
        changes = {**_stored(values), "state": state.value, "finished_at": datetime.now(UTC)}
        return await self._write(message, message.token, changes)

    async def get_held(self, message: QueuedMessage, session: "AsyncClientSession") -> TaskRecord | None:
        """Return a running task, or None if the delivery of `message` has it no more."""
        document = await self._collection.find_one({"_id": message.id}, session=session)
        has_it = document is not None and document["fence"] == message.token
        return TaskRecord.from_document(document) if document is not None and has_it else None

    async def finish_held(
        self, message: QueuedMessage, state: TaskState, values: dict[str, Any], session: "AsyncClientSession"
    ) -> None:
        """Bring a task to its end in a transaction."""
        changes = {**_stored(values), "state": state.value, "finished_at": datetime.now(UTC)}
        await self._collection.update_one(
            {"_id": message.id, "fence": message.token}, {"$set": changes}, session=session
        )

    async def pass_on(
        self, message: QueuedMessage, number: int, steps: Sequence[ChainStep], session: "AsyncClientSession"
    ) -> None:
        """Let a chain wait for the start of its next step.

        Args:
            message: The message of the step that is done.
            number: Which step is the next.
            steps: All steps, the next with the result of the former.
            session: Transaction in which to do it.
        """
        changes = {
            "state": TaskState.QUEUED.value,
            "fence": _NOT_STARTED,
            "step": number,
            "steps": dump_steps(steps),
            "checkpoint": json.dumps(None),
            "percent": percent_of_chain(None, number, len(steps)),
            "done": 0,
            "total": None,
            "message": steps[number].title,
        }
        await self._collection.update_one(
            {"_id": message.id, "fence": message.token}, {"$set": changes}, session=session
        )

    async def revive(self, task_id: str, session: "AsyncClientSession") -> None:
        """Let a task that has ended wait to be started once more."""
        changes = {
            "state": TaskState.QUEUED.value,
            "fence": "resumed",
            "error": "",
            "attempts": 0,
            "cancel_requested": False,
            "finished_at": None,
        }
        await self._collection.update_one({"_id": task_id}, {"$set": changes}, session=session)

    async def fail_unstarted(self, message: QueuedMessage, error: str) -> None:
        """Bring a task to its end that no delivery will have any more."""
        document = await self._collection.find_one({"_id": message.id})
        if document is not None and not TaskState(document["state"]).is_final:
            changes = {
                "state": TaskState.FAILED.value,
                "error": error,
                "fence": message.token,
                "finished_at": datetime.now(UTC),
            }
            await self._write(message, document["fence"], changes)

    async def cancel(self, task_id: str) -> TaskRecord | None:
        """End a task that waits, or ask a running one to end.

        Returns:
            The task as it is now; None if there is none with that id.
        """
        while True:
            document = await self._collection.find_one({"_id": task_id})
            if document is None or TaskState(document["state"]).is_final:
                return TaskRecord.from_document(document) if document is not None else None
            changes: dict[str, Any] = {"cancel_requested": True}
            if document["state"] == TaskState.QUEUED:
                changes |= {
                    "state": TaskState.CANCELLED.value,
                    "finished_at": datetime.now(UTC),
                    "fence": "cancelled",
                }
            result = await self._collection.update_one({"_id": task_id, "fence": document["fence"]}, {"$set": changes})
            if result.matched_count:
                return TaskRecord.from_document({**document, **changes})

    async def beat(self, messages: list[QueuedMessage]) -> list[str]:
        """Note a sign of life of running tasks, and return the ids of those that somebody wants to end."""
        if not messages:
            return []
        now = datetime.now(UTC)
        await self._collection.bulk_write(
            [UpdateOne({"_id": each.id, "fence": each.token}, {"$set": {"heartbeat": now}}) for each in messages],
            ordered=False,
        )
        documents = await self._collection.find(
            {"_id": {"$in": [each.id for each in messages]}}, projection={"cancel_requested": 1}
        ).to_list()
        return [document["_id"] for document in documents if document["cancel_requested"]]

    async def _write(self, message: QueuedMessage, fence: str, changes: dict[str, Any]) -> bool:
        """Change a document if it has the fence, and return whether it now has that of the message's delivery."""
        return await self._writes.add((message, fence, changes))

    async def _write_all(self, writes: list[tuple[QueuedMessage, str, dict[str, Any]]]) -> list[bool]:
        # In order: the end of a task comes after its progress.
        result = await self._collection.bulk_write(
            [UpdateOne({"_id": each.id, "fence": fence}, {"$set": changes}) for each, fence, changes in writes]
        )
        if result.matched_count == len(writes):
            return [True] * len(writes)
        ids = [each.id for each, _, _ in writes]
        found = await self._collection.find({"_id": {"$in": ids}}, projection={"fence": 1}).to_list()
        fences = {document["_id"]: document["fence"] for document in found}
        return [fences.get(each.id) == each.token for each, _, _ in writes]


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if name in {"checkpoint", "result"} else value for name, value in values.items()}
