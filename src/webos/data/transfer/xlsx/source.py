"""A sheet of a workbook as a table."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webos.data.transfer.errors import UnreadableFileError
from webos.data.transfer.options import ImportOptions
from webos.data.transfer.source import SourceRow, checked_header
from webos.data.transfer.xlsx.dates import date_styles, to_datetime
from webos.data.transfer.xlsx.package import Attributes, Package, parse_events
from webos.data.transfer.xlsx.texts import SharedTexts, TextParts

__all__ = ["XlsxSource"]

_WORKBOOK = "xl/workbook.xml"
_LETTERS = re.compile(r"([A-Z]{1,3})\d*")
_MOST_CELLS = 16_384


class XlsxSource:
    """A sheet of a workbook.

    Args:
        path: The file.
        options: They name the sheet.

    Raises:
        UnreadableFileError: It is no workbook, is made to do harm, or has no such sheet.

    Attributes:
        columns: Headings of the columns.
        plain: That cells are more than text.
        empties: What stands for an empty cell.
    """

    plain = False
    empties: frozenset[str | None] = frozenset({""})

    def __init__(self, path: Path, options: ImportOptions) -> None:
        self._path = path
        package = Package(path)
        try:
            self._sheet, self._part, self._since_1904, self.sheets = _find_sheet(package, options.sheet)
        finally:
            package.close()
        header = next(self._records(), None)
        self.columns = checked_header([_as_text(cell) for cell in header.cells] if header is not None else [])

    def describe(self) -> dict[str, str | bool]:
        """Return the name of the sheet."""
        return {"sheet": self._sheet}

    def rows(self) -> Iterator[SourceRow]:
        """Yield the rows below the header.

        Raises:
            UnreadableFileError: The workbook is damaged.
        """
        width = len(self.columns)
        records = self._records()
        next(records, None)
        for record in records:
            cells = record.cells
            problem = ""
            if len(cells) > width:
                if any(cell != "" for cell in cells[width:]):
                    problem = f"The row has {len(cells)} cells, the header has {width}."
                cells = cells[:width]
            elif len(cells) < width:
                cells = cells + [""] * (width - len(cells))
            yield SourceRow(record.number, cells, problem, record.read)

    def _records(self) -> Iterator[SourceRow]:
        """Yield all rows that have a cell with something in it."""
        package = Package(self._path)
        texts: SharedTexts | None = None
        try:
            relations = package.relations(_WORKBOOK)
            texts = SharedTexts(package, _ending(relations, "sharedStrings.xml"))
            dates = date_styles(package, _ending(relations, "styles.xml"))
            reader = _SheetReader(texts, dates, since_1904=self._since_1904)
            stream = package.open(self._part)
            size = max(package._zip.getinfo(self._part).file_size, 1)  # noqa: SLF001 - parts of one thing
            for _ in parse_events(stream, reader.start, reader.end, reader.text):
                for row in reader.take():
                    yield row._replace(read=0 if stream.closed else stream.tell() / size)
        finally:
            if texts is not None:
                texts.close()
            package.close()


class _SheetReader:
    """Makes rows of the events of a sheet's XML."""

    def __init__(self, texts: SharedTexts, dates: frozenset[int], *, since_1904: bool) -> None:
        self._texts = texts
        self._dates = dates
        self._since_1904 = since_1904
        self._done: list[SourceRow] = []
        self._number = 0
        self._cells: list[Any] = []
        self._column = -1
        self._kind = "n"
        self._is_date = False
        self._in_value = False
        self._inline = TextParts()

    def take(self) -> list[SourceRow]:
        """Return the rows that are complete."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: Attributes) -> None:
        """Take note of the start of an element."""
        if tag == "c":
            self._column = _column(attributes.get("r"), self._column)
            self._kind = attributes.get("t", "n")
            style = attributes.get("s", "")
            self._is_date = bool(style) and style.isdecimal() and int(style) in self._dates
        elif tag == "v":
            self._in_value = True
        elif tag == "row":
            self._number = _row_number(attributes.get("r"), self._number)
            self._cells, self._column = [], -1
        elif self._kind == "inlineStr":
            self._inline.start(tag)

    def text(self, piece: str) -> None:
        """Take note of text."""
        if self._in_value or self._inline.inside:
            self._inline.add(piece)

    def end(self, tag: str) -> None:
        """Take note of the end of an element."""
        if tag == "v":
            self._in_value = False
        elif tag == "c":
            self._add(self._value(self._inline.take()))
        elif tag == "row":
            while self._cells and self._cells[-1] == "":
                self._cells.pop()
            if self._cells:
                self._done.append(SourceRow(self._number, self._cells))
        elif self._kind == "inlineStr":
            self._inline.end(tag)

    def _add(self, value: Any) -> None:  # noqa: ANN401 - any cell
        missing = self._column - len(self._cells)
        if missing > 0:
            self._cells += [""] * missing
        if missing < 0:
            self._cells[self._column] = value
        else:
            self._cells.append(value)

    def _value(self, text: str) -> Any:  # noqa: ANN401 - any cell
        if self._kind == "s":
            return self._texts[int(text)] if text.isdecimal() else ""
        if self._kind == "b":
            return text.strip() == "1"
        if self._kind in {"inlineStr", "str", "e", "d"} or not text:
            return text
        return self._number_value(text)

    def _number_value(self, text: str) -> Any:  # noqa: ANN401 - a number as text, or a time
        try:
            number = float(text)
        except ValueError:
            return text
        if self._is_date and (time := to_datetime(number, since_1904=self._since_1904)) is not None:
            return time
        if number.is_integer() and abs(number) < 2**53:
            return str(int(number))
        # Workbooks may write 4.3499999999999996 for 4.35; both are the same number.
        return repr(number)


def _find_sheet(package: Package, wanted: str | None) -> tuple[str, str, bool, list[str]]:
    """Return name and part of the sheet, whether the workbook counts from 1904, and the names of all sheets."""
    sheets: dict[str, str] = {}
    since_1904 = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal since_1904
        if tag == "sheet":
            sheets[attributes.get("name", "")] = attributes.get("id", "")
        elif tag == "workbookPr":
            since_1904 = attributes.get("date1904", "0") in {"1", "true"}

    if not package.has(_WORKBOOK):
        msg = "This is a zip file, but no workbook."
        raise UnreadableFileError(msg)
    for _ in parse_events(package.open(_WORKBOOK), start):
        pass
    name = next(iter(sheets), None) if wanted is None else wanted
    part = package.relations(_WORKBOOK).get(sheets.get(name, "")) if name is not None else None
    if name is None or part is None or not package.has(part):
        there = ", ".join(f"“{each}”" for each in sheets) or "none"
        msg = f"The workbook has no sheet “{wanted or ''}”. It has {there}."
        raise UnreadableFileError(msg)
    return name, part, since_1904, list(sheets)


def _ending(relations: dict[str, str], name: str) -> str | None:
    return next((part for part in relations.values() if part.endswith(name)), None)


def _row_number(reference: str | None, previous: int) -> int:
    return int(reference) if reference is not None and reference.isdecimal() and len(reference) < 9 else previous + 1  # noqa: PLR2004 - longer ones mean no row


def _column(reference: str | None, previous: int) -> int:
    """Return the place of a cell in its row; `B7` is the second one."""
    match = _LETTERS.match(reference) if reference else None
    at = previous + 1
    if match is not None:
        at = 0
        for letter in match[1]:
            at = at * 26 + ord(letter) - ord("A") + 1
        at -= 1
    if at >= _MOST_CELLS:
        msg = "This workbook has a row with too many cells."
        raise UnreadableFileError(msg)
    return at


def _as_text(cell: object) -> str:
    return cell if isinstance(cell, str) else str(cell)
