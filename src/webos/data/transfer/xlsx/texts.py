"""The texts that the cells of a workbook share, kept on disk: only where each begins is in memory."""

import re
import tempfile
from array import array
from typing import IO

from webos.data.transfer.errors import UnreadableFileError, full_disk
from webos.data.transfer.xlsx.package import Attributes, Package, parse_events

__all__ = ["SharedTexts", "TextParts", "decoded"]

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_KEPT = 20_000
LONGEST_TEXT = 1024 * 1024


def decoded(text: str) -> str:
    """Return a text as it is meant: characters that XML cannot hold are written as `_x000D_`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


class TextParts:
    """Collects the text of a cell from its runs; the hints for pronunciation are left out.

    Attributes:
        inside: Whether text belongs to it at the moment.
    """

    def __init__(self) -> None:
        self.inside = False
        self._phonetic = False
        self._parts: list[str] = []
        self._length = 0

    def start(self, tag: str) -> None:
        """Take note of the start of an element."""
        if tag == "rPh":
            self._phonetic = True
        elif tag == "t":
            self.inside = not self._phonetic

    def end(self, tag: str) -> None:
        """Take note of the end of an element."""
        if tag == "rPh":
            self._phonetic = False
        elif tag == "t":
            self.inside = False

    def add(self, text: str) -> None:
        """Take text.

        Raises:
            UnreadableFileError: It is too long for any cell.
        """
        self._length += len(text)
        if self._length > LONGEST_TEXT:
            msg = f"A cell of this workbook has more than {LONGEST_TEXT:,} characters."
            raise UnreadableFileError(msg)
        self._parts.append(text)

    def take(self) -> str:
        """Return what was collected, and begin anew."""
        text = decoded("".join(self._parts))
        self._parts.clear()
        self._length = 0
        return text


class SharedTexts:
    """The shared texts of a workbook by their number.

    Args:
        package: The workbook.
        name: Name of the part that holds them; None where there is none.
    """

    def __init__(self, package: Package, name: str | None) -> None:
        self._ends = array("Q", [0])
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="webos-texts-")  # noqa: SIM115 - closed by `close`
        self._kept: dict[int, str] = {}
        try:
            if name is not None and package.has(name):
                self._read(package, name)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __getitem__(self, number: int) -> str:
        """Return a text.

        Raises:
            UnreadableFileError: There is none of this number.
        """
        text = self._kept.get(number)
        if text is None:
            if not 0 <= number < len(self._ends) - 1:
                msg = "This workbook is damaged: a cell refers to a text that is not there."
                raise UnreadableFileError(msg)
            begin, end = self._ends[number], self._ends[number + 1]
            self._file.seek(begin)
            text = self._file.read(end - begin).decode("utf-8", "surrogatepass")
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[number] = text
        return text

    def _write(self, encoded: bytes) -> None:
        try:
            self._file.write(encoded)
        except OSError as error:
            raise full_disk(error) from error

    def _read(self, package: Package, name: str) -> None:
        parts = TextParts()
        end_of_last = 0

        def start(tag: str, _: Attributes) -> None:
            parts.start(tag)

        def end(tag: str) -> None:
            nonlocal end_of_last
            parts.end(tag)
            if tag == "si":
                encoded = parts.take().encode("utf-8", "surrogatepass")
                self._write(encoded)
                end_of_last += len(encoded)
                self._ends.append(end_of_last)

        def text(piece: str) -> None:
            if parts.inside:
                parts.add(piece)

        for _ in parse_events(package.open(name), start, end, text):
            pass
