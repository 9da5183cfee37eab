"""What a place for cached values can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from webos.cache.packing import Stored

__all__ = ["CacheStore", "StoreSize", "tag_key"]

TAG_KEY_SECONDS = 24 * 3600.0
"""How long it is known that a tag was evicted: longer than anybody computes a value."""


def tag_key(tag: str) -> str:
    """Return the key whose value is another one after each eviction of `tag`."""
    return f"~tag:{tag}"


@dataclass(frozen=True, slots=True)
class StoreSize:
    """How much is kept.

    Attributes:
        values: How many values.
        bytes: What they take on disk or in the server's memory.
        remembered: How many of them this process remembers.
    """

    values: int
    bytes: int
    remembered: int = 0


class CacheStore(Protocol):
    """A place for cached values; keys are text, `expire` is in seconds and None for as long as there is room.

    What cannot be reached raises `CacheUnavailableError`. The methods that end in `_now` are the same for plain
    functions; they block.
    """

    async def get(self, key: str) -> Stored | None:
        """Return what is kept under `key`; None where nothing is."""

    def peek(self, key: str) -> Stored | None:
        """Return what this process remembers of `key`, without any waiting; None says nothing."""

    async def set(self, key: str, value: Stored, *, expire: float | None = None, tag: str | None = None) -> None:
        """Keep a value; when this returns, every process of the host reads it."""

    async def set_if(
        self,
        key: str,
        value: Stored,
        *,
        unchanged: Mapping[str, Stored | None],
        expire: float | None = None,
        tag: str | None = None,
    ) -> bool:
        """Keep a value if others are what they were, and return whether it is kept.

        Args:
            key: The key.
            value: The value.
            unchanged: What each of the other keys must still hold.
            expire: Seconds.
            tag: Its tag.
        """

    async def add(self, key: str, value: Stored, *, expire: float | None = None, tag: str | None = None) -> bool:
        """Keep a value unless there is one, and return whether there was none."""

    async def incr(self, key: str, delta: int = 1, *, default: int = 0, expire: float | None = None) -> int:
        """Count up, from `default` where nothing is kept, and return the sum; `expire` counts from the first time."""

    async def delete(self, key: str) -> bool:
        """Forget a value and return whether there was one."""

    async def evict(self, tag: str) -> int:
        """Forget everything with a tag, and return how many values that were."""

    async def clear(self, prefix: str = "") -> int:
        """Forget everything whose key begins with `prefix`, and return how many values that were."""

    async def size(self) -> StoreSize:
        """Return how much is kept."""

    async def expire(self) -> int:
        """Forget what has ended, and return how many values that were."""

    async def close(self) -> None:
        """Write what waits and let go of everything."""

    def get_now(self, key: str) -> Stored | None:
        """Return what is kept under `key`; None where nothing is."""

    def set_if_now(
        self,
        key: str,
        value: Stored,
        *,
        unchanged: Mapping[str, Stored | None],
        expire: float | None = None,
        tag: str | None = None,
        wait: bool = True,
    ) -> None:
        """Keep a value if others are what they were.

        Args:
            key: The key.
            value: The value.
            unchanged: What each of the other keys must still hold.
            expire: Seconds.
            tag: Its tag.
            wait: Whether to return only when it is kept.
        """
