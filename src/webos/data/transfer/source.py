"""A file as a table: its columns, and its rows one after the other."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

from webos.data.transfer.errors import UnreadableFileError

__all__ = ["ABSENT", "REASONS", "Absent", "SourceRow", "TableSource", "checked_header"]

REASONS = "import problems"
"""Heading of the column that says why a row was not stored; it is passed over when it comes back."""

MOST_COLUMNS = 2000
_LONGEST_NAME = 200


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""Stands where a row has no cell at all."""


class SourceRow(NamedTuple):
    """One row.

    Attributes:
        number: Which row it is, as people count: the header is row 1. In JSON Lines it is the line.
        cells: A value for each column: text from a text file; also truth values, times without a zone and, from JSON
            Lines, whatever JSON has.
        problem: What is wrong with the row as a whole; empty where nothing is.
        read: How much of the file is read, from 0 to 1.
    """

    number: int
    cells: list[Any]
    problem: str = ""
    read: float = 0.0


class TableSource(Protocol):
    """A file that is read as a table. Its methods read files: call them in a thread.

    Attributes:
        columns: Headings of the columns, in order.
        plain: Whether every cell is text.
        empties: What stands for an empty cell.
    """

    columns: list[str]
    plain: bool
    empties: frozenset[str | None]

    def rows(self) -> Iterator[SourceRow]:
        """Yield the rows below the header. Only one at a time may be read."""

    def describe(self) -> dict[str, str | bool]:
        """Return how the file is read, for people: encoding, delimiter, sheet."""


def checked_header(names: list[str]) -> list[str]:
    """Return headings as columns are known by, without empty ones at the end.

    Raises:
        UnreadableFileError: There are none, too many, or two with the same name.
    """
    cleaned = [" ".join(name.split()) for name in names]
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    if not cleaned:
        msg = "The file has no header row with the names of the columns."
        raise UnreadableFileError(msg)
    if len(cleaned) > MOST_COLUMNS:
        msg = f"The file has {len(cleaned):,} columns; {MOST_COLUMNS:,} are possible."
        raise UnreadableFileError(msg)
    named = [name or f"Column {number}" for number, name in enumerate(cleaned, 1)]
    if too_long := next((name for name in named if len(name) > _LONGEST_NAME), None):
        msg = f"The column “{too_long[:40]}…” has a name of {len(too_long):,} characters. Is the first row the header?"
        raise UnreadableFileError(msg)
    for number, name in enumerate(named):
        if name in named[:number]:
            msg = f"Two columns are called “{name}”."
            raise UnreadableFileError(msg)
    return named
