"""Cached values on the disk of a host, shared by its processes, with a memory in each of them."""

import asyncio
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from loguru import logger

from webos.cache.disk import DiskCache, Found, NotSmallError
from webos.cache.errors import CacheUnavailableError, UncacheableValueError
from webos.cache.generations import ALL_SLOTS, EVICTIONS, Generations
from webos.cache.memory import Mark, Memory
from webos.cache.packing import Stored
from webos.cache.quick_reads import QuickReads
from webos.cache.store import TAG_KEY_SECONDS, StoreSize, tag_key
from webos.cache.writer import WRITE_FAILURES, Writer

__all__ = ["HostStore"]

R = TypeVar("R")

_READERS: Final = 4
_REMEMBERED_BYTES: Final = 64 * 1024 * 1024


class HostStore:
    """A `CacheStore` in a folder.

    Args:
        folder: The folder; made where it is missing, made anew where it cannot be read.
        limit: Bytes that it may take.
        remembered: Bytes that this process may remember.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit: int,
        remembered: int = _REMEMBERED_BYTES,
    ) -> None:
        self._disk = _open(folder, limit)
        self._generations = Generations(folder / "generations")
        self._memory = Memory(self._generations, remembered)
        self._writer = Writer(self._disk, self._generations)
        self._quick = QuickReads()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="cache-reader")

    async def get(self, key: str) -> Stored | None:
        """Return what is kept under `key`; None where nothing is."""
        value = self._memory.get(key)
        if value is not None:
            return value
        if self._quick.allowed:
            try:
                with self._quick.watched(), self._disk.small_only():
                    return self._from_disk(key)
            except NotSmallError:
                pass
            except WRITE_FAILURES as error:
                raise _unavailable(error) from error
        return await self._read(partial(self._from_disk, key))

    def peek(self, key: str) -> Stored | None:
        """Return what this process remembers of `key`; None says nothing."""
        return self._memory.get(key)

    async def set(self, key: str, value: Stored, *, expire: float | None = None, tag: str | None = None) -> None:
        """Keep a value; when this returns, every process of the host reads it."""
        await self._write(partial(self._disk.set, key, value, expire, tag), key)

    async def set_if(
        self,
        key: str,
        value: Stored,
        *,
        unchanged: Mapping[str, Stored | None],
        expire: float | None = None,
        tag: str | None = None,
    ) -> bool:
        """Keep a value if others are what they were, and return whether it is kept."""
        return await self._write(partial(self._set_if, key, value, unchanged, expire, tag), key)

    async def add(self, key: str, value: Stored, *, expire: float | None = None, tag: str | None = None) -> bool:
        """Keep a value unless there is one, and return whether there was none."""
        return await self._write(partial(self._disk.add, key, value, expire, tag), key)

    async def incr(self, key: str, delta: int = 1, *, default: int = 0, expire: float | None = None) -> int:
        """Count up, from `default` where nothing is kept, and return the sum; `expire` counts from the first time."""

        def count() -> int:
            if not self._disk.add(key, default, expire, None) and isinstance((self._disk.get(key) or (0,))[0], bytes):
                msg = "what is kept there is no whole number, and cannot be counted up"
                raise UncacheableValueError(msg)
            return self._disk.incr(key, delta, default)

        return await self._write(count, key)

    async def delete(self, key: str) -> bool:
        """Forget a value and return whether there was one."""
        return await self._write(partial(self._disk.delete, key), key)

    async def evict(self, tag: str) -> int:
        """Forget everything with a tag, and return how many values that were."""
        slots = (Generations.slot(tag), Generations.slot(tag_key(tag)), EVICTIONS)
        return await _result(self._writer.submit(partial(self._evict, tag), slots, alone=True))

    async def clear(self, prefix: str = "") -> int:
        """Forget everything whose key begins with `prefix`, and return how many values that were."""
        return await _result(self._writer.submit(partial(self._disk.clear, prefix), ALL_SLOTS, alone=True))

    async def expire(self) -> int:
        """Forget what has ended, and return how many values that were."""
        return await _result(self._writer.submit(self._disk.expire, [], alone=True))

    async def size(self) -> StoreSize:
        """Return how much is kept."""
        values, taken = await self._read(self._disk.size)
        return StoreSize(values, taken, len(self._memory))

    async def close(self) -> None:
        """Write what waits and let go of everything."""
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._readers.shutdown)
        self._disk.close()
        self._generations.close()

    def get_now(self, key: str) -> Stored | None:
        """Return what is kept under `key`; None where nothing is."""
        value = self._memory.get(key)
        if value is not None:
            return value
        try:
            return self._from_disk(key)
        except WRITE_FAILURES as error:
            raise _unavailable(error) from error

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
        """Keep a value if others are what they were."""
        work = partial(self._set_if, key, value, unchanged, expire, tag)
        written = self._writer.submit(work, [Generations.slot(key)])
        if wait:
            written.result()

    def _set_if(
        self, key: str, value: Stored, unchanged: Mapping[str, Stored | None], expire: float | None, tag: str | None
    ) -> bool:
        for other, expected in unchanged.items():
            found = self._disk.get(other)
            if (None if found is None else found[0]) != expected:
                return False
        self._disk.set(key, value, expire, tag)
        return True

    def _evict(self, tag: str) -> int:
        self._disk.set(tag_key(tag), secrets.token_bytes(8), TAG_KEY_SECONDS, None)
        return self._disk.evict(tag)

    def _from_disk(self, key: str) -> Stored | None:
        mark: Mark = self._memory.mark(key)
        found: Found | None = self._disk.get(key)
        if found is None:
            return None
        value, ends, tag = found
        self._memory.keep(key, value, mark=mark, ends=ends, tag=tag)
        return value

    async def _read(self, work: Callable[[], R]) -> R:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)
        except (*WRITE_FAILURES, RuntimeError) as error:
            raise _unavailable(error) from error

    async def _write(self, work: Callable[[], R], key: str) -> R:
        return await _result(self._writer.submit(work, [Generations.slot(key)]))


async def _result(future: "Future[R]") -> R:
    # A write that has begun goes on when nobody waits for it any more; only its result is dropped.
    return await asyncio.shield(asyncio.wrap_future(future))


def _unavailable(error: Exception) -> CacheUnavailableError:
    return CacheUnavailableError(f"the cache could not be read: {type(error).__name__}")


def _open(folder: Path, limit: int) -> DiskCache:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return DiskCache(folder, limit)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise _unavailable(error) from error
        logger.warning("the cache in {} cannot be read and is made anew: {}", folder, error)
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        return DiskCache(folder, limit)
