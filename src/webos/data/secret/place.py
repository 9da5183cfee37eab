"""Where a sealed value belongs: moved anywhere else, it does not open."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import bson
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions

__all__ = ["Place"]

_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)


@dataclass(frozen=True, slots=True)
class Place:
    """One field of one document.

    Attributes:
        collection: Name of the collection.
        field: Stored name of the field.
        owner: Who has made the document.
        identity: Id of the document, of any type that the database knows.
    """

    collection: str
    field: str
    owner: UUID | None
    identity: Any

    @property
    def associated_data(self) -> bytes:
        """The place as bytes, different for any two places."""
        # Names hold no zero byte, and the owner has a fixed length.
        owner = self.owner.bytes if self.owner is not None else bytes(16)
        identity = bson.encode({"_id": self.identity}, codec_options=_OPTIONS)
        return b"\0".join((self.collection.encode(), self.field.encode(), owner + identity))
