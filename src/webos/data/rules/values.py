"""How MongoDB compares values: numbers of all kinds with each other, everything else only with its own kind."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from math import isnan
from typing import Any
from uuid import UUID

from bson import Binary, Decimal128, ObjectId
from bson.binary import UuidRepresentation

__all__ = ["MISSING", "Kind", "equal", "kind_of", "ordered", "plain"]

_UUID_SUBTYPE = 4


class _Missing:
    """Stands for a field that a document does not have."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class Kind(Enum):
    """The kinds of values that are compared with each other."""

    NULL = "null"
    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth"
    TIME = "time"
    IDENTITY = "identity"
    BYTES = "bytes"
    LIST = "list"
    DOCUMENT = "document"
    OTHER = "other"


_KINDS: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
    (bool, Kind.TRUTH),
    ((int, float, Decimal), Kind.NUMBER),
    (str, Kind.TEXT),
    (datetime, Kind.TIME),
    (ObjectId, Kind.IDENTITY),
    ((UUID, bytes), Kind.BYTES),
    ((list, tuple), Kind.LIST),
    (Mapping, Kind.DOCUMENT),
)


def kind_of(value: Any) -> Kind:  # noqa: ANN401 - any stored value
    """Return what a value counts as; a missing one counts as null."""
    if value is None or value is MISSING:
        return Kind.NULL
    return next((kind for types, kind in _KINDS if isinstance(value, types)), Kind.OTHER)


def plain(value: Any) -> Any:  # noqa: ANN401 - any stored value
    """Return a value as it is stored: times in whole milliseconds of UTC, members of an enum as their value."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, datetime):
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    return value


def equal(first: Any, second: Any) -> bool:  # noqa: ANN401 - any stored values
    """Return whether two plain values are the same to MongoDB; lists and documents never are."""
    kind = kind_of(first)
    if kind is not kind_of(second) or kind in {Kind.LIST, Kind.DOCUMENT, Kind.OTHER}:
        return False
    if kind is Kind.NULL:
        return True
    if kind is Kind.NUMBER and (_is_nan(first) or _is_nan(second)):
        return _is_nan(first) and _is_nan(second)
    if kind is Kind.BYTES:
        return _bytes(first) == _bytes(second)
    return bool(first == second)


def ordered(operator: str, first: Any, second: Any) -> bool:  # noqa: ANN401 - any stored values
    """Return whether `first` lies below or above `second`, as `$lt`, `$lte`, `$gt` or `$gte` says.

    Args:
        operator: Which.
        first: A plain value.
        second: A plain number, text or time.
    """
    if kind_of(first) is not kind_of(second):
        return False
    if kind_of(first) is Kind.NUMBER and (_is_nan(first) or _is_nan(second)):
        return operator.endswith("e") and _is_nan(first) and _is_nan(second)
    if operator == "$lt":
        return bool(first < second)
    if operator == "$lte":
        return bool(first <= second)
    return bool(first > second) if operator == "$gt" else bool(first >= second)


def _is_nan(value: float | Decimal) -> bool:
    return value.is_nan() if isinstance(value, Decimal) else isnan(value)


def _bytes(value: UUID | bytes) -> tuple[int, bytes]:
    if isinstance(value, UUID):
        return _UUID_SUBTYPE, bytes(Binary.from_uuid(value, UuidRepresentation.STANDARD))
    return getattr(value, "subtype", 0), bytes(value)
