"""Rows as the bytes of a file, piece by piece. Making them takes time: call it in a thread."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any, Protocol

import orjson

from webos.data.transfer.formats import FileFormat
from webos.data.transfer.formulas import disarm
from webos.data.transfer.xlsx import WorkbookWriter

__all__ = ["TableWriter", "open_writer"]

_MARK = "\ufeff"


class TableWriter(Protocol):
    """Writes a table."""

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Add rows and return the bytes that are ready."""

    def close(self) -> bytes:
        """Return the last bytes."""


def open_writer(kind: FileFormat, columns: Sequence[str], delimiter: str) -> TableWriter:
    """Return a writer.

    Args:
        kind: Kind of the file.
        columns: Headings of the columns.
        delimiter: What separates the cells of a CSV file.
    """
    match kind:
        case FileFormat.CSV:
            return _CsvWriter(columns, delimiter)
        case FileFormat.XLSX:
            return WorkbookWriter(columns)
        case FileFormat.JSONL:
            return _JsonLinesWriter(columns)


class _CsvWriter:
    """CSV in UTF-8 with the mark that spreadsheets know it by, text disarmed where it might be run as a formula."""

    def __init__(self, columns: Sequence[str], delimiter: str) -> None:
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, delimiter=delimiter, lineterminator="\r\n")
        self._text.write(_MARK)
        self._writer.writerow([disarm(name) for name in columns])

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        self._writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
        return self._take()

    def close(self) -> bytes:
        return self._take()

    def _take(self) -> bytes:
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode("utf-8", "replace")


class _JsonLinesWriter:
    """JSON Lines: each row is an object."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = list(columns)

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        return b"".join(
            orjson.dumps(dict(zip(self._columns, map(_json_cell, row), strict=True)), option=orjson.OPT_APPEND_NEWLINE)
            for row in rows
        )

    def close(self) -> bytes:
        return b""


def _csv_cell(cell: Any) -> Any:  # noqa: ANN401 - any cell
    if isinstance(cell, str):
        return disarm(cell)
    return str(cell).lower() if isinstance(cell, bool) else cell


def _json_cell(cell: Any) -> Any:  # noqa: ANN401 - any cell
    # JSON has no such numbers, and whole ones beyond 64 bits would be refused.
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell
