"""What each condition of a filter means, in plain Python: the yardstick for the database's answers."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

__all__ = ["LABELS", "fits"]

Condition = Mapping[str, Any]

KINDS = {
    "name": "text",
    "note": "text",
    "stock": "number",
    "weight": "number",
    "price": "number",
    "active": "truth",
    "day": "day",
    "sold_at": "day",
    "size": "choice",
}
LABELS = {"small": "Small", "extra_large": "Extra large"}


def fits(row: Mapping[str, Any], filters: Mapping[str, Condition]) -> bool:
    """Return whether a row has to be among the answers."""
    return all(_fits(KINDS[field], row.get(field), condition) for field, condition in filters.items())


def _fits(kind: str, value: Any, condition: Condition) -> bool:
    if "conditions" in condition:
        results = [_fits(kind, value, part) for part in condition["conditions"]]
        return any(results) if condition["operator"] == "OR" else all(results)
    what: str = condition["type"]
    if what == "blank":
        return value is None or value == ""
    if what == "notBlank":
        return not (value is None or value == "")
    return _KINDS[kind](value, what, condition)


def _text(value: str | None, what: str, condition: Condition) -> bool:
    wanted: str = condition["filter"].lower()
    if what in {"notContains", "notEqual"}:
        positive = {"notContains": "contains", "notEqual": "equals"}[what]
        return not _text(value, positive, condition)
    if value is None:
        return False
    found = value.lower()
    return {
        "contains": wanted in found,
        "equals": wanted == found,
        "startsWith": found.startswith(wanted),
        "endsWith": found.endswith(wanted),
    }[what]


def _number(value: float | Decimal | None, what: str, condition: Condition) -> bool:
    wanted = Decimal(str(condition["filter"]))
    if value is None:
        return what == "notEqual"
    found = Decimal(str(value))
    return {
        "equals": lambda: found == wanted,
        "notEqual": lambda: found != wanted,
        "lessThan": lambda: found < wanted,
        "lessThanOrEqual": lambda: found <= wanted,
        "greaterThan": lambda: found > wanted,
        "greaterThanOrEqual": lambda: found >= wanted,
        "inRange": lambda: wanted <= found <= Decimal(str(condition["filterTo"])),
    }[what]()


def _truth(value: bool | None, what: str, _: Condition) -> bool:  # noqa: FBT001 - a stored value
    return value is {"true": True, "false": False}[what]


def _day(value: date | datetime | None, what: str, condition: Condition) -> bool:
    if value is None:
        return what == "notEqual"
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    begin = datetime.fromisoformat(condition["dateFrom"]).replace(tzinfo=UTC)
    after = begin + timedelta(days=1)
    return {
        "equals": lambda: begin <= moment < after,
        "notEqual": lambda: not begin <= moment < after,
        "lessThan": lambda: moment < begin,
        "greaterThan": lambda: moment >= after,
        "inRange": lambda: (
            begin <= moment < datetime.fromisoformat(condition["dateTo"]).replace(tzinfo=UTC) + timedelta(days=1)
        ),
    }[what]()


def _choice(value: str | None, what: str, condition: Condition) -> bool:
    if what in {"notContains", "notEqual"}:
        positive = {"notContains": "contains", "notEqual": "equals"}[what]
        return not _choice(value, positive, condition)
    return value is not None and (_text(value, what, condition) or _text(LABELS[value], what, condition))


_KINDS: Mapping[str, Callable[[Any, str, Condition], bool]] = {
    "text": _text,
    "number": _number,
    "truth": _truth,
    "day": _day,
    "choice": _choice,
}
