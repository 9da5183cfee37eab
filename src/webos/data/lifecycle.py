"""What becomes of a document after it was deleted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, cast

from pymongo.asynchronous.client_session import AsyncClientSession

from webos.data.conflicts import changed_error
from webos.data.guard.lifecycle import Restoration
from webos.data.loaded import loaded_state, read_document, set_loaded
from webos.kernel.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from webos.data.document import CoreDocument
    from webos.data.guard import GuardedCollection

__all__ = ["Lifecycle"]


class Lifecycle:
    """The methods of documents for what is deleted."""

    @classmethod
    async def find_deleted(
        cls, query: Mapping[str, Any] | None = None, *, limit: int = 1000, session: AsyncClientSession | None = None
    ) -> list[Self]:
        """Return deleted documents, the last deleted first, to those who may change such documents.

        Args:
            query: What they must match.
            limit: How many at most.
            session: For a transaction.

        Raises:
            PermissionDeniedError: The acting user may not.
        """
        model = cast("type[CoreDocument]", cls)
        rows = await _collection(model).find_deleted(query, limit=limit, session=session)
        return cast("list[Self]", [read_document(model, row) for row in rows])

    async def restore(self, session: AsyncClientSession | None = None) -> Self:
        """Take the deletion back.

        Args:
            session: For a transaction.

        Raises:
            PermissionDeniedError: The acting user may not change such documents.
            NotFoundError: There is no such deleted document for him.
            ConflictError: A value that must be unique is taken meanwhile, or it was restored meanwhile.
        """
        document = cast("CoreDocument", self)
        collection = _collection(type(document))
        rows = await collection.find_deleted({"_id": document.id}, session=session)
        if not rows:
            msg = f"no such deleted {type(document).__name__}"
            raise NotFoundError(msg)
        applied = await collection.restore_each([Restoration(rows[0])], session=session)
        if applied.errors:
            text = "This cannot be restored: a value that must be unique is in use by another one."
            msg = f"a value of the deleted {type(document).__name__} is taken"
            raise ConflictError(msg, user_message=text)
        if applied.missed:
            msg = f"{type(document).__name__} was changed while it was restored"
            raise changed_error(msg)
        restored = await collection.find_one({"_id": document.id}, session=session)
        if restored is not None:
            read = read_document(type(document), restored)
            document.__dict__.update(read.__dict__)
            set_loaded(document, loaded_state(read))
        return self

    async def purge(self, session: AsyncClientSession | None = None) -> None:
        """Remove the document for good, be it live or deleted, and its values from the record of changes.

        That it was there, and who changed it when, stays on record.

        Args:
            session: For a transaction.

        Raises:
            PermissionDeniedError: The acting user lacks the permission `<module>.purge`.
            NotFoundError: It does not exist for him.
            ConflictError: It is changed at this moment.
        """
        document = cast("CoreDocument", self)
        await _collection(type(document)).purge(document.id, session=session)
        set_loaded(document, None)


def _collection(model: "type[CoreDocument]") -> "GuardedCollection":
    return cast("GuardedCollection", model.get_pymongo_collection())
