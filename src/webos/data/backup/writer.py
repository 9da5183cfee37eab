"""Writing the file: a zip with one BSON stream for each collection, which has its name only when it is whole."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from webos.data.backup.errors import BackupError
from webos.data.backup.manifest import MANIFEST, Manifest, Part
from webos.data.backup.stream import count_documents

__all__ = ["BackupWriter", "writing"]

_OWNER_ONLY = 0o600
# Half the time of the usual level 6 for a tenth more space.
_LEVEL = 3


class BackupWriter:
    """A backup that is being written. Its methods block; call them in a thread, one after the other.

    Args:
        file: An open file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, allowZip64=True, compresslevel=_LEVEL)
        self._stream: IO[bytes] | None = None
        self._part = Part(file="", collection="", documents=0, size=0, sha256="")
        self._digest = hashlib.sha256()
        self.parts: list[Part] = []

    def begin(self, collection: str) -> None:
        """Begin with the documents of a collection."""
        file = f"{len(self.parts) + 1:04}.bson"
        self._part = Part(file=file, collection=collection, documents=0, size=0, sha256="")
        self._digest = hashlib.sha256()
        self._stream = self._zip.open(file, "w", force_zip64=True)

    def write(self, batch: bytes) -> int:
        """Write documents, one behind the other, and return how many there are of the collection by now."""
        assert self._stream is not None  # noqa: S101 - a collection was begun
        self._stream.write(batch)
        self._digest.update(batch)
        grown = {"documents": self._part.documents + count_documents(batch), "size": self._part.size + len(batch)}
        self._part = self._part.model_copy(update=grown)
        return self._part.documents

    def end(self) -> None:
        """End with the collection."""
        assert self._stream is not None  # noqa: S101 - a collection was begun
        self._stream.close()
        self._stream = None
        self.parts.append(self._part.model_copy(update={"sha256": self._digest.hexdigest()}))

    def finish(self, manifest: Manifest) -> None:
        """Write the list of contents; nothing can follow."""
        self._zip.writestr(MANIFEST, manifest.model_dump_json(indent=2))
        self._zip.close()


@asynccontextmanager
async def writing(path: Path, *, overwrite: bool) -> AsyncIterator[BackupWriter]:
    """Yield a writer; the file has its name, whole and on disk, after the block, and is not there if the block fails.

    Args:
        path: The file.
        overwrite: Whether one that is there may be replaced.

    Raises:
        BackupError: It is there already, or cannot be written.
    """
    partial = path.with_name(f".{path.name}.{token_hex(4)}.part")
    if await asyncio.to_thread(path.exists) and not overwrite:
        raise _taken(path)
    try:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield BackupWriter(file)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            await asyncio.to_thread(_give_name, partial, path, overwrite=overwrite)
        finally:
            with suppress(FileNotFoundError):
                partial.unlink()
    except OSError as error:
        msg = f"The backup {path} cannot be written: {error.strerror or type(error).__name__}."
        raise BackupError(msg) from error


def _give_name(partial: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        partial.replace(path)
    else:
        try:
            # A link, unlike a rename, never replaces what another has just written.
            os.link(partial, path)
        except FileExistsError:
            raise _taken(path) from None
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _taken(path: Path) -> BackupError:
    return BackupError(f"There is a file {path} already. Choose another name, or say --overwrite.")
