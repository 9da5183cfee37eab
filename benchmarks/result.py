"""What a row found, and whether that is good enough."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Goal", "Result", "at_least", "at_most", "at_most_line", "within"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a row has to reach.

    Attributes:
        text: The goal for people.
        met: Whether it is met by the figures of ours and of the bare thing.
    """

    text: str
    met: Callable[[float, float], bool]


def at_least(ratio: float) -> Goal:
    """Ours divided by the bare thing is at least `ratio`: for figures of which more is better."""
    return Goal(f">= {ratio:g}", lambda ours, against: ours >= ratio * against)


def at_most(ratio: float) -> Goal:
    """Ours divided by the bare thing is at most `ratio`: for figures of which less is better."""
    return Goal(f"<= {ratio:g}", lambda ours, against: ours <= ratio * against)


def at_most_line(ratio: float, extra: float, unit: str) -> Goal:
    """Ours is at most `ratio` times the bare thing and `extra`, which is in `unit`."""
    return Goal(f"<= {ratio:g}x + {extra:g} {unit}", lambda ours, against: ours <= ratio * against + extra)


def within(limit: float, unit: str) -> Goal:
    """Ours is at most `limit`, which is in `unit`, whatever the bare thing takes."""
    return Goal(f"<= {limit:g} {unit}", lambda ours, _: ours <= limit)


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Attributes:
        name: What was measured; begins with the name of the row.
        unit: Unit of both figures.
        ours: Our median.
        against: Median of the bare thing.
        goal: What is to be reached.
    """

    name: str
    unit: str
    ours: float
    against: float
    goal: Goal

    @property
    def ratio(self) -> float:
        """Ours divided by the bare thing."""
        return self.ours / self.against

    @property
    def ok(self) -> bool:
        """Whether the goal is met."""
        return self.goal.met(self.ours, self.against)

    def to_dict(self) -> dict[str, Any]:
        """Return the line as it stands in `results.json`."""
        return {
            "name": f"{self.name} ({self.unit})",
            "ours": round(self.ours, 4),
            "against": round(self.against, 4),
            "ratio": round(self.ratio, 4),
            "goal": self.goal.text,
            "ok": self.ok,
        }
