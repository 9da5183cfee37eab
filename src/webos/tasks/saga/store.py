"""The sagas in the database."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from webos.tasks.outage import TryLaterError
from webos.tasks.saga.record import Phase, SagaRecord, SagaState

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection

__all__ = ["SagaLostError", "SagaStore"]


class SagaLostError(TryLaterError):
    """Another worker has taken the saga over; this one is to end."""

    code = "webos.saga_lost"


class SagaStore:
    """Sagas in a collection.

    Each claim raises the `fence` of a saga, and every write of an engine filters on the fence it has claimed: one that
    was taken for dead and lives on writes to no purpose.

    Args:
        collection: Where they are.
    """

    def __init__(self, collection: "AsyncCollection[dict[str, Any]]") -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """Create the indexes."""
        # The embedded server uses an index only where that covers the whole filter.
        await self._collection.create_index([("_id", 1), ("fence", 1)])
        await self._collection.create_index([("task_id", 1)])
        await self._collection.create_index([("user_id", 1), ("created_at", -1)])
        await self._collection.create_index([("state", 1), ("created_at", -1)])

    async def add(
        self, saga_id: str, values: Mapping[str, Any], data: dict[str, Any], session: "AsyncClientSession"
    ) -> None:
        """Add a saga in a transaction.

        Args:
            saga_id: Its id.
            values: Attributes of the record that do not change.
            data: What it is started with.
            session: The transaction.
        """
        await self._collection.insert_one(
            {
                "_id": saga_id,
                **values,
                "state": SagaState.RUNNING.value,
                "stuck_in": SagaState.RUNNING.value,
                "data": json.dumps(data),
                "log": [],
                "error": "",
                "cancel_requested": False,
                "created_at": datetime.now(UTC),
                "owner": None,
                "fence": 0,
                "version": 0,
            },
            session=session,
        )

    async def get(self, saga_id: str) -> SagaRecord | None:
        """Return a saga, or None if there is none with that id."""
        document = await self._collection.find_one({"_id": saga_id})
        return None if document is None else SagaRecord.from_document(document)

    async def of_task(self, task_id: str) -> SagaRecord | None:
        """Return the saga that a task runs, or None."""
        document = await self._collection.find_one({"task_id": task_id})
        return None if document is None else SagaRecord.from_document(document)

    async def list_for(self, user_id: UUID, limit: int) -> list[SagaRecord]:
        """Return the sagas of a user, the newest first."""
        return await self._list({"user_id": user_id}, limit)

    async def list_in(self, state: SagaState, limit: int) -> list[SagaRecord]:
        """Return the sagas in a state, the newest first."""
        return await self._list({"state": state.value}, limit)

    async def claim(self, saga_id: str) -> SagaRecord | None:
        """Take a saga for this engine, from whoever had it, and return it.

        Raises:
            SagaLostError: Another took it at the same moment.
        """
        owner = uuid4().hex
        await self._collection.update_one({"_id": saga_id}, {"$inc": {"fence": 1}, "$set": {"owner": owner}})
        document = await self._collection.find_one({"_id": saga_id})
        if document is not None and document["owner"] != owner:
            raise SagaLostError
        return None if document is None else SagaRecord.from_document(document)

    async def note(
        self,
        record: SagaRecord,
        step: str,
        phase: Phase,
        *,
        error: str = "",
        data: dict[str, Any] | None = None,
        state: SagaState | None = None,
    ) -> SagaRecord:
        """Write a line into the log of a claimed saga, and return it as it is then.

        Args:
            record: The saga.
            step: The step; empty for the whole.
            phase: What has happened.
            error: Why it failed.
            data: The data from now on.
            state: The state from now on.

        Raises:
            SagaLostError: Another engine has claimed it.
        """
        entry = {"step": step, "phase": phase.value, "at": datetime.now(UTC), "error": error}
        values: dict[str, Any] = {}
        if data is not None:
            values["data"] = json.dumps(data)
        if state is not None:
            values |= {"state": state.value, "error": error}
        return await self._write(record, values, entry)

    async def enter(self, record: SagaRecord, state: SagaState, *, error: str | None = None) -> SagaRecord:
        """Change the state of a claimed saga, and return it as it is then.

        Args:
            record: The saga.
            state: The state.
            error: Why; None leaves the reason as it is.

        Raises:
            SagaLostError: Another engine has claimed it.
        """
        values: dict[str, Any] = {"state": state.value}
        if state is SagaState.STUCK:
            values["stuck_in"] = record.state.value
        if error is not None:
            values["error"] = error
        return await self._write(record, values)

    async def request_cancel(self, saga_id: str) -> None:
        """Ask for a saga to be undone."""
        await self._collection.update_one({"_id": saga_id}, {"$set": {"cancel_requested": True}})

    async def unstick(self, record: SagaRecord, session: "AsyncClientSession") -> bool:
        """Return a stuck saga to what it was doing in a transaction, and return whether it was stuck still."""
        entry = {"step": "", "phase": Phase.RESUMED.value, "at": datetime.now(UTC), "error": ""}
        result = await self._collection.update_one(
            {"_id": record.id, "fence": record.fence},
            {"$set": {"state": record.stuck_in.value}, "$push": {"log": entry}, "$inc": {"version": 1, "fence": 1}},
            session=session,
        )
        return result.matched_count == 1

    async def _write(
        self, record: SagaRecord, values: dict[str, Any], entry: dict[str, Any] | None = None
    ) -> SagaRecord:
        change: dict[str, Any] = {"$inc": {"version": 1}}
        if values:
            change["$set"] = values
        if entry is not None:
            change["$push"] = {"log": entry}
        result = await self._collection.update_one({"_id": record.id, "fence": record.fence}, change)
        found = await self.get(record.id) if result.matched_count else None
        if found is None or found.fence != record.fence:
            msg = f"saga {record.id} was taken over by another worker"
            raise SagaLostError(msg)
        return found

    async def _list(self, query: dict[str, Any], limit: int) -> list[SagaRecord]:
        documents = await self._collection.find(query).sort("created_at", -1).limit(limit).to_list()
        return [SagaRecord.from_document(document) for document in documents]
