"""A row on its way into the database."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from webos.data.transfer.mapping import Mapped, TableMapping
from webos.data.transfer.source import ABSENT, SourceRow

__all__ = ["Candidate", "Reader", "Row"]

Row = dict[str, Any]


@dataclass(slots=True)
class Candidate:
    """A row, and what is known of it.

    Attributes:
        index: Which of the rows it is, from 1; blank lines do not count.
        number: Its number in the file.
        cells: Its cells.
        values: Values by field, as the model takes them.
        problems: What is wrong, by field; the empty name stands for the row as a whole.
        key: Values of the key as they are stored.
        typed: Values that the row has, as they are stored.
        row: The document that it becomes, if it becomes a new one.
        stored: The document that it changes, as it was read.
        is_deleted: Whether that is deleted, and is to be restored.
        changes: What it changes of it.
    """

    index: int
    number: int
    cells: list[Any]
    values: Row = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    key: tuple[Any, ...] = ()
    typed: Row = field(default_factory=dict)
    row: Row | None = None
    stored: Row | None = None
    is_deleted: bool = False
    changes: Row = field(default_factory=dict)


class Reader:
    """Reads candidates off a file. It parses and converts: call it in a thread.

    Args:
        rows: The rows of the file.
        mapping: Which columns are read.
        empty: What stands for an empty cell.

    Attributes:
        count: How many rows were read.
        share: How much of the file was read, from 0 to 1.
    """

    def __init__(self, rows: Iterator[SourceRow], mapping: TableMapping, empty: frozenset[str | None]) -> None:
        self._rows = rows
        self._columns = mapping.columns
        self._empty = empty
        self.count = 0
        self.share = 0.0

    def read(self, most: int) -> list[Candidate]:
        """Return the next rows; none at the end of the file."""
        return [self._candidate(row) for row in islice(self._rows, most)]

    def pass_over(self, most: int) -> int:
        """Pass over rows without looking at them, and return how many there were."""
        passed = sum(1 for _ in islice(self._rows, most))
        self.count += passed
        return passed

    def _candidate(self, row: SourceRow) -> Candidate:
        self.share = row.read
        self.count += 1
        candidate = Candidate(self.count, row.number, row.cells)
        if row.problem:
            candidate.problems[""] = row.problem
            return candidate
        fill(candidate, self._columns, self._empty)
        return candidate


def fill(candidate: Candidate, columns: Sequence[Mapped], empty: frozenset[Any]) -> None:
    """Convert the cells of a row."""
    values, cells = candidate.values, candidate.cells
    for column in columns:
        cell = cells[column.index]
        if cell is ABSENT:
            continue
        name = column.field.name
        if _is_empty(cell, empty):
            if column.empty is not ABSENT:
                values[name] = column.empty
            continue
        convert: Callable[[Any], Any] | None = column.convert
        if convert is None:
            values[name] = cell
            continue
        try:
            values[name] = convert(cell)
        except (ValueError, TypeError, ArithmeticError) as error:
            candidate.problems[name] = str(error)


def _is_empty(cell: Any, empty: frozenset[Any]) -> bool:  # noqa: ANN401 - any cell
    return cell in empty if isinstance(cell, str) or cell is None else False
