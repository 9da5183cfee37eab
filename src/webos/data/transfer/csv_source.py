"""CSV files as tables, read in pieces of bounded size."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from webos.data.transfer.encodings import EncodingGuess, guess_encoding
from webos.data.transfer.errors import UnreadableFileError
from webos.data.transfer.formulas import rearm
from webos.data.transfer.options import ImportOptions
from webos.data.transfer.source import SourceRow, checked_header

__all__ = ["CsvSource"]

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 50
# A line that never ends must not fill the memory.
_LONGEST_LINE = 4 * 1024 * 1024


class CsvSource:
    """A CSV file.

    Args:
        path: The file.
        options: How it is read; what they leave open is found out.

    Raises:
        UnreadableFileError: It is no text, or has no header.

    Attributes:
        columns: Headings of the columns.
        plain: That every cell is text.
        empties: What stands for an empty cell.
    """

    plain = True
    empties: frozenset[str | None] = frozenset({""})

    def __init__(self, path: Path, options: ImportOptions) -> None:
        self._path = path
        self._size = max(path.stat().st_size, 1)
        self._guess = (
            EncodingGuess(options.encoding, certain=True, reason="It was named.")
            if options.encoding is not None
            else guess_encoding(path)
        )
        self._quote = options.quote
        self._rearm = options.formula_quotes
        self._delimiter = options.delimiter or self._find_delimiter()
        header = next((row.cells for row in self._records(_Position())), [])
        self.columns = checked_header(header)

    def describe(self) -> dict[str, str | bool]:
        """Return encoding and delimiter, and how sure the encoding is."""
        return {
            "encoding": self._guess.encoding.value,
            "encoding_certain": self._guess.certain,
            "encoding_reason": self._guess.reason,
            "delimiter": self._delimiter,
        }

    def rows(self) -> Iterator[SourceRow]:
        """Yield the rows below the header.

        Raises:
            UnreadableFileError: The letters are not of the encoding, or a cell is endless.
        """
        width = len(self.columns)
        position = _Position()
        records = self._records(position)
        next(records, None)
        for record in records:
            cells = record.cells
            problem = ""
            if len(cells) > width:
                if any(cells[width:]):
                    problem = f"The row has {len(cells)} cells, the header has {width}."
                cells = cells[:width]
            elif len(cells) < width:
                cells += [""] * (width - len(cells))
            if self._rearm:
                # Most cells begin with something else; asking that first is quicker than the pattern.
                cells = [rearm(cell) if cell[:1] == "'" else cell for cell in cells]
            yield SourceRow(record.number, cells, problem, position.byte / self._size)

    def _records(self, position: "_Position", delimiter: str | None = None) -> Iterator[SourceRow]:
        """Yield all rows but the blank ones, with their numbers; blank ones count."""
        name = self._guess.encoding.value
        # A mark at the beginning is no letter, also where the encoding was named.
        codec = "utf-8-sig" if name == "utf-8" else name
        with self._path.open("rb") as raw, io.TextIOWrapper(raw, encoding=codec, newline="") as text:
            lines = _lines(text, raw, position)
            reader = csv.reader(lines, delimiter=delimiter or self._delimiter, quotechar=self._quote, strict=False)
            number = 0
            try:
                for number, cells in enumerate(reader, 1):
                    if cells:
                        yield SourceRow(number, cells)
            except csv.Error as error:
                text_of = str(error)
                reason = "a cell is too long" if "field limit" in text_of else text_of
                msg = f"Row {number + 1} cannot be read: {reason}. Is a quote missing before it?"
                raise UnreadableFileError(msg) from None
            except UnicodeError:
                msg = f"After row {number} there are letters that are not {name}. Name the encoding of the file."
                raise UnreadableFileError(msg) from None

    def _find_delimiter(self) -> str:
        """Return the one that cuts the first rows into the most equal number of cells."""
        best, most = ",", 1
        for candidate in _DELIMITERS:
            widths: list[int] = []
            try:
                for row in self._records(_Position(), candidate):
                    widths.append(len(row.cells))
                    if len(widths) == _SAMPLE_ROWS:
                        break
            except UnreadableFileError:
                continue
            if not widths:
                continue
            like_header = sum(width == widths[0] for width in widths) / len(widths)
            if widths[0] > 1 and widths[0] * like_header > most:
                best, most = candidate, int(widths[0] * like_header)
        return best


class _Position:
    """How far a file is read."""

    __slots__ = ("byte",)

    def __init__(self) -> None:
        self.byte = 0


def _lines(text: io.TextIOWrapper, raw: io.BufferedReader, position: _Position) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) >= _LONGEST_LINE:
            msg = f"A line has more than {_LONGEST_LINE:,} characters; this is no table."
            raise UnreadableFileError(msg)
        position.byte = raw.tell()
        yield line
