"""Removing the values of a document from its entries, when it is removed for good."""

from typing import TYPE_CHECKING, Any

from bson import ObjectId

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession

    from webos.data.audit.journal import Journal

__all__ = ["scrub"]

Row = dict[str, Any]


async def scrub(
    journal: "Journal",
    collection: str,
    identity: Any,  # noqa: ANN401 - any id
    session: "AsyncClientSession | None" = None,
) -> None:
    """Remove all values of a document; that somebody changed it, and when, stays.

    Entries that tell of other documents as well keep their values, and no longer tell of this one.

    Args:
        journal: The entries.
        collection: Name of the collection.
        identity: The document.
        session: For a transaction.
    """
    own = {"collection": collection, "documents": identity}
    async for entry in journal.entries.find(own, session=session):
        if "changes" not in entry:
            continue
        if len(entry["documents"]) > 1:
            apart = {name: value for name, value in entry.items() if name != "changes"}
            apart |= {"_id": ObjectId(), "documents": [identity], "purged": True}
            await journal.note([apart], session)
            await journal.entries.update_one({"_id": entry["_id"]}, {"$pull": {"documents": identity}}, session=session)
        else:
            without = {"$unset": {"changes": ""}, "$set": {"purged": True}}
            await journal.entries.update_one({"_id": entry["_id"]}, without, session=session)
