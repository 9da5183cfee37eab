"""Reading the `where` of a rule; what is not understood is refused with what is wrong and what is possible."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from uuid import UUID

from bson import Decimal128, ObjectId

from webos.data.rules.acting import Placeholder
from webos.data.rules.condition import Condition, Every, FieldCondition, NoneOf, Some
from webos.data.rules.values import plain

__all__ = ["parse_where"]

_OPERATORS = ("$eq", "$ne", "$in", "$nin", "$gt", "$gte", "$lt", "$lte", "$exists", "$not")
_LISTS = frozenset({"$in", "$nin"})
_RANGES = frozenset({"$gt", "$gte", "$lt", "$lte"})
_JOINS: Mapping[str, type[Every | Some | NoneOf]] = {"$and": Every, "$or": Some, "$nor": NoneOf}
# The guard asks these itself.
_RESERVED = frozenset({"deleted_at", "revision"})
_INT64 = range(-(2**63), 2**63)


def parse_where(where: object) -> Condition:
    """Return the condition that `where` says.

    Raises:
        ValueError: It is not in the language of rules.
    """
    if not isinstance(where, Mapping) or not where:
        msg = f"where is a mapping of fields to conditions such as {{'status': 'open'}}, not {where!r}"
        raise ValueError(msg)
    parts = [_parse_entry(key, value) for key, value in where.items()]
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Every) else (part,))]
    return flat[0] if len(flat) == 1 else Every(tuple(flat))


def _parse_entry(key: object, value: Any) -> Condition:  # noqa: ANN401 - what a module has written
    if not isinstance(key, str):
        msg = f"where names fields by text, not {key!r}"
        raise ValueError(msg)  # noqa: TRY004 - a fault in a declaration, like the others here
    key = str.__str__(key)
    if key in _JOINS:
        if not isinstance(value, (list, tuple)) or not value:
            msg = f"{key} takes a list of conditions"
            raise ValueError(msg)
        return _JOINS[key](tuple(parse_where(part) for part in value))
    if key.startswith("$"):
        msg = f"{key} is not possible in a rule; use {', '.join(_JOINS)} or the name of a field"
        raise ValueError(msg)
    _check_path(key)
    return FieldCondition(key, _parse_tests(key, value))


def _check_path(path: str) -> None:
    parts = path.split(".")
    for part in parts:
        if not part or part.isdigit() or (part.startswith("$") and part not in {"$id", "$ref"}):
            msg = f"{path!r} is no path of fields such as 'address.city'; positions in lists are not possible"
            raise ValueError(msg)
    if parts[0] in _RESERVED:
        msg = f"{parts[0]} is the framework's own and not possible in a rule"
        raise ValueError(msg)


def _parse_tests(path: str, value: Any) -> tuple[tuple[str, Any], ...]:  # noqa: ANN401
    if not isinstance(value, Mapping):
        return (("$eq", _scalar(path, "$eq", value)),)
    if not value:
        msg = f"{path} has an empty condition"
        raise ValueError(msg)
    return tuple(_parse_test(path, operator, operand) for operator, operand in value.items())


def _parse_test(path: str, operator: Any, operand: Any) -> tuple[str, Any]:  # noqa: ANN401
    if operator not in _OPERATORS:
        msg = f"{path}: {operator} is not possible in a rule; use {', '.join(_OPERATORS)}"
        raise ValueError(msg)
    if operator == "$not":
        if not isinstance(operand, Mapping):
            msg = f"{path}: $not takes operators such as {{'$gt': 5}}"
            raise ValueError(msg)
        if "$not" in operand:
            msg = f"{path}: $not inside of $not is not possible"
            raise ValueError(msg)
        return operator, _parse_tests(path, operand)
    if operator == "$exists":
        if not isinstance(operand, bool):
            msg = f"{path}: $exists takes True or False"
            raise ValueError(msg)
        return operator, operand
    if operator in _LISTS:
        return operator, _several(path, operator, operand)
    return operator, _scalar(path, operator, operand)


def _several(path: str, operator: str, operand: Any) -> Any:  # noqa: ANN401
    if isinstance(operand, Placeholder):
        if operand.listed:
            return operand
        msg = f"{path}: {operator} takes a list; put {operand} into one, or use $eq"
        raise ValueError(msg)
    if not isinstance(operand, (list, tuple, set, frozenset)):
        msg = f"{path}: {operator} takes a list"
        raise ValueError(msg)  # noqa: TRY004 - a fault in a declaration
    return tuple(_scalar(path, operator, each) for each in operand)


def _scalar(path: str, operator: str, operand: Any) -> Any:  # noqa: ANN401
    """Return a value to compare with, as it is stored."""
    if isinstance(operand, Placeholder):
        if operand.listed:
            msg = f"{path}: {operand} is a list; use $in or $nin"
            raise ValueError(msg)
        if operator in _RANGES:
            msg = f"{path}: {operator} cannot compare with {operand}"
            raise ValueError(msg)
        return operand
    value = operand.value if isinstance(operand, Enum) else plain(operand)
    if isinstance(value, bool) or value is None or isinstance(value, (UUID, ObjectId)):
        if operator in _RANGES:
            msg = f"{path}: {operator} compares numbers, texts and times, not {operand!r}"
            raise ValueError(msg)
        return value
    if isinstance(value, (int, float, str, Decimal, datetime)) and _is_storable(value):
        return value
    msg = f"{path}: {operand!r} cannot be compared with; use a text, number, time, id, True, False or None"
    raise ValueError(msg)


def _is_storable(value: Any) -> bool:  # noqa: ANN401 - a number, text or time
    if isinstance(value, int):
        return value in _INT64
    if isinstance(value, Decimal):
        try:
            return Decimal128(value).to_decimal() == value or value.is_nan()
        except (InvalidOperation, ArithmeticError):
            return False
    return not isinstance(value, str) or not any("\ud800" <= character <= "\udfff" for character in value)
