"""The rules of a joined collection as an expression, for servers on which a `$lookup` with a pipeline is slow."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["NotExpressibleError", "as_expression"]

_JOINS = {"$and": "$and", "$or": "$or"}


class NotExpressibleError(Exception):
    """A filter that means something else as an expression, or cannot be one."""


def as_expression(query: Mapping[str, Any], variable: str) -> dict[str, Any]:
    """Return an expression that is true for documents which match a filter of the guard.

    Args:
        query: The filter.
        variable: Name of the variable that holds the document.

    Raises:
        NotExpressibleError: It has more than equality and `$in` on top-level fields, joined by `$and`, `$or`, `$nor`.
    """
    return {"$and": [_entry(key, value, variable) for key, value in query.items()]}


def _entry(key: str, value: Any, variable: str) -> dict[str, Any]:  # noqa: ANN401 - a part of a filter
    if key in _JOINS:
        return {_JOINS[key]: [as_expression(part, variable) for part in value]}
    if key == "$nor":
        return {"$not": [{"$or": [as_expression(part, variable) for part in value]}]}
    if key[:1] == "$" or "." in key:
        raise NotExpressibleError
    path = f"$${variable}.{key}"
    if not isinstance(value, Mapping):
        return _is_one_of(path, [value])
    return {"$and": [_test(path, operator, operand) for operator, operand in value.items()]}


def _test(path: str, operator: str, operand: Any) -> dict[str, Any]:  # noqa: ANN401 - an operand
    if operator in {"$in", "$nin"}:
        test = _is_one_of(path, operand)
    elif operator in {"$eq", "$ne"}:
        test = _is_one_of(path, [operand])
    else:
        raise NotExpressibleError
    return {"$not": [test]} if operator in {"$nin", "$ne"} else test


def _is_one_of(path: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return the expression for what a filter says: missing is None, and a list fits by any of its elements."""
    if any(isinstance(value, (Mapping, list, tuple)) for value in values):
        raise NotExpressibleError
    listed = {"$literal": list(values)}
    value: dict[str, Any] = {"$ifNull": [path, None]}
    if len(values) == 1:
        plain: dict[str, Any] = {"$eq": [value, {"$literal": values[0]}]}
    else:
        plain = {"$in": [value, listed]}
    elements = {"$cond": [{"$isArray": [path]}, path, []]}
    return {"$or": [plain, {"$gt": [{"$size": {"$setIntersection": [elements, listed]}}, 0]}]}
