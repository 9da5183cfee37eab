"""Stored documents as rows of a file."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from bson import DBRef, Decimal128

from webos.data.table.columns import Column, ColumnKind
from webos.data.table.rows import plain_value
from webos.data.transfer.formats import FileFormat
from webos.data.transfer.options import ExportOptions, LinkForm

__all__ = ["Renderer"]

Row = dict[str, Any]


class Renderer:
    """Makes rows of documents.

    Args:
        columns: The columns in order, without the id.
        options: How links are written, and in which kind of file.

    Attributes:
        headings: Headings of the columns.
    """

    def __init__(self, columns: Sequence[Column], options: ExportOptions) -> None:
        self._columns = columns
        self._links = options.links
        self._format = options.format
        self.headings = ["id"]
        for column in columns:
            heading = column.title if options.titles else column.field
            if column.kind is not ColumnKind.LINK:
                self.headings.append(heading)
                continue
            if options.links is not LinkForm.ID:
                self.headings.append(heading)
            if options.links is not LinkForm.LABEL:
                self.headings.append(f"{heading}.id")

    def rows(self, documents: Sequence[Row], labels: Mapping[str, Mapping[Any, str]]) -> list[list[Any]]:
        """Return rows.

        Args:
            documents: The documents.
            labels: Labels of the linked documents, by field and id.
        """
        return [self._row(document, labels) for document in documents]

    def _row(self, document: Row, labels: Mapping[str, Mapping[Any, str]]) -> list[Any]:
        cells: list[Any] = [str(document["_id"])]
        for column in self._columns:
            value = document.get(column.stored)
            if column.kind is not ColumnKind.LINK:
                cells.append(self._cell(column, value))
                continue
            identity = value.id if isinstance(value, DBRef) else None
            if self._links is not LinkForm.ID:
                cells.append(None if identity is None else labels.get(column.field, {}).get(identity, ""))
            if self._links is not LinkForm.LABEL:
                cells.append(None if identity is None else str(identity))
        return cells

    def _cell(self, column: Column, value: Any) -> Any:  # noqa: ANN401 - any stored value
        if column.kind is ColumnKind.DATE and isinstance(value, datetime):
            return value.astimezone(UTC).date().isoformat()
        if isinstance(value, Decimal128):
            return self._decimal(value.to_decimal())
        plain = plain_value(value)
        if isinstance(plain, (list, dict)) and self._format is not FileFormat.JSONL:
            return orjson.dumps(plain).decode()
        return plain

    def _decimal(self, value: Decimal) -> Any:  # noqa: ANN401 - a number or its text
        """Return a decimal number as a number where a spreadsheet keeps it exactly, else as text."""
        if self._format is FileFormat.XLSX and value.is_finite() and Decimal(repr(float(value))) == value:
            return float(value)
        # The writer of CSV writes a number by its digits, and takes no minus for the beginning of a formula.
        return value if self._format is FileFormat.CSV else str(value)
