"""The zip file that a workbook is: opened with limits, its parts read as events of XML."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO
from xml.parsers import expat

from webos.data.transfer.errors import UnreadableFileError

__all__ = ["Package", "parse_events"]

_MOST_PARTS = 10_000
# A zip bomb packs far better than any table: 1,000,000 equal rows reach about 100.
_BEST_RATIO = 200
_ALWAYS_ALLOWED = 10 * 1024 * 1024
_MOST_BYTES = 8 * 1024**3
_CHUNK = 64 * 1024

Attributes = dict[str, str]


class Package:
    """An open workbook file.

    The sizes in its directory can be relied on: the standard library reads no part beyond the size it claims.

    Args:
        path: The file.

    Raises:
        UnreadableFileError: It is damaged, encrypted, or packed so that it would fill memory or disk.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise _damaged() from error
        try:
            self._check(path.stat().st_size)
        except BaseException:
            self._zip.close()
            raise
        self._names = set(self._zip.namelist())

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def has(self, name: str) -> bool:
        """Return whether there is a part of this name."""
        return name in self._names

    def open(self, name: str) -> IO[bytes]:
        """Open a part.

        Raises:
            UnreadableFileError: There is none, or it cannot be unpacked.
        """
        try:
            return self._zip.open(name)
        except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise _damaged() from error

    def relations(self, name: str) -> dict[str, str]:
        """Return the parts that a part refers to, by the id it uses for them."""
        of = PurePosixPath(name)
        where = str(of.parent / "_rels" / f"{of.name}.rels")
        found: dict[str, str] = {}
        if not self.has(where):
            return found

        def start(tag: str, attributes: Attributes) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                path = target.lstrip("/") if target.startswith("/") else _resolved(str(of.parent), target)
                found[attributes.get("Id", "")] = path

        for _ in parse_events(self.open(where), start):
            pass
        return found

    def _check(self, packed: int) -> None:
        parts = self._zip.infolist()
        total = sum(part.file_size for part in parts)
        if len(parts) > _MOST_PARTS or total > _MOST_BYTES:
            msg = "This workbook is too large."
            raise UnreadableFileError(msg)
        if total > _ALWAYS_ALLOWED and total > packed * _BEST_RATIO:
            msg = "This workbook is packed so tightly that it must be made to do harm. It was not opened."
            raise UnreadableFileError(msg)
        if any(part.flag_bits & 1 for part in parts):
            msg = "This workbook is protected by a password. Save it without one and try again."
            raise UnreadableFileError(msg)


def parse_events(
    stream: IO[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Parse XML and call back for what is in it; yield after each piece, so that the caller can take what there is.

    Args:
        stream: The XML; it is closed at the end.
        start: Called for the start of an element, with its name and attributes without their namespaces.
        end: Called for the end of an element.
        text: Called for text.

    Raises:
        UnreadableFileError: It is no XML, or declares entities.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    names: dict[str, str] = {}

    def local(name: str) -> str:
        found = names.get(name)
        if found is None:
            found = names[name] = name.rpartition(" ")[2]
        return found

    def on_start(name: str, attributes: Attributes) -> None:
        start(local(name), {local(key): value for key, value in attributes.items()})

    def refuse(*_: object) -> None:
        msg = "This workbook declares XML entities. It was not read."
        raise UnreadableFileError(msg)

    parser.StartElementHandler = on_start
    parser.StartDoctypeDeclHandler = refuse
    if end is not None:
        parser.EndElementHandler = lambda name: end(local(name))
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        with stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk, False)  # noqa: FBT003 - expat's signature
                yield
            parser.Parse(b"", True)  # noqa: FBT003 - the same
        yield
    except (expat.ExpatError, zipfile.BadZipFile, EOFError, ValueError) as error:
        raise _damaged() from error
    except OSError as error:
        raise _damaged() from error


def _resolved(folder: str, target: str) -> str:
    parts: list[str] = []
    for part in [*PurePosixPath(folder).parts, *PurePosixPath(target).parts]:
        if part == "..":
            if parts:
                parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _damaged() -> UnreadableFileError:
    return UnreadableFileError("This workbook is damaged. Open it in a spreadsheet, save it anew and try again.")
