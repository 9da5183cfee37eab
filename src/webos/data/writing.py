"""Writing changes of stored documents: each is based on the revision that was read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from beanie import Document
from beanie.odm.actions import ActionDirections, ActionRegistry, EventTypes
from beanie.odm.bulk import BulkWriter
from beanie.odm.fields import WriteRules
from beanie.odm.utils.update_merge import merge_update_expressions
from pymongo import ReturnDocument, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError
from pymongo.results import DeleteResult

from webos.data.conflicts import changed_error, taken_error
from webos.data.fetching import take_over
from webos.data.loaded import encoded_fields, loaded_state, read_document, set_loaded
from webos.data.merging import save_changes
from webos.data.stamp import Stamp
from webos.data.untouched import without_untouched
from webos.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from webos.data.document import CoreDocument

__all__ = [
    "act",
    "all_fields",
    "delete",
    "explain_miss",
    "has_plain_id",
    "mark",
    "queue",
    "read_as",
    "read_back",
    "refuse_cascade",
    "save",
    "with_actions",
    "write",
    "write_and_read",
]

Skipped = list[ActionDirections | str] | None


def all_fields(document: "CoreDocument") -> dict[str, Any]:
    """Return the update that stores a document as it is now, but for what whoever read it could not see."""
    return {"$set": without_untouched(document, encoded_fields(document))}


def read_as(document: "CoreDocument", *, ignore_revision: bool) -> dict[str, Any]:
    """Return the filter for a document as it was read.

    Args:
        document: The document.
        ignore_revision: Whether any later revision will do as well.
    """
    return {"_id": document.id} if ignore_revision else {"_id": document.id, "revision": document.revision}


def mark(document: "CoreDocument", stamp: Stamp) -> None:
    """Give a document the stamps of the change that was just written."""
    document.updated_at = stamp.at
    document.updated_by = stamp.by
    document.revision += 1


def has_plain_id(document: Document) -> bool:
    """Return whether the model has Beanie's own kind of id."""
    return bool(type(document).model_fields["id"].annotation == Document.model_fields["id"].annotation)


async def save(
    document: "CoreDocument",
    *,
    session: AsyncClientSession | None,
    ignore_revision: bool,
    **options: Any,  # noqa: ANN401 - the driver's
) -> None:
    """Write a stored document as it is now, merged with what others have changed of other fields since it was read.

    Args:
        document: The document.
        session: For a transaction.
        ignore_revision: Whether to write all of it over what others changed.
        options: The driver's.

    Raises:
        ConflictError: Others changed the same fields since it was read, or a value that must be unique is taken.
        NotFoundError: It does not exist any more.
    """
    base = loaded_state(document)
    # A revision that the caller has set asks for exactly that one.
    if base is not None and not ignore_revision and base.get("revision") == document.revision:
        await save_changes(document, base, session=session, **options)
    else:
        await write(document, all_fields(document), session=session, ignore_revision=ignore_revision, **options)


async def write(
    document: "CoreDocument",
    change: Mapping[str, Any],
    *,
    session: AsyncClientSession | None,
    ignore_revision: bool,
    **options: Any,  # noqa: ANN401 - the driver's
) -> None:
    """Write a change of one document.

    Args:
        document: The document; it gets the stamps, not the change.
        change: Update operators or a pipeline.
        session: For a transaction.
        ignore_revision: Whether to write it over what others changed since.
        options: The driver's.

    Raises:
        ConflictError: It was changed since it was read, or a value that must be unique is taken.
        NotFoundError: It does not exist any more.
    """
    query = read_as(document, ignore_revision=ignore_revision)
    collection: Any = document.get_pymongo_collection()
    with collection.stamp_change() as stamp:
        with _naming_what_is_taken(document):
            result = await collection.update_one(query, change, session=session, **options)
        if result.matched_count == 0:
            await explain_miss(document, session)
        mark(document, stamp)
        set_loaded(document, None)
    if ignore_revision and (stored := await collection.find_one(document.id, ["revision"], session=session)):
        document.revision = stored["revision"]


async def delete(
    document: "CoreDocument",
    query: Mapping[str, Any],
    *,
    session: AsyncClientSession | None,
    **options: Any,  # noqa: ANN401 - the driver's
) -> DeleteResult:
    """Mark a document as deleted.

    Args:
        document: The document; it gets the stamps.
        query: The document, as it was read or in whatever revision.
        session: For a transaction.
        options: The driver's.

    Raises:
        ConflictError: It was changed since it was read.
        NotFoundError: It does not exist any more.
    """
    collection: Any = document.get_pymongo_collection()
    with collection.stamp_change() as stamp:
        result: DeleteResult = await collection.delete_one(query, session=session, **options)
        if result.deleted_count == 0:
            await explain_miss(document, session)
        document.deleted_at = stamp.at
        mark(document, stamp)
        set_loaded(document, None)
    return result


async def write_and_read(
    document: "CoreDocument",
    change: Mapping[str, Any],
    *,
    session: AsyncClientSession | None,
    ignore_revision: bool,
    **options: Any,  # noqa: ANN401 - the driver's
) -> None:
    """Write a change of one document and bring the document to what is stored then.

    Args:
        document: The document.
        change: Update operators or a pipeline.
        session: For a transaction.
        ignore_revision: Whether to write it over what others changed since.
        options: The driver's.

    Raises:
        ConflictError: It was changed since it was read, or a value that must be unique is taken.
        NotFoundError: It does not exist any more.
    """
    collection: Any = document.get_pymongo_collection()
    if collection.database.traits.scanning_find_and_change:
        await write(document, change, session=session, ignore_revision=ignore_revision, **options)
        await read_back(document, session)
        return
    query = read_as(document, ignore_revision=ignore_revision)
    with _naming_what_is_taken(document):
        stored = await collection.find_one_and_update(
            query, change, session=session, return_document=ReturnDocument.AFTER, **options
        )
    if stored is None:
        await explain_miss(document, session)
    _take_over(document, read_document(type(document), stored))


async def read_back(document: "CoreDocument", session: AsyncClientSession | None) -> None:
    """Bring a document to what is stored.

    Raises:
        NotFoundError: It does not exist any more.
    """
    stored = await type(document).find_one({"_id": document.id}, session=session)
    if stored is None:
        raise _missing(document)
    _take_over(document, stored)


def _take_over(document: "CoreDocument", stored: "CoreDocument") -> None:
    take_over(document, stored)
    set_loaded(document, loaded_state(stored))


@contextmanager
def _naming_what_is_taken(document: "CoreDocument") -> Iterator[None]:
    try:
        yield
    except DuplicateKeyError as error:
        raise taken_error(type(document).__name__, error) from None


def queue(
    document: "CoreDocument",
    bulk_writer: BulkWriter,
    change: dict[str, Any],
    *,
    ignore_revision: bool,
    **options: Any,  # noqa: ANN401 - the driver's
) -> None:
    """Have a bulk writer write a change of one document."""
    query = read_as(document, ignore_revision=ignore_revision)
    bulk_writer.add_operation(type(document), UpdateOne(query, change, **options))
    # What the next write is based on, in the same bulk writer or after it.
    document.revision += 1
    set_loaded(document, None)


async def explain_miss(document: "CoreDocument", session: AsyncClientSession | None) -> NoReturn:
    """Raise the error for a write that met no document.

    Raises:
        PermissionDeniedError: The acting user may see it, but not change it.
        ConflictError: It has another revision.
        NotFoundError: It does not exist, at least for the acting user.
    """
    collection: Any = document.get_pymongo_collection()
    await collection.explain_miss({"_id": document.id}, session)
    if await document.get_pymongo_collection().find_one(document.id, ["_id"], session=session) is None:
        raise _missing(document)
    msg = f"{type(document).__name__} was changed since revision {document.revision} was read"
    raise changed_error(msg)


def _missing(document: "CoreDocument") -> NotFoundError:
    return NotFoundError(f"no such {type(document).__name__}")


async def act(document: "CoreDocument", event: EventTypes, direction: ActionDirections, skipped: Skipped) -> None:
    """Run the event actions of a document."""
    await ActionRegistry.run_actions(document, event, direction, skipped or [])


async def with_actions(document: "CoreDocument", expressions: list[Any], skipped: Skipped) -> list[Mapping[str, Any]]:
    """Run what is to happen before an update, and add to the update what that changes in the document.

    Args:
        document: The document.
        expressions: Update operators.
        skipped: Actions to leave out.
    """
    if not ActionRegistry.get_action_list(type(document), EventTypes.UPDATE, ActionDirections.BEFORE):
        return expressions
    before = all_fields(document)["$set"]
    await act(document, EventTypes.UPDATE, ActionDirections.BEFORE, skipped)
    changes = {name: value for name, value in all_fields(document)["$set"].items() if before.get(name) != value}
    strategy = document.get_settings().action_conflict_resolution
    return merge_update_expressions(expressions, changes, strategy=strategy) if changes else expressions


def refuse_cascade(link_rule: WriteRules) -> None:
    """Refuse to save linked documents along with a document.

    Raises:
        ValueError: That is wanted.
    """
    if link_rule is not WriteRules.DO_NOTHING:
        msg = "save linked documents one by one, so that each is checked"
        raise ValueError(msg)
