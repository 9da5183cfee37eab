"""What the dashboard shows, computed from all flights: one pass of the database, a little arithmetic here."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bson import DBRef, ObjectId

__all__ = ["FINGERPRINT", "GROUPS", "LAST_WIND", "LATE_MINUTES", "VISIBILITY_STEPS", "WIND_STEP", "summarise"]

Row = Mapping[str, Any]
K = TypeVar("K", bound=Hashable)

LATE_MINUTES = 15
"""From how many minutes on a departure is late; up to there the authorities call it on time."""

VISIBILITY_STEPS = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Where the groups of visibility begin, in miles."""

WIND_STEP = 5
"""How wide the groups of wind speed are, in miles per hour."""

LAST_WIND = 25
"""Where the last group of wind speed begins, in miles per hour."""

# One hour of the data claims 1,048 miles per hour; nothing was ever measured beyond 253.
_MOST_WIND = 254


def _count_if(condition: Any) -> dict[str, Any]:  # noqa: ANN401 - an expression of the database
    return {"$sum": {"$cond": [condition, 1, 0]}}


FINGERPRINT: list[dict[str, Any]] = [
    {"$group": {"_id": None, "flights": {"$sum": 1}, "changed_at": {"$max": "$updated_at"}}}
]
"""Pipeline whose result differs after every change of any flight."""

# Four groupings in one pass: the database walks through all flights for each pass, whatever it groups by.
GROUPS: list[dict[str, Any]] = [
    {
        "$group": {
            "_id": {
                "airline": "$airline",
                "hour": "$hour",
                "visibility": "$visibility",
                "wind": {"$floor": {"$divide": ["$wind_speed", WIND_STEP]}},
            },
            "flights": {"$sum": 1},
            "departed": _count_if({"$gt": ["$departure_delay", None]}),
            "late": _count_if({"$gte": ["$departure_delay", LATE_MINUTES]}),
            "cancelled": _count_if({"$eq": ["$status", "cancelled"]}),
            "minutes": {"$sum": "$departure_delay"},
            "changed_at": {"$max": "$updated_at"},
        }
    }
]
"""Pipeline that groups all flights by everything the dashboard groups them by."""


@dataclass(slots=True)
class _Sum:
    minutes: int = 0
    departed: int = 0


def summarise(groups: Iterable[Row], airlines: Mapping[ObjectId, str]) -> dict[str, Any]:
    """Return the values of a `DelaySummary`.

    Args:
        groups: Result of `GROUPS`.
        airlines: Names of the airlines by id.
    """
    rows = list(groups)

    def airline(key: Row) -> str | None:
        link = key.get("airline")
        return airlines.get(link.id) if isinstance(link, DBRef) else None

    departed = sum(row["departed"] for row in rows)
    late = sum(row["late"] for row in rows)
    return {
        "flights": sum(row["flights"] for row in rows),
        "departed": departed,
        "cancelled": sum(row["cancelled"] for row in rows),
        "mean_departure_delay": sum(row["minutes"] for row in rows) / departed if departed else 0.0,
        "on_time_share": (departed - late) / departed if departed else 0.0,
        "changed_at": max((row["changed_at"] for row in rows), default=None),
        "by_carrier": sorted(_means(rows, airline), key=lambda entry: entry[1], reverse=True),
        "by_hour": sorted(_means(rows, lambda key: key.get("hour"))),
        "by_visibility": sorted(_means(rows, lambda key: _visibility_group(key.get("visibility")))),
        "by_wind": sorted(_means(rows, lambda key: _wind_group(key.get("wind")))),
    }


def _means(rows: Iterable[Row], key_of: Callable[[Row], K | None]) -> list[tuple[K, float, int]]:
    """Return mean delay and number of departures by key; what has no key or no departure is left out."""
    sums: dict[K, _Sum] = {}
    for row in rows:
        key = key_of(row["_id"])
        if key is not None:
            entry = sums.setdefault(key, _Sum())
            entry.minutes += row["minutes"]
            entry.departed += row["departed"]
    return [(key, entry.minutes / entry.departed, entry.departed) for key, entry in sums.items() if entry.departed]


def _visibility_group(miles: float | None) -> float | None:
    return None if miles is None else max(step for step in VISIBILITY_STEPS if step <= miles)


def _wind_group(steps: float | None) -> int | None:
    if steps is None or steps * WIND_STEP >= _MOST_WIND:
        return None
    return min(int(steps) * WIND_STEP, LAST_WIND)
