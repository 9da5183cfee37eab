"""What a process remembers of the cache: bounded, and looked at only while it is known to count."""

import threading
from dataclasses import dataclass
from time import time
from typing import Any, Final

from webos.cache.generations import CHANGING, EVICTIONS, Generations
from webos.cache.packing import Stored

__all__ = ["Mark", "Memory"]

_LONGEST_SECONDS: Final = 60.0
"""After that the disk is asked in any case: a process that was killed while it wrote cannot tell the others."""

_LARGEST: Final = 1024 * 1024
_OVERHEAD: Final = 300


@dataclass(frozen=True, slots=True)
class Mark:
    """How things stood before a key was read.

    Attributes:
        slot: The slot of the key.
        number: What stood in it.
        evictions: What stood in the slot of evictions.
    """

    slot: int
    number: int
    evictions: int


class Memory:
    """Values that were read lately, by key; safe to use from several threads. What was remembered first is forgotten first.

    Args:
        generations: Says whether a value still counts.
        limit: Bytes it may take.
    """

    def __init__(self, generations: Generations, limit: int) -> None:
        self._numbers = generations.numbers
        self._limit = limit
        self._entries: dict[str, tuple[Stored, float, int, int, int, int]] = {}
        self._lock = threading.Lock()
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def mark(self, key: str) -> Mark:
        """Return how things stand, to be taken before `key` is read from the disk."""
        slot = Generations.slot(key)
        return Mark(slot, self._numbers[slot], self._numbers[EVICTIONS])

    def get(self, key: str) -> Stored | None:
        """Return the value of `key`, if it is remembered and still counts."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        # Flat, since this is the way that every hit takes.
        value, until, slot, number, tag_slot, tag_number = entry
        numbers = self._numbers
        if numbers[slot] == number and numbers[tag_slot] == tag_number and time() < until:
            return value
        self.forget(key)
        return None

    def keep(self, key: str, value: Stored, *, mark: Mark, ends: float | None, tag: str | None) -> None:
        """Remember a value that was read after `mark` was taken, unless something was written meanwhile.

        Args:
            key: The key.
            value: The value.
            mark: How things stood before the value was read.
            ends: When the value ends, in seconds since 1970; None for never.
            tag: Its tag.
        """
        tag_slot = mark.slot if tag is None else Generations.slot(tag)
        tag_number = mark.number if tag is None else self._numbers[tag_slot]
        # Which tag it is was not known before the value was read: an eviction in between may have been this tag's.
        if tag is not None and self._numbers[EVICTIONS] != mark.evictions:
            return
        size = _size(value)
        if CHANGING in {mark.number, tag_number, mark.evictions} or size > _LARGEST:
            return
        now = time()
        until = now + _LONGEST_SECONDS if ends is None else min(ends, now + _LONGEST_SECONDS)
        with self._lock:
            self._drop(key)
            self._entries[key] = (value, until, mark.slot, mark.number, tag_slot, tag_number)
            self.size += size + len(key) + _OVERHEAD
            while self.size > self._limit:
                self._drop(next(iter(self._entries)))

    def forget(self, key: str) -> None:
        """Forget a value."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: str) -> None:
        entry: tuple[Any, ...] | None = self._entries.pop(key, None)
        if entry is not None:
            self.size -= _size(entry[0]) + len(key) + _OVERHEAD


def _size(value: Stored) -> int:
    return 8 if isinstance(value, int) else len(value)
