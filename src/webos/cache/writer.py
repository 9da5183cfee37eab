"""One thread that writes: what waits is written together, so that many writes cost one commit."""

import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from diskcache_community import Timeout
from loguru import logger

from webos.cache.disk import DiskCache
from webos.cache.errors import CacheUnavailableError
from webos.cache.generations import Generations

__all__ = ["WRITE_FAILURES", "Writer"]

R = TypeVar("R")

WRITE_FAILURES: Final = (sqlite3.Error, OSError, Timeout)
"""What a full, broken or missing disk raises."""

_TOGETHER: Final = 500


@dataclass(slots=True)
class _Write:
    work: Callable[[], Any]
    slots: set[int]
    alone: bool
    done: Future[Any] = field(default_factory=Future)


class Writer:
    """Writes to the disk, one after the other.

    Args:
        disk: Where to.
        generations: Told of each write before and after it.
    """

    def __init__(self, disk: DiskCache, generations: Generations) -> None:
        self._disk = disk
        self._generations = generations
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="cache-writer", daemon=True)
        self._closed = threading.Event()
        self._thread.start()

    def submit(self, work: Callable[[], R], slots: Iterable[int], *, alone: bool = False) -> Future[R]:
        """Let `work` be done after what waits already.

        Args:
            work: Writes to the disk and returns the result.
            slots: What it changes.
            alone: Whether it is a transaction of its own, or several: for what takes long.

        Returns:
            The result, once it is written.

        Raises:
            CacheUnavailableError: The cache is closed.
        """
        if self._closed.is_set():
            msg = "the cache is closed"
            raise CacheUnavailableError(msg)
        write = _Write(work, set(slots), alone)
        self._queue.put(write)
        return write.done

    def close(self) -> None:
        """Write what waits, then end. Blocks."""
        self._closed.set()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        going_on = True
        while going_on:
            batch, going_on = self._take()
            for group in _groups(batch):
                self._write(group)
        self._disk.close()

    def _take(self) -> tuple[list[_Write], bool]:
        batch: list[_Write] = []
        while len(batch) < _TOGETHER and not (batch and self._queue.empty()):
            write = self._queue.get()
            if write is None:
                return batch, False
            batch.append(write)
        return batch, True

    def _write(self, group: list[_Write]) -> None:
        slots = set().union(*(write.slots for write in group))
        self._generations.begin(slots)
        try:
            results = self._together(group)
        finally:
            self._generations.renew(slots)
        for write, result in zip(group, results, strict=True):
            if write.done.cancelled():
                continue
            if isinstance(result, Exception):
                write.done.set_exception(result)
            else:
                write.done.set_result(result)

    def _together(self, group: list[_Write]) -> list[Any]:
        if group[0].alone:
            return [self._one(group[0])]
        try:
            with self._disk.transact():
                return [_result(write) for write in group]
        except WRITE_FAILURES as error:
            logger.warning("the cache could not be written: {}: {}", type(error).__name__, error)
            return [_unavailable(error) for _ in group]

    def _one(self, write: _Write) -> Any:  # noqa: ANN401 - the result of the work
        try:
            return _result(write)
        except WRITE_FAILURES as error:
            logger.warning("the cache could not be written: {}: {}", type(error).__name__, error)
            return _unavailable(error)


def _result(write: _Write) -> Any:  # noqa: ANN401 - the result of the work
    try:
        return write.work()
    except WRITE_FAILURES:
        raise
    except Exception as error:  # noqa: BLE001 - belongs to the one who asked, not to the others in the transaction
        return error


def _groups(batch: list[_Write]) -> list[list[_Write]]:
    groups: list[list[_Write]] = []
    for write in batch:
        if write.alone or not groups or groups[-1][0].alone:
            groups.append([write])
        else:
            groups[-1].append(write)
    return groups


def _unavailable(error: Exception) -> CacheUnavailableError:
    return CacheUnavailableError(f"the cache could not be written: {type(error).__name__}")
