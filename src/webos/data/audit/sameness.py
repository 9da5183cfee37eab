"""Whether two values are the same once they are stored."""

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import bson

if TYPE_CHECKING:
    from bson import CodecOptions

__all__ = ["ABSENT", "is_same"]


class _Missing(Enum):
    ABSENT = "absent"


ABSENT: Final = _Missing.ABSENT
"""Stands for the value of a field that is not there, which is not the same as None."""


def is_same(first: Any, second: Any, codec: "CodecOptions[Any]") -> bool:  # noqa: ANN401 - any stored value
    """Return whether two values of a field are stored as the same.

    Times that differ by less than the database keeps are the same, and so are whole numbers however they are stored.

    Args:
        first: A value as it was read, or as it would be written; `ABSENT` where there is none.
        second: The other one.
        codec: How the collection stores values.
    """
    if first is second:
        return True
    if first is ABSENT or second is ABSENT:
        return False
    kind, other = type(first), type(second)
    if kind is other and kind in _PLAIN:
        return bool(first == second)
    if isinstance(first, (int, float)) and isinstance(second, (int, float)) and bool not in {kind, other}:
        return first == second
    return bson.encode({"": first}, codec_options=codec) == bson.encode({"": second}, codec_options=codec)


_PLAIN = frozenset({str, int, bool, bytes, type(None)})
