"""What a snapshot shows: its key, its order, and which changes move its rows."""

from collections.abc import Mapping
from typing import Any

import orjson
from pymongo import ASCENDING

from webos.data.changes import Change
from webos.data.model_registry import ModelInfo
from webos.data.table.columns import Column
from webos.data.table.query import TableQuery, compile_sort

__all__ = ["PLAIN", "canonical", "default_order", "is_newest_first", "moves"]


def canonical(query: object) -> str:
    """Return a text that is the same for equal filters."""
    return orjson.dumps(query, default=str, option=orjson.OPT_SORT_KEYS).decode()


PLAIN = (canonical([{}, {}, {}]), (("_id", ASCENDING),))
"""The part of a snapshot's key that says: no condition, in the order of the ids."""


def moves(key: tuple[Any, ...], change: Change) -> bool:
    """Return whether a change may move a row, or take it in or out."""
    return any(name in change.fields for name, _ in key[3]) or any(name in key[2] for name in change.fields)


def declared_order(info: ModelInfo) -> tuple[str, str]:
    """Return field and direction of the order a model declares in `Settings.sort`; else the newest come first."""
    declared = str(getattr(info.document.Settings, "sort", "-id"))
    return declared.removeprefix("-"), "desc" if declared.startswith("-") else "asc"


def is_newest_first(info: ModelInfo, query: TableQuery) -> bool:
    """Return whether the rows are wanted from the newest to the oldest, which is the order of the ids reversed."""
    return not query.sort and declared_order(info) == ("id", "desc")


def default_order(info: ModelInfo, columns: Mapping[str, Column]) -> list[tuple[str, int]]:
    """Return the database's sort for a table that nobody has sorted."""
    name, direction = declared_order(info)
    return [("_id", ASCENDING)] if name == "id" else compile_sort(columns, [(name, direction)])
