"""One computation for many who ask for the same at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["Flights"]

R = TypeVar("R")

_ctx_computing: ContextVar[frozenset[str]] = ContextVar("cache_computing", default=frozenset())


class Flights:
    """The computations of a process that are on their way, by key."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def run(self, key: str, compute: Callable[[], Awaitable[R]]) -> R:
        """Return what `compute` returns, or what somebody computes under the same key already.

        A computation goes on when those who asked for it have gone. One that asks for itself is not made to wait for itself.

        Args:
            key: What is computed.
            compute: Computes it, as whoever asked first.
        """
        computing = _ctx_computing.get()
        if key in computing:
            return await compute()
        task: asyncio.Task[R] | None = self._running.get(key)
        if task is None:
            token = _ctx_computing.set(computing | {key})
            try:
                task = asyncio.create_task(_of(compute), name=f"cache {key}")
            finally:
                _ctx_computing.reset(token)
            self._running[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """End all computations."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: str, task: asyncio.Task[Any]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()


async def _of(compute: Callable[[], Awaitable[R]]) -> R:
    return await compute()
