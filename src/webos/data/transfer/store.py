"""Where the records of imports are kept."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import ObjectId
from pymongo import ReturnDocument

from webos.data.transfer.record import Counts, ImportRecord, ImportState
from webos.kernel.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

__all__ = ["ImportStore"]

# A start that has not stored its position for so long is taken for dead.
_SILENCE = timedelta(minutes=2)
_CLOSED = [state.value for state in ImportState if state.is_final]


class ImportStore:
    """The records. Whether somebody may see one is up to the caller.

    Args:
        collection: Where they are.
    """

    def __init__(self, collection: "AsyncCollection[dict[str, Any]]") -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._collection.create_index([("user_id", 1), ("created_at", -1)])
        await self._collection.create_index([("model", 1), ("sha256", 1)])

    async def add(self, record: ImportRecord) -> None:
        """Add a record."""
        await self._collection.insert_one(record.to_document())

    async def get(self, identity: ObjectId) -> ImportRecord:
        """Return a record.

        Raises:
            NotFoundError: There is none.
        """
        document = await self._collection.find_one({"_id": identity})
        if document is None:
            msg = f"there is no import {identity}"
            raise NotFoundError(msg, user_message="There is no such import.")
        return ImportRecord.from_document(document)

    async def list_for(self, user_id: UUID, limit: int) -> list[ImportRecord]:
        """Return the imports of a user, the newest first."""
        cursor = self._collection.find({"user_id": user_id}).sort("created_at", -1).limit(limit)
        return [ImportRecord.from_document(document) async for document in cursor]

    async def change(self, identity: ObjectId, **values: Any) -> None:  # noqa: ANN401 - any attribute
        """Change attributes of a record, as they are stored."""
        await self._collection.update_one({"_id": identity}, {"$set": values})

    async def begin(self, record: ImportRecord) -> ImportRecord:
        """Take an import over for one start of it, so that an earlier start can go on no more.

        Raises:
            ConflictError: It has come to its end, or the same file is being imported by another one.
        """
        now = datetime.now(UTC)
        changes = {
            "state": ImportState.RUNNING.value,
            "fence": token_hex(8),
            "starts": record.starts + 1,
            "started_at": record.started_at or now,
            "saved_at": now if record.saved_at is None else record.saved_at,
            "beat": now,
        }
        result = await self._collection.update_one({"_id": record.id, "state": {"$nin": _CLOSED}}, {"$set": changes})
        if result.matched_count == 0:
            msg = f"the import {record.id} has come to its end"
            raise ConflictError(msg, user_message="This import has come to its end already.")
        await self._refuse_twin(record, now)
        return await self.get(record.id)

    async def save(self, record: ImportRecord, counts: Counts, total: int | None) -> None:
        """Store how far a start has come.

        Raises:
            ConflictError: Another start has taken over, or somebody has ended the import.
        """
        now = datetime.now(UTC)
        changes = {"counts": counts.to_dict(), "total": total, "saved_at": now, "beat": now}
        await self._fenced(record, changes)

    async def finish(self, record: ImportRecord, state: ImportState, counts: Counts, error: str = "") -> ImportRecord:
        """Bring an import to its end and return it.

        Raises:
            ConflictError: Another start has taken over, or somebody has ended it.
        """
        changes = {"state": state.value, "counts": counts.to_dict(), "error": error, "finished_at": datetime.now(UTC)}
        await self._fenced(record, changes)
        return await self.get(record.id)

    async def close(self, identity: ObjectId, state: ImportState) -> ImportRecord | None:
        """End an import that is not at its end, from outside; None if it is at its end already."""
        document = await self._collection.find_one_and_update(
            {"_id": identity, "state": {"$nin": _CLOSED}},
            {"$set": {"state": state.value, "finished_at": datetime.now(UTC)}},
            return_document=ReturnDocument.AFTER,
        )
        return ImportRecord.from_document(document) if document is not None else None

    async def _fenced(self, record: ImportRecord, changes: dict[str, Any]) -> None:
        mine = {"_id": record.id, "fence": record.fence, "state": ImportState.RUNNING.value}
        result = await self._collection.update_one(mine, {"$set": changes})
        if result.matched_count == 0:
            msg = f"the import {record.id} was ended or taken over"
            raise ConflictError(msg, user_message="This import was ended or goes on elsewhere.")

    async def _refuse_twin(self, record: ImportRecord, now: datetime) -> None:
        """Let the older of two running imports of the same file go first."""
        cursor = self._collection.find({"model": record.model, "sha256": record.sha256})
        async for other in cursor:
            if (
                other["_id"] < record.id
                and other["state"] == ImportState.RUNNING.value
                and other.get("beat", now) > now - _SILENCE
            ):
                await self._collection.update_one({"_id": record.id}, {"$set": {"state": ImportState.READY.value}})
                msg = f"the file of {record.id} is being imported by {other['_id']}"
                raise ConflictError(msg, user_message="This file is being imported already. Wait until that has ended.")
