"""A small cache whose answers are never older than a few seconds."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["FRESH_SECONDS", "FreshCache"]

K = TypeVar("K")
V = TypeVar("V")

FRESH_SECONDS = 5.0
"""How long another process may go on with what it read before a change."""


class FreshCache(Generic[K, V]):
    """Values by key, each until its own deadline, at most `size` of them.

    What is read while something is dropped must not be kept: a reader takes `generation` first and hands it in with the
    value, which is kept only if nothing was dropped in between.

    Args:
        size: How many values are kept; the oldest goes first.
        clock: Monotonic time in seconds.
    """

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._clock = clock
        self._entries: dict[K, tuple[float, V]] = {}
        self.generation = 0

    def get(self, key: K) -> tuple[float, V] | None:
        """Return the deadline and the value of `key` while it is fresh."""
        entry = self._entries.get(key)
        if entry is None or self._clock() >= entry[0]:
            return None
        return entry

    def put(self, key: K, value: V, *, deadline: float, generation: int) -> None:
        """Keep `value` until `deadline`, unless something was dropped since `generation`."""
        if generation != self.generation:
            return
        self._entries.pop(key, None)
        while len(self._entries) >= self._size:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (deadline, value)

    def drop(self, stale: Callable[[K, V], bool]) -> None:
        """Drop every value for which `stale` says so, and whatever is being read at this moment."""
        self.generation += 1
        for key in [key for key, (_, value) in self._entries.items() if stale(key, value)]:
            del self._entries[key]

    def discard(self, key: K) -> None:
        """Drop the value of `key`, and whatever is being read at this moment."""
        self.generation += 1
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        self.drop(lambda _key, _value: True)
