"""Values as bytes: msgpack and nothing that could run code when it is read."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgpack
from bson import ObjectId

from webos.cache.errors import UncacheableValueError

__all__ = ["Stored", "pack", "unpack"]

Stored = bytes | int
"""What a store keeps: packed bytes, or a whole number as it is, so that it can be counted up."""

_LARGEST: Final = 2**63
_SET, _FROZEN_SET, _TUPLE = 7, 11, 8

_WRITERS: Final[Mapping[type, tuple[int, Callable[[Any], bytes]]]] = MappingProxyType(
    {
        dt.datetime: (1, lambda value: value.isoformat().encode()),
        dt.date: (2, lambda value: value.isoformat().encode()),
        dt.time: (3, lambda value: value.isoformat().encode()),
        Decimal: (4, lambda value: str(value).encode()),
        UUID: (5, lambda value: value.bytes),
        ObjectId: (9, lambda value: value.binary),
        dt.timedelta: (10, lambda value: _pack([value.days, value.seconds, value.microseconds])),
        set: (_SET, lambda value: _pack(list(value))),
        frozenset: (_FROZEN_SET, lambda value: _pack(list(value))),
        tuple: (_TUPLE, lambda value: _pack(list(value))),
        complex: (12, lambda value: repr(value).encode()),
    }
)
_READERS: Final[Mapping[int, Callable[[bytes], Any]]] = MappingProxyType(
    {
        1: lambda data: dt.datetime.fromisoformat(data.decode()),
        2: lambda data: dt.date.fromisoformat(data.decode()),
        3: lambda data: dt.time.fromisoformat(data.decode()),
        4: lambda data: Decimal(data.decode()),
        5: lambda data: UUID(bytes=data),
        9: ObjectId,
        10: lambda data: dt.timedelta(*_unpack(data)),
        12: lambda data: complex(data.decode()),
        _SET: lambda data: set(_unpack(data)),
        _FROZEN_SET: lambda data: frozenset(_unpack(data)),
        _TUPLE: lambda data: tuple(_unpack(data)),
    }
)


def pack(value: Any) -> Stored:  # noqa: ANN401 - any plain value
    """Return `value` as a store keeps it.

    Numbers, text, bytes, None, lists, dicts, tuples, sets, dates and times, `Decimal`, `UUID` and `ObjectId` come back as
    what they were.

    Raises:
        UncacheableValueError: It holds something else.
    """
    if type(value) is int and -_LARGEST <= value < _LARGEST:
        return value
    try:
        return _pack(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        msg = f"a {type(value).__name__} cannot be cached: {error}"
        raise UncacheableValueError(msg) from error


def unpack(stored: Stored) -> Any:  # noqa: ANN401 - any plain value
    """Return the value that was packed; a new one each time, so that nobody changes another's."""
    return stored if isinstance(stored, int) else _unpack(stored)


def _pack(value: Any) -> bytes:  # noqa: ANN401 - any plain value
    packed: bytes = msgpack.packb(value, default=_extend, strict_types=True)
    return packed


def _extend(value: Any) -> Any:  # noqa: ANN401 - any plain value
    kind = type(value)
    if kind is int:
        msg = "a whole number beyond 64 bits"
        raise TypeError(msg)
    found = _WRITERS.get(kind)
    if found is None:
        msg = f"{kind.__module__}.{kind.__qualname__} is not plain data"
        raise TypeError(msg)
    code, write = found
    return msgpack.ExtType(code, write(value))


def _unpack(packed: bytes) -> Any:  # noqa: ANN401 - any plain value
    return msgpack.unpackb(packed, ext_hook=_restore, strict_map_key=False)


def _restore(code: int, data: bytes) -> Any:  # noqa: ANN401 - any plain value
    return _READERS[code](data)
