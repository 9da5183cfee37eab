"""A table of rows that are at hand: a list of dictionaries or of Pydantic models."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson
from nicegui import ui
from nicegui.element import Element
from pydantic import BaseModel

from webos.kernel.labels import label_of
from webos.ui.cards import empty_state
from webos.ui.markup import box, text

__all__ = ["add_rows_table"]

_ROW_HEIGHT = 36
_MOST_ROWS_AT_FULL_HEIGHT = 15
_FILTER_FROM_ROWS = 6
_SHOW_YES_OR_NO = "(p) => p.value === true ? 'Yes' : p.value === false ? 'No' : ''"
_SHOW_MOMENT = "(p) => p.value ? new Date(p.value).toLocaleString([], {dateStyle: 'medium', timeStyle: 'short'}) : ''"
_SHOW_DAY = "(p) => p.value ? new Date(p.value + 'T00:00').toLocaleDateString([], {dateStyle: 'medium'}) : ''"


def add_rows_table(
    rows: Sequence[Mapping[str, Any] | BaseModel],
    *,
    title: str = "",
    columns: Sequence[str] | Mapping[str, str] | None = None,
    height: int | None = None,
    empty: str = "There are no rows.",
) -> Element:
    """Add a table over `rows`; the browser sorts and filters it.

    Args:
        rows: The rows.
        title: Heading above the table.
        columns: Which columns, in which order; a mapping also names them. All that occur where None.
        height: Height in pixels; fits the rows where None.
        empty: What to say where there are no rows.
    """
    records = [row.model_dump() if isinstance(row, BaseModel) else dict(row) for row in rows]
    names = _names(records, columns)
    labels = columns if isinstance(columns, Mapping) else {name: label_of(name) for name in names}
    with box("section", "w-section") as section:
        search = _add_head(title, len(records), has_filter=len(records) >= _FILTER_FROM_ROWS)
        if not records:
            empty_state("table_rows", empty)
            return section
        # Column ids of our own: AG Grid reads dots in a field's name as a path, and NiceGUI runs keys with a colon.
        ids = {name: f"c{index}" for index, name in enumerate(names)}
        grid = ui.aggrid(
            {
                "columnDefs": [_column(ids[name], labels[name], [row.get(name) for row in records]) for name in names],
                # An expression that is nothing but JSON: as a list it would be copied into observed rows, one by one.
                ":rowData": orjson.dumps(
                    [{ids[name]: _cell(row.get(name)) for name in names} for row in records]
                ).decode(),
                "defaultColDef": {"sortable": True, "resizable": True, "filter": False, "minWidth": 104, "flex": 1},
                "rowHeight": _ROW_HEIGHT,
                "headerHeight": _ROW_HEIGHT,
                "enableCellTextSelection": True,
                "overlayNoRowsTemplate": "<span>No row fits.</span>",
            }
        ).classes("w-grid")
        shown = min(len(records), _MOST_ROWS_AT_FULL_HEIGHT)
        grid.style(f"height: {height or (shown + 1) * _ROW_HEIGHT + 2}px")
        grid.props["role"] = "group"
        grid.props["aria-label"] = title or "Table"
        if search is not None:
            search.on(
                "input",
                js_handler=f"(e) => getElement({grid.id}).run_grid_method"
                "('setGridOption', 'quickFilterText', e.target.value)",
            )
    return section


def _add_head(title: str, count: int, *, has_filter: bool) -> Element | None:
    if not title and not has_filter:
        return None
    search: Element | None = None
    with box(classes="w-section__head"):
        with box(classes="w-row"):
            if title:
                text("h2", title)
            text("small", f"{count:,} {'row' if count == 1 else 'rows'}")
        if has_filter:
            search = box("input", "w-input w-filter")
            search.props.update({"type": "search", "placeholder": "Filter", "aria-label": f"Filter {title or 'rows'}"})
    return search


def _names(records: Sequence[Mapping[str, Any]], columns: Sequence[str] | Mapping[str, str] | None) -> list[str]:
    if columns is not None:
        return list(columns)
    return list(dict.fromkeys(name for row in records for name in row))


def _column(identity: str, label: str, values: Sequence[Any]) -> dict[str, Any]:
    column: dict[str, Any] = {"field": identity, "headerName": label}
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, float, Decimal}:
        column |= {"type": "rightAligned", "cellDataType": "number"}
    elif kinds == {bool}:
        column |= {"cellDataType": False, ":valueFormatter": _SHOW_YES_OR_NO}
    elif kinds == {datetime}:
        column |= {"cellDataType": "text", ":valueFormatter": _SHOW_MOMENT}
    elif kinds == {date}:
        column |= {"cellDataType": "text", ":valueFormatter": _SHOW_DAY}
    else:
        column |= {"cellDataType": "text"}
    return column


def _cell(value: Any) -> str | float | bool | None:  # noqa: ANN401 - a row holds anything
    """Return what the browser gets: plain values only, so that nothing in a row can be taken for code."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Enum):
        return _cell(value.value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(_cell(item)) for item in value)
    return str(value)
