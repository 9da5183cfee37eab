"""Storing many documents at once and leaving alone those that are stored already."""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from beanie import Link, PydanticObjectId
from beanie.odm.fields import LinkTypes
from beanie.odm.utils.dump import get_dict
from bson import ObjectId
from pymongo.errors import BulkWriteError, DuplicateKeyError

from webos.data.stamp import stamping

if TYPE_CHECKING:
    from webos.data.document import CoreDocument

__all__ = ["insert_missing"]

Row = dict[str, Any]

_DUPLICATE_KEY = 11000
_PLAIN = (type(None), str, int, float, bool, datetime, ObjectId, PydanticObjectId)
_BACKWARD = {kind for kind in LinkTypes if "BACK" in kind.value}


async def insert_missing(model: "type[CoreDocument]", documents: "Iterable[CoreDocument]") -> int:
    """Store those of `documents` whose id no stored document has, and return how many these are.

    Args:
        model: Class of all of them.
        documents: The documents; read in a thread, so they may be made while they are read.

    Raises:
        DuplicateKeyError: Another value that must be unique is taken; some of the others may be stored.
    """
    collection = model.get_pymongo_collection()
    to_row = _row_maker(model)
    with stamping():
        try:
            new: int = await collection.insert_missing(to_row(document) for document in documents)
        except BulkWriteError as error:
            failure: Row = next(iter(error.details.get("writeErrors", ())), {})
            if failure.get("code") != _DUPLICATE_KEY:
                raise
            raise DuplicateKeyError(str(failure.get("errmsg", "")), _DUPLICATE_KEY, failure) from None
    return new


def _row_maker(model: "type[CoreDocument]") -> "Callable[[CoreDocument], Row]":
    """Return a function that makes of a document what Beanie's encoder makes of it, only faster.

    Documents that hold anything but plain values, enums and links are left to Beanie's encoder.
    """
    links = model.get_link_fields() or {}
    fields = [
        (name, info.alias or name)
        for name, info in model.model_fields.items()
        if not info.exclude and (name not in links or links[name].link_type not in _BACKWARD)
    ]
    settings = model.get_settings()
    special = (
        bool(settings.bson_encoders) or settings.union_doc is not None or model.model_config.get("extra") == "allow"
    )

    def encode(document: "CoreDocument") -> Row:
        row: Row = get_dict(document, to_db=True)
        return row

    converters: dict[type, Callable[[Any], Any] | None] = {**dict.fromkeys(_PLAIN), Link: _reference}

    def to_row(document: "CoreDocument") -> Row:
        row: Row = {}
        # Asking for attributes one by one goes through a slow `__getattribute__` of Beanie's.
        values = vars(document)
        for name, stored in fields:
            value = values[name]
            kind = type(value)
            if kind in converters:
                convert = converters[kind]
                row[stored] = value if convert is None else convert(value)
            elif isinstance(value, Enum) and type(value.value) in _PLAIN and not isinstance(value, (str, int, float)):
                row[stored] = value.value
            else:
                return encode(document)
        if row["_id"] is None:
            del row["_id"]
        return row

    return encode if special else to_row


def _reference(link: Link[Any]) -> Row:
    """Return a link as it is stored; the driver makes the same of a `DBRef`, more slowly."""
    reference = {"$ref": link.ref.collection, "$id": link.ref.id}
    if link.ref.database is not None:
        reference["$db"] = link.ref.database
    return reference
