"""A backup as a file: opened, checked, read part by part."""

import asyncio
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from zipfile import BadZipFile, ZipFile

from webos.data.backup.errors import BackupDamagedError
from webos.data.backup.manifest import MANIFEST, Manifest, Part
from webos.data.backup.stream import cut_documents

__all__ = ["BackupFile", "PartReader"]

_CHUNK = 4 * 1024 * 1024
_LARGEST_MANIFEST = 16 * 1024 * 1024


class BackupFile:
    """An open backup. Its contents are not believed before `verify`.

    Args:
        path: The file.

    Raises:
        BackupDamagedError: It is no backup, or not whole.

    Attributes:
        path: The file.
        manifest: What it says of itself.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _explained(path):
            self._zip = ZipFile(path)
        try:
            with _explained(path):
                self.manifest = self._read_manifest()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    async def verify(self, on_part: Callable[[Part], None] | None = None) -> None:
        """Read everything and compare it with the list of contents.

        Args:
            on_part: Called after each part.

        Raises:
            BackupDamagedError: Something is not as it was written.
        """
        for part in self.manifest.parts:
            await asyncio.to_thread(self._verify_part, part)
            if on_part is not None:
                on_part(part)

    def read(self, part: Part) -> "PartReader":
        """Return the documents of a part, in pieces."""
        return PartReader(self, part)

    def chunks(self, part: Part) -> Iterator[bytes]:
        """Yield the bytes of a part.

        Raises:
            BackupDamagedError: They are not those that were written.
        """
        digest, size = hashlib.sha256(), 0
        with _explained(self.path), self._zip.open(part.file) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if size > part.size:
                    break
                yield chunk
        if size != part.size or digest.hexdigest() != part.sha256:
            msg = f"{self.path} is damaged: {part.collection} is not as it was written."
            raise BackupDamagedError(msg)

    def _verify_part(self, part: Part) -> None:
        reader, documents = self.read(part), 0
        while batch := reader.next_batch():
            documents += len(batch)
        if documents != part.documents:
            msg = f"{self.path} is damaged: {part.collection} has {documents} documents instead of {part.documents}."
            raise BackupDamagedError(msg)

    def _read_manifest(self) -> Manifest:
        names = self._zip.namelist()
        if MANIFEST not in names or self._zip.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
            msg = f"{self.path} is no backup of WebOS."
            raise BackupDamagedError(msg)
        manifest = Manifest.read(self._zip.read(MANIFEST))
        files = [part.file for part in manifest.parts]
        collections = {part.collection for part in manifest.parts}
        if sorted(names) != sorted([*files, MANIFEST]) or len(collections) != len(files):
            msg = f"{self.path} is damaged: its parts are not those of its list of contents."
            raise BackupDamagedError(msg)
        return manifest


class PartReader:
    """The documents of a part, in pieces of some megabytes.

    Args:
        file: The backup.
        part: The part.
    """

    def __init__(self, file: BackupFile, part: Part) -> None:
        self._chunks = file.chunks(part)
        self._rest = b""

    def next_batch(self) -> list[bytes]:
        """Return the next documents, whole; an empty list at the end. Blocks; call it in a thread.

        Raises:
            BackupDamagedError: What is there are no documents, or not those that were written.
        """
        for chunk in self._chunks:
            data = self._rest + chunk
            documents = [bytes(document) for document in cut_documents(data)]
            self._rest = data[sum(map(len, documents)) :]
            if documents:
                return documents
        if self._rest:
            msg = "The last document is not whole."
            raise BackupDamagedError(msg)
        return []


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        msg = f"There is no file {path}."
        raise BackupDamagedError(msg) from None
    except (BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, ValueError) as error:
        msg = f"{path} is no backup, or not whole ({type(error).__name__})."
        raise BackupDamagedError(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise BackupDamagedError(msg) from error
