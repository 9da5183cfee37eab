"""Conditions of nested filters that name several values, or days counted from today."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from webos.data.table.columns import Column, ColumnKind
from webos.kernel.errors import InvalidInputError

__all__ = ["several_condition"]

_MOST_VALUES = 200
_MOST_DAYS = 36_600
_SETS = frozenset({"in", "notIn"})
_DAYS = frozenset({"today", "lastDays", "nextDays"})


def several_condition(column: Column, condition: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the database's filter for a condition that names a set of values or days; None if it is of another kind.

    Args:
        column: The column.
        condition: `in` and `notIn` have `values`: of a choice its values, of a link the ids of documents. `lastDays`
            and `nextDays` have a number of days as `filter`; the days begin in UTC, and today is one of them.

    Raises:
        InvalidInputError: A value is not possible; `fields` names the column.
    """
    kind = condition.get("type")
    if kind in _SETS:
        operator = "$in" if kind == "in" else "$nin"
        if column.kind is ColumnKind.CHOICE:
            return {column.stored: {operator: _choices(column, condition)}}
        if column.kind is ColumnKind.LINK and column.target is not None:
            return {f"{column.stored}.$id": {operator: _identities(column, condition)}}
    if kind in _DAYS and column.kind in {ColumnKind.DATE, ColumnKind.DATETIME}:
        return {column.stored: _days(column, str(kind), condition.get("filter"))}
    return None


def _values(column: Column, condition: Mapping[str, Any]) -> list[Any]:
    values = condition.get("values")
    if not isinstance(values, list) or not 0 < len(values) <= _MOST_VALUES:
        raise InvalidInputError(fields={column.field: f"One to {_MOST_VALUES} values are possible."})
    return values


def _choices(column: Column, condition: Mapping[str, Any]) -> list[Any]:
    wanted = _values(column, condition)
    possible = [value for value, _ in column.choices]
    if not all(any(type(value) is type(each) and value == each for each in possible) for value in wanted):
        raise InvalidInputError(fields={column.field: "This is none of the possible values."})
    return wanted


def _identities(column: Column, condition: Mapping[str, Any]) -> list[Any]:
    target = column.target
    annotation: Any = target.model_fields["id"].annotation if target is not None else str
    try:
        found = [TypeAdapter[Any](annotation).validate_python(each) for each in _values(column, condition)]
    except ValidationError:
        found = [None]
    if None in found:
        raise InvalidInputError(fields={column.field: "This is not the id of a record."})
    return found


def _days(column: Column, kind: str, number: object) -> dict[str, datetime]:
    today = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    if kind == "today":
        return {"$gte": today, "$lt": today + timedelta(days=1)}
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= _MOST_DAYS:
        raise InvalidInputError(fields={column.field: f"A number of days from 1 to {_MOST_DAYS:,} was expected."})
    if kind == "lastDays":
        return {"$gte": today - timedelta(days=number - 1), "$lt": today + timedelta(days=1)}
    return {"$gte": today, "$lt": today + timedelta(days=number)}
