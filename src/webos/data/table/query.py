"""What a table is asked for, compiled from an allow-list into a database filter and sort."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING, DESCENDING

from webos.data.table.columns import Column, ColumnKind
from webos.data.table.operands import day_operand, number_operand, text_operand
from webos.kernel.errors import InvalidInputError

__all__ = [
    "LinkLookup",
    "TableQuery",
    "column_condition",
    "compile_filter",
    "compile_search",
    "compile_sort",
    "join_conditions",
    "link_condition",
]

_MAX_CONDITIONS = 20
_JOINS = ("AND", "OR")
# A bare `$` also matches before a line break at the end.
_END = r"$(?!\n)"
_COMPARISONS = {
    "equals": "$eq",
    "notEqual": "$ne",
    "lessThan": "$lt",
    "lessThanOrEqual": "$lte",
    "greaterThan": "$gt",
    "greaterThanOrEqual": "$gte",
}


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Which rows, in which order.

    Attributes:
        filter: Conditions by column, in AG Grid's form of a filter model.
        sort: Columns and directions (`asc`, `desc`), the most important first.
        search: Words to look for in every text column.
        where: A further filter in the database's words, from those who have compiled it themselves.
        tree: A nested filter, as `compile_tree` takes it.
    """

    filter: Mapping[str, Any]
    sort: Sequence[tuple[str, str]] = ()
    search: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    tree: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class LinkLookup:
    """A condition on the label of a linked document, to be resolved to ids before the query runs.

    Attributes:
        column: The link's column.
        condition: Condition on the label, in the database's words.
        negate: Whether documents that match are the ones left out.
    """

    column: Column
    condition: Any
    negate: bool = False


def compile_sort(columns: Mapping[str, Column], sort: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
    """Return the database's sort, made unambiguous by the id.

    Raises:
        InvalidInputError: A column does not exist or cannot be sorted by.
    """
    compiled: list[tuple[str, int]] = []
    for name, direction in sort:
        column = columns.get(name)
        if direction not in {"asc", "desc"}:
            raise InvalidInputError(fields={name: "The direction is asc or desc."})
        if name == "id" and column is None:
            return [*compiled, ("_id", ASCENDING if direction == "asc" else DESCENDING)]
        if column is None or not column.sortable:
            msg = f"cannot sort by {name!r}"
            raise InvalidInputError(msg, fields={name: "This column cannot be sorted by."})
        compiled.append((column.stored, ASCENDING if direction == "asc" else DESCENDING))
    return [*compiled, ("_id", compiled[-1][1] if compiled else ASCENDING)]


def compile_filter(columns: Mapping[str, Column], model: Mapping[str, Any]) -> tuple[dict[str, Any], list[LinkLookup]]:
    """Return the database's filter and the conditions on linked documents that are still to be resolved.

    Raises:
        InvalidInputError: An unknown column, an unknown condition or a value of the wrong type; `fields` names it.
    """
    parts: list[dict[str, Any]] = []
    lookups: list[LinkLookup] = []
    for name, condition in model.items():
        column = columns.get(name)
        if column is None:
            msg = f"there is no column {name!r}"
            raise InvalidInputError(msg, fields={name: "There is no such column."})
        if not isinstance(condition, Mapping):
            raise InvalidInputError(fields={name: "A condition was expected."})
        if column.kind is ColumnKind.LINK:
            lookups.append(link_condition(column, condition))
        else:
            parts.append(column_condition(column, condition))
    return join_conditions(parts), lookups


def compile_search(columns: Mapping[str, Column], words: str) -> dict[str, Any]:
    """Return a filter for rows that have every word of `words` in some text column."""
    texts = [column.stored for column in columns.values() if column.kind is ColumnKind.TEXT]
    wanted = words.split()[:_MAX_CONDITIONS]
    if not wanted:
        return {}
    if not texts:
        return {"_id": {"$in": []}}
    return join_conditions(
        [{"$or": [{name: _contains(text_operand("search", word))} for name in texts]} for word in wanted]
    )


def join_conditions(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a filter for what fulfils all `parts`.

    They are joined side by side where their keys differ, for nested `$and` keeps some servers from an index.
    """
    merged: dict[str, Any] = {}
    rest: list[Any] = []
    for part in parts:
        rest += part.get("$and", ())
        own = {key: value for key, value in part.items() if key != "$and"}
        if merged.keys() & own.keys():
            rest.append(own)
        else:
            merged.update(own)
    return {**merged, "$and": rest} if rest else merged


def column_condition(column: Column, condition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the database's filter for a condition on a column that is no link.

    Raises:
        InvalidInputError: The condition or its value is not possible; `fields` names the column.
    """
    inner = condition.get("conditions")
    if inner is None:
        return _simple(column, condition)
    if not isinstance(inner, list) or not 0 < len(inner) <= _MAX_CONDITIONS:
        raise InvalidInputError(fields={column.field: f"One to {_MAX_CONDITIONS} conditions are possible."})
    if not all(isinstance(part, Mapping) for part in inner):
        raise InvalidInputError(fields={column.field: "A condition was expected."})
    if condition.get("operator", "AND") not in _JOINS:
        raise InvalidInputError(fields={column.field: "Conditions are joined by AND or OR."})
    compiled = [_simple(column, part) for part in inner]
    if condition.get("operator") == "OR":
        return {"$or": compiled}
    return join_conditions(compiled)


def _simple(column: Column, condition: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(condition.get("type", ""))
    if kind == "blank":
        return {column.stored: {"$in": [None, ""]}}
    if kind == "notBlank":
        return {column.stored: {"$nin": [None, ""]}}
    compiler = _COMPILERS.get(column.kind)
    if compiler is None:
        raise InvalidInputError(fields={column.field: "This column cannot be filtered."})
    return compiler(column, kind, condition)


def _truth_condition(column: Column, kind: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    del condition
    if kind not in {"true", "false"}:
        raise _unknown(column)
    return {column.stored: kind == "true"}


def _words_condition(column: Column, kind: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    return {column.stored: _text_condition(column, kind, text_operand(column.field, condition.get("filter")))}


def _number_condition(column: Column, kind: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    value = number_operand(column, condition.get("filter"))
    if kind == "inRange":
        return {column.stored: {"$gte": value, "$lte": number_operand(column, condition.get("filterTo"))}}
    if kind not in _COMPARISONS:
        raise _unknown(column)
    return {column.stored: value if kind == "equals" else {_COMPARISONS[kind]: value}}


def _time_condition(column: Column, kind: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    begin, following = day_operand(column, condition.get("dateFrom"))
    if kind == "inRange":
        return {column.stored: {"$gte": begin, "$lt": day_operand(column, condition.get("dateTo"))[1]}}
    ranges: dict[str, dict[str, Any]] = {
        "equals": {"$gte": begin, "$lt": following},
        "notEqual": {"$not": {"$gte": begin, "$lt": following}},
        "lessThan": {"$lt": begin},
        "greaterThan": {"$gte": following},
    }
    if kind not in ranges:
        raise _unknown(column)
    return {column.stored: ranges[kind]}


def _choice_condition(column: Column, kind: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    text = text_operand(column.field, condition.get("filter")).casefold()
    if kind not in {"equals", "notEqual", "contains", "notContains", "startsWith", "endsWith"}:
        raise _unknown(column)

    def fits(label: str) -> bool:
        label = label.casefold()
        if kind in {"equals", "notEqual"}:
            return label == text
        if kind == "startsWith":
            return label.startswith(text)
        return label.endswith(text) if kind == "endsWith" else text in label

    values = [value for value, label in column.choices if fits(label) or fits(str(value))]
    return {column.stored: {"$nin" if kind.startswith("not") else "$in": values}}


def _text_condition(column: Column, kind: str, text: str) -> Any:  # noqa: ANN401 - a condition of the database
    escaped = re.escape(text)
    conditions: dict[str, Any] = {
        "contains": _contains(text),
        "notContains": {"$not": re.compile(escaped, re.IGNORECASE)},
        "equals": {"$regex": f"^{escaped}{_END}", "$options": "i"},
        "notEqual": {"$not": re.compile(f"^{escaped}{_END}", re.IGNORECASE)},
        "startsWith": {"$regex": f"^{escaped}", "$options": "i"},
        "endsWith": {"$regex": f"{escaped}{_END}", "$options": "i"},
    }
    if kind not in conditions:
        raise _unknown(column)
    return conditions[kind]


def link_condition(column: Column, condition: Mapping[str, Any]) -> LinkLookup:
    """Return the lookup that a condition on a link stands for.

    Raises:
        InvalidInputError: The condition or its value is not possible; `fields` names the column.
    """
    kind = str(condition.get("type", ""))
    if kind in {"blank", "notBlank"}:
        return LinkLookup(column, None, negate=kind == "notBlank")
    if "conditions" in condition:
        raise InvalidInputError(fields={column.field: "One condition is possible on a linked record."})
    text = text_operand(column.field, condition.get("filter"))
    negate = kind in {"notContains", "notEqual"}
    positive = {"notContains": "contains", "notEqual": "equals"}.get(kind, kind)
    return LinkLookup(column, _text_condition(column, positive, text), negate=negate)


def _contains(text: str) -> dict[str, Any]:
    return {"$regex": re.escape(text), "$options": "i"}


def _unknown(column: Column) -> InvalidInputError:
    return InvalidInputError(fields={column.field: "This condition is not possible for this column."})


_COMPILERS: Mapping[ColumnKind, Callable[[Column, str, Mapping[str, Any]], dict[str, Any]]] = {
    ColumnKind.TEXT: _words_condition,
    ColumnKind.INTEGER: _number_condition,
    ColumnKind.FLOAT: _number_condition,
    ColumnKind.DECIMAL: _number_condition,
    ColumnKind.BOOLEAN: _truth_condition,
    ColumnKind.DATE: _time_condition,
    ColumnKind.DATETIME: _time_condition,
    ColumnKind.CHOICE: _choice_condition,
}
