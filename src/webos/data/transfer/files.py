"""The files of imports on this machine: what was uploaded, and which of its rows failed."""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from bson import ObjectId

from webos.data.transfer.errors import UnreadableFileError, full_disk
from webos.data.transfer.source import Absent

__all__ = ["FailedRow", "ImportFiles", "Received"]

_KEPT_SECONDS = 30 * 24 * 3600
_PART_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Received:
    """An upload that came whole.

    Attributes:
        size: Its size in bytes.
        sha256: Hash of its content.
        head: Its first bytes.
    """

    size: int
    sha256: str
    head: bytes


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row that was not stored.

    Attributes:
        number: Its number in the file.
        cells: Its cells as they were.
        reasons: What is wrong with it.
    """

    number: int
    cells: list[Any]
    reasons: list[str]


class ImportFiles:
    """A folder with the files of imports.

    Args:
        folder: The folder; it is made when it is needed.
        most_bytes: The largest file that is taken.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes

    def path(self, identity: ObjectId) -> Path:
        """Return where the upload of an import is."""
        return self._folder / f"{identity}.upload"

    async def receive(self, identity: ObjectId, pieces: AsyncIterator[bytes]) -> Received:
        """Store an upload. It is kept only if it comes whole.

        Args:
            identity: Of the import.
            pieces: The content.

        Raises:
            UnreadableFileError: It is empty, or larger than is allowed.
            UnavailableError: The disk is full.
        """
        path = self.path(identity)
        part = path.with_suffix(".part")
        digest, size, head = hashlib.sha256(), 0, b""
        try:
            file = await asyncio.to_thread(_create, part)
            try:
                async for piece in pieces:
                    size += len(piece)
                    if size > self._most:
                        msg = f"The file is larger than {self._most // 2**20:,} MB."
                        raise UnreadableFileError(msg)
                    head = head or piece[:512]
                    await asyncio.to_thread(_append, file, digest, piece)
            finally:
                await asyncio.to_thread(file.close)
            _refuse_empty(size)
            await asyncio.to_thread(part.replace, path)
        except BaseException as error:
            part.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise full_disk(error) from error
            raise
        return Received(size, digest.hexdigest(), head)

    def sweep(self) -> None:
        """Remove what was last written 30 days ago, and uploads that never came whole. Call it in a thread."""
        now = time.time()
        for path in self._folder.glob("*.*"):
            kept = _PART_SECONDS if path.suffix == ".part" else _KEPT_SECONDS
            with suppress(OSError):
                if path.stat().st_mtime < now - kept:
                    path.unlink()

    def remove(self, identity: ObjectId) -> None:
        """Remove all files of an import."""
        for path in (self.path(identity), self._failed(identity)):
            path.unlink(missing_ok=True)

    def add_failed(self, identity: ObjectId, rows: Sequence[FailedRow]) -> None:
        """Add rows that failed. It reads and writes files: call it in a thread.

        Raises:
            UnavailableError: The disk is full.
        """
        lines = "".join(
            json.dumps([row.number, [_plain(cell) for cell in row.cells], row.reasons]) + "\n" for row in rows
        )
        try:
            with self._failed(identity).open("a+", encoding="utf-8") as file:
                _end_last_line(file)
                file.write(lines)
        except OSError as error:
            raise full_disk(error) from error

    def failed(self, identity: ObjectId) -> Iterator[FailedRow]:
        """Yield the rows that failed, each once, in about their order. Call it in a thread."""
        path = self._failed(identity)
        if not path.exists():
            return
        last = 0
        with path.open(encoding="utf-8") as file:
            for line in file:
                try:
                    number, cells, reasons = json.loads(line)
                except ValueError:
                    # The last line of a process that was killed; the row is tried again, and added again.
                    continue
                # What a start that was interrupted has added already comes again.
                if number > last:
                    last = number
                    yield FailedRow(number, cells, reasons)

    def _failed(self, identity: ObjectId) -> Path:
        return self._folder / f"{identity}.failed"


def _end_last_line(file: IO[str]) -> None:
    """Put a line break behind a last line that a killed process has not finished."""
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != "\n":
            file.write("\n")


def _refuse_empty(size: int) -> None:
    if size == 0:
        msg = "The file is empty."
        raise UnreadableFileError(msg)


def _create(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")


def _append(file: IO[bytes], digest: "hashlib._Hash", piece: bytes) -> None:
    file.write(piece)
    digest.update(piece)


def _plain(cell: Any) -> Any:  # noqa: ANN401 - any cell
    if isinstance(cell, Absent):
        return None
    if isinstance(cell, Decimal):
        return str(cell)
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell
