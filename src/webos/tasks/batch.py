"""Doing together what many ask for at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

__all__ = ["Batch"]

T = TypeVar("T")
R = TypeVar("R")


class Batch(Generic[T, R]):
    """Hands on items at once, and those that come while that is under way together as soon as it is done.

    Nothing waits for company: with one caller at a time every batch has one item.

    Args:
        handle: Handles a batch in order, and returns what to return for each item.
        concerns_all: Whether an error concerns the whole batch. After any other, each item is handled alone, so that
            one that cannot be handled harms no other.
    """

    def __init__(
        self, handle: Callable[[list[T]], Awaitable[list[R]]], *, concerns_all: Callable[[Exception], bool]
    ) -> None:
        self._handle = handle
        self._concerns_all = concerns_all
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, item: T) -> R:
        """Have `item` handled and return what came of it."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="batch")
        return await done

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._do(batch)
        finally:
            self._task = None

    async def _do(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._handle([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - it is raised where the items came from
            if len(batch) > 1 and not self._concerns_all(error):
                for each in batch:
                    await self._do([each])
                return
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
        else:
            for (_, done), result in zip(batch, results, strict=True):
                if not done.done():
                    done.set_result(result)
