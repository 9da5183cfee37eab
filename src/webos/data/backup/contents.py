"""Which collections a backup holds."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["MARK", "RESTORING", "collections_to_keep", "is_kept"]

RESTORING = "webos_restore."
"""What the names of collections begin with that are being restored."""

MARK = "webos_restore"
"""The collection that says that a restore has come to the point of no return."""

# Sign-ins and what stands for one shall not come back to life, and locks belong to processes that run.
_NOT_KEPT = frozenset({"webos_sessions", "webos_tickets", "webos_migration_lock", MARK})


def is_kept(collection: str) -> bool:
    """Return whether a collection belongs into a backup: sign-ins, locks and leftovers do not."""
    return collection not in _NOT_KEPT and not collection.startswith((RESTORING, "system."))


async def collections_to_keep(database: "AsyncDatabase[dict[str, Any]]") -> list[str]:
    """Return the names of the collections of a database that belong into a backup."""
    return sorted(name for name in await database.list_collection_names() if is_kept(name))
