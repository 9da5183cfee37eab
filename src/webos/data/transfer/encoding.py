"""Validated values as the database keeps them, and whether a stored one is the same."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from beanie import Document, Link, PydanticObjectId
from beanie.odm.utils.encoder import Encoder
from bson import Binary, DBRef, Decimal128, ObjectId

__all__ = ["encoded", "hashable", "same"]

_AS_THEY_ARE = frozenset({type(None), str, int, float, bool, datetime, ObjectId, PydanticObjectId, Decimal, DBRef})
_MILLISECOND = 1000


def encoded(value: Any) -> Any:  # noqa: ANN401 - any value of a field
    """Return what is stored for a value of a field, as Beanie would store it."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Link):
        return value.ref
    if isinstance(value, Enum) and type(value.value) in _AS_THEY_ARE:
        return value.value
    if isinstance(value, Document):
        return DBRef(value.get_collection_name(), value.id)
    if isinstance(value, list):
        return [encoded(item) for item in value]
    return Encoder(to_db=True).encode(value)


def same(stored: Any, new: Any) -> bool:  # noqa: ANN401 - any stored values
    """Return whether storing `new` in the place of `stored` would change nothing."""
    return bool(_comparable(stored) == _comparable(new))


def hashable(value: Any) -> Any:  # noqa: ANN401 - any stored value
    """Return something that is equal, and has the same hash, for values that are the same when they are stored."""
    return _frozen(_comparable(value))


def _frozen(value: Any) -> Any:  # noqa: ANN401 - any comparable value
    if isinstance(value, Mapping):
        return tuple((key, _frozen(inner)) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(inner) for inner in value)
    return value


def _comparable(value: Any) -> Any:  # noqa: ANN401 - any stored value
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.replace(microsecond=aware.microsecond // _MILLISECOND * _MILLISECOND)
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, Binary):
        return value.as_uuid() if value.subtype == 4 else bytes(value)  # noqa: PLR2004 - BSON's number for UUIDs
    if isinstance(value, DBRef):
        return ("link", value.id)
    return _comparable_inside(value)


def _comparable_inside(value: Any) -> Any:  # noqa: ANN401 - any stored value
    if isinstance(value, Mapping):
        if "$ref" in value and "$id" in value:
            return ("link", value["$id"])
        return {key: _comparable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_comparable(inner) for inner in value]
    return value
