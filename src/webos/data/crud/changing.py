"""Making and changing documents from validated input; what the database cannot hold is wrong input, with its field."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import DecimalException
from typing import Any

import bson
from beanie import Link
from beanie.odm.utils.encoder import Encoder
from bson.errors import BSONError
from pydantic import ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DocumentTooLarge, OperationFailure

from webos.data.document import CoreDocument
from webos.data.loaded import difference, encoded_fields, field_names, loaded_state
from webos.data.model_registry import ModelRegistry
from webos.data.table.editing import assign, validation_messages
from webos.data.untouched import without_untouched
from webos.kernel.context import current_user
from webos.kernel.errors import InvalidInputError

__all__ = ["assign_input", "demand_links", "new_document", "storable", "unwritten", "write_changes"]

_NOT_STORABLE = "This value cannot be stored."
_UNSTORABLE = (BSONError, OverflowError, UnicodeError, DecimalException, DocumentTooLarge, RecursionError)
# Codes for values: bad value, type mismatch, overflow, too deep, and names of fields that are not possible.
_ABOUT_VALUES = frozenset({2, 9, 14, 15, 22, 52, 55, 56, 57, 10334, 17419, 17420})


def new_document(document: type[CoreDocument], values: Mapping[str, Any]) -> CoreDocument:
    """Return a new document, validated by its class.

    Raises:
        InvalidInputError: A value does not fit; `fields` says which and why.
    """
    try:
        made: CoreDocument = document.model_validate(dict(values), by_name=True, by_alias=False)
    except ValidationError as error:
        raise InvalidInputError(fields=validation_messages(error)) from None
    return made


def assign_input(target: CoreDocument, values: Mapping[str, Any]) -> None:
    """Set fields of a document, each validated by its class.

    Raises:
        InvalidInputError: A value does not fit; `fields` says which and why.
    """
    messages = assign(target, dict(values))
    if messages:
        raise InvalidInputError("; ".join(messages.values()), fields=messages)


async def demand_links(target: CoreDocument, names: Mapping[str, Any], models: ModelRegistry) -> None:
    """Refuse links to documents that the acting user does not see.

    Args:
        target: The document.
        names: The fields to look at.
        models: The document classes.

    Raises:
        InvalidInputError: There is no such document, at least for him; `fields` names the link.
    """
    for name in names.keys() & (type(target).get_link_fields() or {}).keys():
        value = getattr(target, name)
        links = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Link)]
        if not links:
            continue
        wanted = {each.ref.id for each in links}
        info = models.by_collection(links[0].ref.collection)
        found: set[Any] = set()
        if info is not None and info.may_read(current_user()):
            cursor = info.document.get_pymongo_collection().find({"_id": {"$in": list(wanted)}}, {"_id": 1})
            found = {row["_id"] async for row in cursor}
        if wanted - found:
            title = info.title if info is not None else "record"
            raise InvalidInputError(fields={name: f"There is no such {title}."})


async def write_changes(target: CoreDocument, session: AsyncClientSession | None) -> list[str]:
    """Store what differs from what was read, if nobody else has changed the document since, and read it back.

    Returns:
        The names of the fields that were changed.

    Raises:
        ConflictError: Somebody else has changed it, or a value that must be unique is taken.
        NotFoundError: It does not exist any more.
    """
    change = unwritten(target)
    if not change:
        return []
    await target.update(change, session=session)
    names = field_names(type(target))
    return sorted(names.get(name, name) for fields in change.values() for name in fields)


def unwritten(target: CoreDocument) -> dict[str, dict[str, Any]]:
    """Return the update for what was changed of a document since it was read or written; empty for nothing."""
    collection: Any = target.get_pymongo_collection()
    base = loaded_state(target)
    if base is None:
        # Written without being read back: all of it.
        return {"$set": without_untouched(target, encoded_fields(target))}
    changed, gone = difference(target, base, collection.database.journal.codec)
    parts = {"$set": changed, "$unset": dict.fromkeys(gone, "")}
    return {operator: fields for operator, fields in parts.items() if fields}


@asynccontextmanager
async def storable(target: CoreDocument) -> AsyncIterator[None]:
    """Turn what the database cannot hold into wrong input.

    Args:
        target: The document that the block stores.

    Raises:
        InvalidInputError: It cannot hold a value; `fields` names it where that can be told.
    """
    try:
        yield
    except _UNSTORABLE:
        raise InvalidInputError(fields=_not_storable(target)) from None
    except OperationFailure as error:
        if error.code not in _ABOUT_VALUES:
            raise
        raise InvalidInputError(_NOT_STORABLE, fields=_not_storable(target)) from None


def _not_storable(target: CoreDocument) -> dict[str, str]:
    """Return a message for each field whose value alone cannot be encoded."""
    collection: Any = target.get_pymongo_collection()
    codec = collection.database.journal.codec
    encoder = Encoder(custom_encoders=target.get_settings().bson_encoders, to_db=True)
    wrong: dict[str, str] = {}
    for name in type(target).model_fields:
        try:
            bson.encode({"": encoder.encode(getattr(target, name))}, codec_options=codec)
        except _UNSTORABLE:
            wrong[name] = _NOT_STORABLE
    return wrong or {"input": _NOT_STORABLE}
