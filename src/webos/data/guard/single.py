"""Changes of one document that the guard's methods for single documents come to, upserts too."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError
from pymongo.results import UpdateResult

from webos.data.audit.entry import new_entry
from webos.data.conflicts import changed_error
from webos.data.guard.audited import Change, Write, change_one, in_transaction, is_undone
from webos.data.guard.together import Sent, send_together
from webos.data.guard.updates import Update

if TYPE_CHECKING:
    from webos.data.guard.writing import WritingMethods

__all__ = ["find_and_change", "update_one"]

Row = dict[str, Any]

_ATTEMPTS = 10


async def update_one(
    collection: "WritingMethods", change: Change, *, upsert: bool = False, before: Row | None = None
) -> UpdateResult:
    """Change one document, or make it if there is none and that is wanted.

    Args:
        collection: The guarded collection.
        change: The change.
        upsert: Whether to make a document where none matches.
        before: What is stored, if the filter asks for its revision; it is read where None.

    Raises:
        ConflictError: The document was changed again and again meanwhile.
    """
    raw = collection._raw  # noqa: SLF001 - a part of the guard

    async def write(query: Row) -> tuple[bool, UpdateResult]:
        result = await raw.update_one(query, change.update, **change.writing)
        return result.matched_count > 0, result

    async def together(entry: Row, query: Row) -> Sent:
        operation = {"update": None, "filter": query, "updateMods": change.update, "multi": False}
        return await send_together(collection, entry, operation, change.writing)

    async def make(query: Row, update: Update) -> UpdateResult:
        return await raw.update_one(query, update, upsert=True, **change.writing)

    if upsert:
        changed: UpdateResult = await _change_or_make(collection, change, write, make)
        return changed
    result: UpdateResult | None = await change_one(collection, change, write, before=before, together=together)
    if result is None:
        return UpdateResult({"n": 0, "nModified": 0, "updatedExisting": False}, acknowledged=True)
    return result


async def find_and_change(collection: "WritingMethods", change: Change, *, upsert: bool = False) -> Row | None:
    """Change one document and return it, before or after the change as the options say.

    Args:
        collection: The guarded collection.
        change: The change.
        upsert: Whether to make a document where none matches.

    Raises:
        ConflictError: The document was changed again and again meanwhile.
    """
    raw = collection._raw  # noqa: SLF001 - a part of the guard

    async def write(query: Row) -> tuple[bool, Row | None]:
        found = await raw.find_one_and_update(query, change.update, **change.writing)
        return found is not None, found

    async def make(query: Row, update: Update) -> Row | None:
        return await raw.find_one_and_update(query, update, upsert=True, **change.writing)

    if upsert:
        made: Row | None = await _change_or_make(collection, change, write, make)
        return made
    found: Row | None = await change_one(collection, change, write)
    return found


async def _change_or_make(
    collection: "WritingMethods",
    change: Change,
    write: Write,
    make: Callable[[Row, Update], Awaitable[Any]],
) -> Any:  # noqa: ANN401 - what the writes give
    for attempt in range(_ATTEMPTS):
        result = await change_one(collection, change, write)
        if result is not None:
            return result
        try:
            return await _make(collection, change, make)
        except DuplicateKeyError:
            # Somebody else may have made it; if he has not, the value is taken by a document that does not match.
            if attempt or in_transaction(change.options.get("session")):
                raise
    msg = f"a document in {collection.name} is changed all the time"
    raise changed_error(msg)


async def _make(collection: "WritingMethods", change: Change, make: Callable[[Row, Update], Awaitable[Any]]) -> Any:  # noqa: ANN401
    journal = collection.database.journal
    session = change.options.get("session")
    identity = change.query.get("_id")
    update = dict(change.update) if isinstance(change.update, Mapping) else {}
    if isinstance(identity, Mapping) or "_id" not in change.query:
        identity = identity["$eq"] if isinstance(identity, Mapping) and "$eq" in identity else ObjectId()
        update["$setOnInsert"] = {**update.get("$setOnInsert", {}), "_id": identity}
    entry = new_entry(collection.policy, "insert", [identity], change.stamp, revision=1)
    await journal.note([entry], session)
    try:
        # No stored document has such a revision: none is changed here without the values it had.
        return await make({**change.query, "revision": {"$lt": 0}}, update)
    except BaseException as error:
        if is_undone(error) and not in_transaction(session):
            await journal.forget([entry])
        raise
