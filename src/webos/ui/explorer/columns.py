"""Columns as the browser's component takes them."""

from collections.abc import Iterable
from typing import Any

from webos.data.table import Column

__all__ = ["column_props"]


def column_props(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """Return what the component needs to know of each column."""
    return [
        {
            "field": column.field,
            "title": column.title,
            "kind": column.kind.value,
            "optional": column.optional,
            "choices": [[value, label] for value, label in column.choices],
            "sortable": column.sortable,
            "editable": column.editable,
            "description": column.description,
            "target": column.target.__webos_name__ if column.target is not None else "",
        }
        for column in columns
    ]
