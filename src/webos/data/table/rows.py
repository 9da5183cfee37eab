"""Rows as a table shows them: plain values, links with their labels."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bson import DBRef

from webos.data.table.columns import Column, ColumnKind
from webos.data.table.labels import LabelReader

__all__ = ["plain_value", "projection", "render_rows"]

Row = dict[str, Any]


def projection(columns: Iterable[Column]) -> dict[str, int]:
    """Return the fields to read for `columns`."""
    return {"revision": 1, "updated_at": 1, **{column.stored: 1 for column in columns}}


async def render_rows(columns: Sequence[Column], documents: Sequence[Row], labels: LabelReader) -> list[Row]:
    """Return stored documents as rows.

    A row has `id`, `revision` and a value for each column; a link is `{"id": ..., "label": ...}`, with an empty
    label where the acting user may not read the linked document.
    """
    names: dict[str, Mapping[Any, str]] = {}
    for column in columns:
        if column.kind is ColumnKind.LINK and column.target is not None:
            linked = {document[column.stored].id for document in documents if _is_link(document, column)}
            names[column.field] = await labels.read(column.target, linked)
    return [_row(columns, document, names) for document in documents]


def _is_link(document: Row, column: Column) -> bool:
    return isinstance(document.get(column.stored), DBRef)


def _row(columns: Sequence[Column], document: Row, names: Mapping[str, Mapping[Any, str]]) -> Row:
    row: Row = {"id": str(document["_id"]), "revision": document.get("revision", 0)}
    for column in columns:
        value = document.get(column.stored)
        if isinstance(value, DBRef):
            row[column.field] = {"id": str(value.id), "label": names.get(column.field, {}).get(value.id, "")}
        elif column.kind is ColumnKind.DATE and isinstance(value, datetime):
            row[column.field] = value.date().isoformat()
        else:
            row[column.field] = plain_value(value)
    return row


def plain_value(value: Any) -> Any:  # noqa: ANN401 - any stored value
    """Return a stored value as JSON can carry it."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, DBRef):
        return str(value.id)
    if isinstance(value, Mapping):
        return {str(key): plain_value(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(inner) for inner in value]
    return str(value)
