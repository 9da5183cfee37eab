"""Measuring two things in turns, so that what else the machine does meanwhile hits both."""

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Effort", "Pair", "seconds_for", "take_turns"]

Measure = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        flights: How many flights the data holds.
        quick: Whether to run each thing a few times only: enough to see that it runs, not to believe the figures.
    """

    flights: int
    quick: bool = False

    def times(self, usual: int, quick: int = 2) -> int:
        """Return `usual`, or `quick` for a quick run."""
        return quick if self.quick else usual


@dataclass(frozen=True, slots=True)
class Pair:
    """The medians of both.

    Attributes:
        ours: Our median.
        against: Median of the bare thing.
    """

    ours: float
    against: float


async def take_turns(rounds: int, ours: Measure, against: Measure, *, warm_up: int = 1) -> Pair:
    """Measure both in each round, in changing order, and return the medians.

    Args:
        rounds: How many rounds count.
        ours: Measures ours once and returns the figure.
        against: Measures the bare thing once.
        warm_up: How many rounds are run before and do not count.
    """
    figures: tuple[list[float], list[float]] = ([], [])
    for turn in range(-warm_up, rounds):
        pair = [(0, ours), (1, against)]
        for which, measure in pair if turn % 2 == 0 else reversed(pair):
            figure = await measure()
            if turn >= 0:
                figures[which].append(figure)
    return Pair(statistics.median(figures[0]), statistics.median(figures[1]))


async def seconds_for(work: Callable[[], Awaitable[object]]) -> float:
    """Run `work` and return the seconds it took."""
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started
