"""The only door to `diskcache`: text as keys, bytes and whole numbers as values, never a pickle."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from diskcache_community import Cache, Disk
from diskcache_community.core import MODE_BINARY, MODE_PICKLE
from loguru import logger

from webos.cache.packing import Stored

__all__ = ["DiskCache", "Found", "NotSmallError"]

Found = tuple[Stored, float | None, str | None]
"""A value, when it ends (seconds since 1970) and its tag."""

_BUSY_SECONDS: Final = 5
_PAGE: Final = 1000


class NotSmallError(Exception):
    """The value lies in a file of its own, which takes a while to read."""


class _ForeignValueError(Exception):
    """The value was not written by us."""


class _PlainDisk(Disk):
    """Reads and writes plain values only: whoever can write to the folder must not be able to run code here."""

    # The library makes the instance; whoever made the cache sets this on it.
    reading: threading.local

    def put(self, key: Any) -> Any:  # noqa: ANN401 - the library's signature
        if not isinstance(key, str):
            msg = f"a cache key is text, not {type(key).__name__}"
            raise TypeError(msg)
        return super().put(key)

    def get(self, key: Any, raw: bool) -> Any:  # noqa: ANN401, FBT001 - the library's signature
        if not raw:
            msg = "a pickled key is not read"
            raise ValueError(msg)
        return super().get(key, raw)

    def store(self, value: Any, read: bool, key: Any = None) -> Any:  # noqa: ANN401, FBT001 - the library's signature
        if type(value) not in {bytes, int}:
            msg = f"{type(value).__name__} was not packed"
            raise TypeError(msg)
        return super().store(value, read, key)

    def fetch(self, mode: Any, filename: Any, value: Any, read: bool) -> Any:  # noqa: ANN401, FBT001 - the library's
        if mode == MODE_PICKLE:
            raise _ForeignValueError
        if mode == MODE_BINARY and getattr(self.reading, "small_only", False):
            raise NotSmallError
        return super().fetch(mode, filename, value, read)


class DiskCache:
    """A cache in a folder, shared by the processes of a host; every call blocks for a moment.

    Args:
        folder: The folder.
        limit: Bytes it may take; beyond, what was stored first goes first.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._cache = Cache(
            str(folder),
            timeout=_BUSY_SECONDS,
            disk=_PlainDisk,
            size_limit=limit,
            tag_index=1,
        )
        self._reading = threading.local()
        disk: Any = self._cache.disk
        disk.reading = self._reading

    def get(self, key: str) -> Found | None:
        """Return what is kept under `key`; None where nothing is."""
        try:
            found = self._cache.get(key, None, expire_time=True, tag=True, retry=True)
        except _ForeignValueError:
            logger.warning("the cache holds a value that the server has not written; it is not read")
            return None
        return None if found[0] is None else found

    @contextmanager
    def small_only(self) -> Iterator[None]:
        """Let the calling thread read no files inside the block.

        Raises:
            NotSmallError: A value was asked for that lies in one.
        """
        self._reading.small_only = True
        try:
            yield
        finally:
            self._reading.small_only = False

    def set(self, key: str, value: Stored, expire: float | None, tag: str | None) -> None:
        """Keep a value for `expire` seconds; None for as long as there is room."""
        self._cache.set(key, value, expire=expire, tag=tag, retry=True)

    def add(self, key: str, value: Stored, expire: float | None, tag: str | None) -> bool:
        """Keep a value unless there is one, and return whether there was none."""
        return bool(self._cache.add(key, value, expire=expire, tag=tag, retry=True))

    def incr(self, key: str, delta: int, default: int) -> int:
        """Count a value up, from `default` where there is none."""
        return int(self._cache.incr(key, delta, default, retry=True))

    def delete(self, key: str) -> bool:
        """Forget a value and return whether there was one."""
        return bool(self._cache.delete(key, retry=True))

    def evict(self, tag: str) -> int:
        """Forget everything with a tag, and return how many values that were."""
        return int(self._cache.evict(tag, retry=True))

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`."""
        return (key for key in self._cache.iterkeys() if key.startswith(prefix))

    def clear(self, prefix: str) -> int:
        """Forget everything whose key begins with `prefix`, and return how many values that were."""
        if not prefix:
            return int(self._cache.clear(retry=True))
        return sum(self.delete(key) for key in list(self.keys(prefix)))

    def expire(self) -> int:
        """Forget what has ended, make room, and return how many values that were."""
        return int(self._cache.expire(retry=True)) + int(self._cache.cull(retry=True) or 0)

    def size(self) -> tuple[int, int]:
        """Return how many values there are and the bytes they take."""
        return len(self._cache), int(self._cache.volume())

    @contextmanager
    def transact(self) -> Iterator[None]:
        """Make all writes of the block durable together."""
        with self._cache.transact(retry=True):
            yield

    def close(self) -> None:
        """Close the connection of the calling thread."""
        self._cache.close()
