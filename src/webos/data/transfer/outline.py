"""What an uploaded file looks like, for whoever says which column belongs to which field."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

from webos.data.guard.fields import locked_fields
from webos.data.model_registry import ModelInfo
from webos.data.transfer.fields import ImportField, fields_of
from webos.data.transfer.source import REASONS, TableSource

__all__ = ["FileOutline", "outline_of"]

_ROWS = 5
_LONGEST_CELL = 80


@dataclass(frozen=True, slots=True)
class FileOutline:
    """The head of a file, and the fields it may fill.

    Attributes:
        headings: Its columns.
        rows: Its first rows, as text.
        fields: The fields that the acting user may fill.
    """

    headings: list[str]
    rows: list[list[str]]
    fields: list[ImportField]

    def to_dict(self) -> dict[str, Any]:
        """Return the outline as JSON can carry it."""
        return {
            "headings": self.headings,
            "rows": self.rows,
            "fields": [
                {"name": each.name, "title": each.title, "required": each.required, "kind": each.kind.value}
                for each in self.fields
            ],
        }


def outline_of(info: ModelInfo, source: TableSource) -> FileOutline:
    """Return the outline of a file. It reads the file: call it in a thread.

    Args:
        info: The model.
        source: The file.
    """
    locked = locked_fields(info.policy)
    fields = [field for field in fields_of(info.document).values() if field.stored not in locked]
    shown = [index for index, name in enumerate(source.columns) if name != REASONS]
    rows = [
        [_text(row.cells[index]) if index < len(row.cells) else "" for index in shown]
        for row in islice(source.rows(), _ROWS)
    ]
    return FileOutline([source.columns[index] for index in shown], rows, fields)


def _text(cell: object) -> str:
    text = cell if isinstance(cell, str) else "" if cell is None else str(cell)
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"
