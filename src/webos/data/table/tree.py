"""Nested filters: groups joined by AND or OR around the conditions of single columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webos.data.table.columns import Column, ColumnKind
from webos.data.table.query import LinkLookup, column_condition, join_conditions, link_condition
from webos.data.table.several import several_condition
from webos.kernel.errors import InvalidInputError

__all__ = ["CompiledTree", "compile_tree", "named_fields"]

_MAX_DEPTH = 5
_MAX_CONDITIONS = 60
_JOINS = frozenset({"and", "or"})
_LEAF_KEYS = frozenset({"field", "type", "filter", "filterTo", "dateFrom", "dateTo", "values"})
_GROUP_KEYS = frozenset({"join", "items"})
_PLACE = "$link"

Row = dict[str, Any]


@dataclass(slots=True)
class CompiledTree:
    """A nested filter in the database's words, but for the conditions on linked documents.

    Attributes:
        condition: The filter; where a link's condition belongs stands a place of its own.
        lookups: The conditions on links, in the order of their places.
    """

    condition: Row = field(default_factory=dict)
    lookups: list[LinkLookup] = field(default_factory=list)

    def filled(self, resolved: Sequence[Row]) -> Row:
        """Return the filter with the resolved conditions in their places."""
        whole: Row = _fill(self.condition, resolved)
        return whole


def compile_tree(columns: Mapping[str, Column], tree: Mapping[str, Any] | None) -> CompiledTree:
    """Return a nested filter in the database's words.

    A group is `{"join": "and" | "or", "items": [...]}`, a condition `{"field": ..., "type": ..., ...}` with the
    operands of a column's filter. An empty group takes every row.

    Args:
        columns: The columns that may be asked for.
        tree: The filter; every row where None.

    Raises:
        InvalidInputError: An unknown column or condition, a wrong value, or too much of it; `fields` names the column.
    """
    compiled = CompiledTree()
    if tree:
        compiled.condition = _Compiler(columns, compiled.lookups).group(tree, 1)
    return compiled


def named_fields(tree: object) -> set[str]:
    """Return the fields that a nested filter names, as far as it is one."""
    if not isinstance(tree, Mapping):
        return set()
    items = tree.get("items")
    inner = items if isinstance(items, list) else []
    own = {tree["field"]} if isinstance(tree.get("field"), str) else set()
    return own.union(*(named_fields(each) for each in inner))


class _Compiler:
    """Goes through a tree once, and counts."""

    def __init__(self, columns: Mapping[str, Column], lookups: list[LinkLookup]) -> None:
        self._columns = columns
        self._lookups = lookups
        self._count = 0

    def group(self, node: object, depth: int) -> Row:
        if not isinstance(node, Mapping) or not node.keys() <= _GROUP_KEYS or not isinstance(node.get("items"), list):
            raise InvalidInputError(fields={"tree": "A group with `join` and `items` was expected."})
        if node.get("join", "and") not in _JOINS:
            raise InvalidInputError(fields={"tree": "A group is joined by and or or."})
        if depth > _MAX_DEPTH:
            raise InvalidInputError(fields={"tree": f"Groups can be nested {_MAX_DEPTH} deep."})
        items = node["items"]
        self._count += len(items)
        if self._count > _MAX_CONDITIONS:
            raise InvalidInputError(fields={"tree": f"At most {_MAX_CONDITIONS} conditions are possible."})
        parts = [self._item(item, depth) for item in items]
        parts = [part for part in parts if part]
        if len(parts) == 1:
            return parts[0]
        if node.get("join", "and") == "or" and parts:
            return {"$or": parts}
        return join_conditions(parts)

    def _item(self, item: object, depth: int) -> Row:
        if isinstance(item, Mapping) and "field" in item:
            return self._leaf(item)
        return self.group(item, depth + 1)

    def _leaf(self, leaf: Mapping[str, Any]) -> Row:
        name = leaf["field"]
        column = self._columns.get(name) if isinstance(name, str) else None
        if column is None:
            msg = f"there is no column {name!r}"
            raise InvalidInputError(msg, fields={str(name)[:100]: "There is no such column."})
        if not leaf.keys() <= _LEAF_KEYS:
            raise InvalidInputError(fields={column.field: "A condition has field, type and its values."})
        several = several_condition(column, leaf)
        if several is not None:
            return several
        if column.kind is ColumnKind.LINK:
            self._lookups.append(link_condition(column, leaf))
            return {"$and": [{_PLACE: len(self._lookups) - 1}]}
        return column_condition(column, leaf)


def _fill(node: Any, resolved: Sequence[Row]) -> Any:  # noqa: ANN401 - a part of a filter
    if isinstance(node, dict):
        if node.keys() == {_PLACE}:
            return resolved[node[_PLACE]]
        return {key: _fill(value, resolved) for key, value in node.items()}
    return [_fill(each, resolved) for each in node] if isinstance(node, list) else node
