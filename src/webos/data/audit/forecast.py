"""What an update will make of a document, as far as that can be told beforehand."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from webos.data.audit.sameness import ABSENT

__all__ = ["UNKNOWN", "forecast", "touched_fields"]

Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Row = Mapping[str, Any]

_MOST_INT = 2**31


class _Special(Enum):
    UNKNOWN = "unknown"
    MOVED = "moved"


UNKNOWN: Final = _Special.UNKNOWN
"""Stands for a new value that is known only after the change."""


def touched_fields(update: Update) -> set[str]:
    """Return the top-level fields that an update may change."""
    return {name.partition(".")[0] for name, _, _ in _parts(update)}


def forecast(update: Update, before: Row) -> dict[str, Any]:
    """Return the new values of the fields that an update touches.

    Args:
        update: Update operators or a pipeline, as the guard sends it.
        before: What is stored, at least the fields that it touches.

    Returns:
        By field: the new value, `ABSENT` where the field goes, `UNKNOWN` where only the server can tell.
    """
    after: dict[str, Any] = {}
    is_pipeline = not isinstance(update, Mapping)
    for name, operator, operand in _parts(update):
        field, _, inner = name.partition(".")
        if inner or field in after:
            after[field] = UNKNOWN
        elif is_pipeline:
            after[field] = _staged(operator, operand)
        elif operator == "$rename":
            after[field] = ABSENT if operand is _Special.MOVED else before.get(operand, ABSENT)
        else:
            after[field] = _operated(operator, operand, before.get(field, ABSENT))
    return after


def _parts(update: Update) -> Iterator[tuple[str, str, Any]]:
    """Yield name of the field, operator and operand for all that an update does to existing documents."""
    stages = [update] if isinstance(update, Mapping) else update
    for stage in stages:
        for operator, fields in stage.items():
            if operator == "$setOnInsert":
                continue
            if operator == "$rename":
                for source, target in fields.items():
                    yield source, operator, _Special.MOVED
                    yield target, operator, source
            elif isinstance(fields, Mapping):
                for name, operand in fields.items():
                    yield name, operator, operand
            else:
                for name in [fields] if isinstance(fields, str) else fields:
                    yield name, operator, None


def _staged(operator: str, operand: object) -> object:
    if operator == "$unset":
        return ABSENT
    is_expression = isinstance(operand, (Mapping, list, tuple)) or (isinstance(operand, str) and operand[:1] == "$")
    return UNKNOWN if is_expression else operand


def _operated(operator: str, operand: Any, old: Any) -> Any:  # noqa: ANN401 - any stored value
    if operator == "$set":
        return operand
    if operator == "$unset":
        return ABSENT
    if operator == "$inc" and type(operand) is int and type(old) is int and abs(old) < _MOST_INT > abs(operand):
        return old + operand
    return UNKNOWN
