"""A job that runs beside the application and is ended with it."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from loguru import logger

__all__ = ["BackgroundJob"]


class BackgroundJob:
    """Runs a coroutine while the block lasts; what it raises is logged and harms nobody.

    Args:
        name: Name for logs.
        work: Starts the job.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._work = work
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            await self._work()
        except Exception:  # noqa: BLE001 - the application runs without it
            logger.exception("the job “{}” failed", self._name)
