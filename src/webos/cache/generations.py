"""Numbers shared by all processes of a host, which say whether what a process remembers still counts."""

import mmap
import os
import secrets
from collections.abc import Set as AbstractSet
from pathlib import Path
from zlib import crc32

__all__ = ["ALL_SLOTS", "CHANGING", "EVICTIONS", "Generations"]

SLOTS = 8192
CHANGING = 0
"""Stands in a slot while one of its values is written: nothing that is read meanwhile is remembered."""

ALL_SLOTS = frozenset(range(SLOTS))
"""What is renewed when all is cleared."""

EVICTIONS = 0
"""The slot that is renewed when a tag is evicted, whichever."""

_WIDTH = 8


class Generations:
    """A file of numbers in the memory of all processes: a slot's number is new after each write to one of its keys.

    New numbers are random, not counted up: two processes that write at once could count to the same.

    Args:
        path: The file; made where it is missing.

    Attributes:
        numbers: What stands in each slot.
    """

    def __init__(self, path: Path) -> None:
        _create(path)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), SLOTS * _WIDTH)
        self.numbers = memoryview(self._map).cast("Q")

    @staticmethod
    def slot(key: str) -> int:
        """Return the slot of a key or tag."""
        return 1 + crc32(key.encode()) % (SLOTS - 1)

    def begin(self, slots: AbstractSet[int]) -> None:
        """Say that values of `slots` are about to change."""
        for slot in slots:
            self.numbers[slot] = CHANGING

    def renew(self, slots: AbstractSet[int]) -> None:
        """Say that values of `slots` have changed."""
        for slot in slots:
            self.numbers[slot] = _fresh()

    def close(self) -> None:
        """Let go of the file."""
        self.numbers.release()
        self._map.close()


def _fresh() -> int:
    return 1 + secrets.randbelow(2**64 - 1)


def _create(path: Path) -> None:
    if path.exists() and path.stat().st_size == SLOTS * _WIDTH:
        return
    made = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    made.write_bytes(b"".join(_fresh().to_bytes(_WIDTH, "little") for _ in range(SLOTS)))
    made.chmod(0o600)
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()
