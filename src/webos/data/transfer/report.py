"""What an import says of rows: counts, and what is wrong with which."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webos.data.transfer.record import Counts

__all__ = ["CellFailure", "ImportReport"]

_LONGEST_VALUE = 100


@dataclass(frozen=True, slots=True)
class CellFailure:
    """What is wrong with one row, or with one cell of it.

    Attributes:
        row: The row, as people count: the header is row 1.
        column: Heading of the column; empty where it is the row as a whole.
        value: What the cell holds, cut where it is long.
        message: What is wrong, in words.
    """

    row: int
    column: str
    value: str
    message: str

    @classmethod
    def of(cls, row: int, column: str, cell: object, message: str) -> "CellFailure":
        """Return what is wrong with a cell."""
        text = cell if isinstance(cell, str) else str(cell)
        short = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
        return cls(row, column, short, message)


@dataclass(slots=True)
class ImportReport:
    """What an import did, or would do.

    Attributes:
        counts: What became of the rows, or would.
        failures: The first failures.
        columns: Field of each column that is read.
        ignored: Columns that are not read.
        source: How the file is read: encoding, delimiter, sheet.
    """

    counts: Counts = field(default_factory=Counts)
    failures: list[CellFailure] = field(default_factory=list)
    columns: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    source: Mapping[str, str | bool] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON can carry it."""
        return {
            "counts": self.counts.to_dict(),
            "failures": [
                {"row": each.row, "column": each.column, "value": each.value, "message": each.message}
                for each in self.failures
            ],
            "columns": dict(self.columns),
            "ignored": list(self.ignored),
            "source": dict(self.source),
        }
