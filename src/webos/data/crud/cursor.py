"""Where a page ended: opaque for who sends it back, and believed no further than its types go."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

import bson
from bson import Binary, CodecOptions, Decimal128, ObjectId
from bson.binary import UuidRepresentation
from bson.errors import BSONError

from webos.kernel.errors import InvalidInputError

__all__ = ["Cursor"]

_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD, tz_aware=True)
# Nothing that the database could take for an operator.
_PLAIN = (type(None), bool, int, float, str, datetime, ObjectId, UUID, bytes, Binary, Decimal)
_MOST_CHARACTERS = 6000


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page.

    Attributes:
        sort: How the rows are sorted.
        value: Its value in the sorted field.
        identity: Its id.
        handle: Names the snapshot the page came from; empty where there was none.
        position: Number of rows up to it, in that snapshot.
    """

    sort: str
    value: Any
    identity: Any
    handle: str = ""
    position: int = 0

    def encode(self) -> str:
        """Return it as text."""
        value = Decimal128(self.value) if isinstance(self.value, Decimal) else self.value
        content = {"s": self.sort, "v": value, "i": self.identity, "h": self.handle, "p": self.position}
        return urlsafe_b64encode(bson.encode(content, codec_options=_OPTIONS)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, sort: str) -> Self:
        """Return the cursor that `encode` has given as text.

        Args:
            text: The text.
            sort: How the rows are to be sorted.

        Raises:
            InvalidInputError: It is no cursor, or one of another sort.
        """
        try:
            if len(text) > _MOST_CHARACTERS:
                raise _invalid()
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            content = bson.decode(raw, codec_options=_OPTIONS)
            value, identity = content["v"], content["i"]
            value = value.to_decimal() if isinstance(value, Decimal128) else value
            cursor = cls(content["s"], value, identity, content["h"], content["p"])
        except (binascii.Error, BSONError, KeyError, ValueError, TypeError, OverflowError):
            raise _invalid() from None
        plain = isinstance(value, _PLAIN) and isinstance(identity, _PLAIN)
        if not plain or cursor.sort != sort or type(cursor.handle) is not str or type(cursor.position) is not int:
            raise _invalid()
        return cursor


def _invalid() -> InvalidInputError:
    return InvalidInputError(fields={"cursor": "This is not the cursor of a page in this order."})
