"""What a backup says of itself."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from webos.data.backup.errors import BackupDamagedError

__all__ = ["FORMAT", "MANIFEST", "Manifest", "Part"]

FORMAT = 1
MANIFEST = "manifest.json"


class Part(BaseModel):
    """One collection.

    Attributes:
        file: Name inside the backup.
        collection: Name of the collection.
        documents: How many there are.
        size: Bytes, before compression.
        sha256: Of these bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    collection: str
    documents: int
    size: int
    sha256: str


class Manifest(BaseModel):
    """The list of the collections, and where they come from.

    Attributes:
        format: Version of the form of the file.
        created_at: The moment that the data is of.
        framework: Version of the framework.
        server: Version of the database server.
        database: Name of the database.
        keys: Ids of the keys that secret fields are sealed with; the keys themselves are in no backup.
        parts: The collections.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    created_at: datetime
    framework: str
    server: str
    database: str
    keys: tuple[str, ...] = ()
    parts: tuple[Part, ...]

    @property
    def documents(self) -> int:
        """How many documents there are in all."""
        return sum(part.documents for part in self.parts)

    @property
    def size(self) -> int:
        """Bytes of all documents."""
        return sum(part.size for part in self.parts)

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """Return what a backup says of itself.

        Raises:
            BackupDamagedError: It is not of the form, or of one that only a newer version knows.
        """
        try:
            manifest = cls.model_validate_json(text)
        except ValidationError:
            msg = "The list of contents of the backup cannot be read."
            raise BackupDamagedError(msg) from None
        if manifest.format != FORMAT:
            msg = f"The backup is of form {manifest.format}, and this version knows {FORMAT}. It is from WebOS {manifest.framework}."
            raise BackupDamagedError(msg)
        return manifest
