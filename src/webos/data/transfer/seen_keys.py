"""The keys that a file has had so far, in 16 bytes each."""

from array import array
from collections.abc import Hashable

from webos.data.transfer.digests import digest

__all__ = ["SeenKeys"]

_SMALLEST = 1024


class SeenKeys:
    """Remembers keys and the rows they were in.

    Keys are compared by a digest of 64 bits: of a million different ones, two are taken for the same once in 30 million
    files.
    """

    def __init__(self) -> None:
        self._hashes = array("Q", bytes(8 * _SMALLEST))
        self._rows = array("Q", bytes(8 * _SMALLEST))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: Hashable, row: int) -> int | None:
        """Take note of a key; return the row it was in before, or None."""
        # Zero marks a free place, and is no digest.
        wanted = digest(key)
        at = self._place(wanted)
        if self._hashes[at]:
            return self._rows[at]
        self._hashes[at], self._rows[at] = wanted, row
        self._count += 1
        if self._count * 3 > len(self._hashes) * 2:
            self._grow()
        return None

    def row_of(self, key: Hashable) -> int | None:
        """Return the row that a key was in, or None."""
        at = self._place(digest(key))
        return self._rows[at] if self._hashes[at] else None

    def _place(self, wanted: int) -> int:
        mask = len(self._hashes) - 1
        at = wanted & mask
        while (found := self._hashes[at]) and found != wanted:
            at = (at + 1) & mask
        return at

    def _grow(self) -> None:
        old = zip(self._hashes, self._rows, strict=True)
        size = len(self._hashes) * 2
        self._hashes, self._rows = array("Q", bytes(8 * size)), array("Q", bytes(8 * size))
        for found, row in old:
            if found:
                at = self._place(found)
                self._hashes[at], self._rows[at] = found, row
