"""The order in which modules start: each after those it requires."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush

__all__ = ["Resolution", "resolve_order"]

Resolution = tuple[list[str], dict[str, str]]
"""Names in starting order, and for each name that cannot start, why."""


def resolve_order(requires: Mapping[str, tuple[str, ...]]) -> Resolution:
    """Sort modules so that each comes after those it requires.

    Args:
        requires: For each module, the names of those it requires.

    Returns:
        The names that can start, in order (by name where nothing else decides), and the reason for each
        that cannot: a missing module, a circle, or a required module that cannot start itself.
    """
    refused: dict[str, str] = {}
    for name, needed in requires.items():
        missing = sorted(set(needed) - requires.keys())
        if missing:
            refused[name] = f"requires {_list(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
    for circle in _circles(requires):
        for name in circle:
            refused.setdefault(name, f"requires itself in a circle: {' → '.join([*circle, circle[0]])}")
    _spread(requires, refused)
    return _sorted({name: needed for name, needed in requires.items() if name not in refused}), refused


def _sorted(requires: Mapping[str, tuple[str, ...]]) -> list[str]:
    sorter = TopologicalSorter(requires)
    sorter.prepare()
    order: list[str] = []
    ready = list(sorter.get_ready())
    heapify(ready)
    while ready:
        order.append(heappop(ready))
        sorter.done(order[-1])
        for name in sorter.get_ready():
            heappush(ready, name)
    return order


def _circles(requires: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    remaining = {name: set(needed) & requires.keys() for name, needed in requires.items()}
    circles: list[list[str]] = []
    while True:
        try:
            TopologicalSorter(remaining).prepare()
        except CycleError as error:
            circle = list(reversed(error.args[1][1:]))
            circles.append(circle)
            for name in circle:
                remaining.pop(name)
            remaining = {name: needed & remaining.keys() for name, needed in remaining.items()}
        else:
            return circles


def _spread(requires: Mapping[str, tuple[str, ...]], refused: dict[str, str]) -> None:
    """Refuse also what requires something refused, until nothing changes."""
    changed = True
    while changed:
        changed = False
        for name, needed in requires.items():
            broken = sorted(set(needed) & refused.keys())
            if name not in refused and broken:
                refused[name] = f"requires {_list(broken)}, which cannot start"
                changed = True


def _list(names: list[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"  # noqa: PLR2004
