"""Short digests of values: what the database takes for the same has the same one."""

from collections.abc import Hashable
from decimal import Context, Decimal
from hashlib import blake2b

__all__ = ["digest"]

_BYTES = 8
# A decimal of the database has 34 digits; a float has no more than 309 before its point.
_DIGITS = 40
_LONGEST_INTEGER = 310


def digest(value: Hashable) -> int:
    """Return a digest of 64 bits, never 0, of what `hashable` made of a stored value.

    It does not stand on Python's own hash, for which -1 and -2 are the same.
    """
    return int.from_bytes(blake2b(repr(_plain(value)).encode(errors="replace"), digest_size=_BYTES).digest()) or 1


def _plain(value: Hashable) -> Hashable:
    if isinstance(value, tuple):
        return tuple(_plain(inner) for inner in value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Decimal):
        short = Context(prec=_DIGITS).normalize(value)
        whole = short.is_finite() and short.adjusted() < _LONGEST_INTEGER and short == short.to_integral_value()
        return int(short) if whole else short
    return value
