"""How far a task has come: told as often as the task likes, written a few times a second."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger
from pymongo.errors import PyMongoError

__all__ = ["ProgressReporter", "one_line", "percent_of_chain"]

_INTERVAL = 0.2
# What fits into a number of the database, and of a browser.
_MOST = 2**53
_LONGEST_LINE = 300


class ProgressReporter:
    """Writes the latest progress at once, and after that at most five times a second until there is no news.

    Args:
        write: Writes attributes of the task's record.
        place: Which step of a chain it is, from 0, and how many there are: the percentage is that of the chain.

    Attributes:
        latest: All that was reported last, written or not.
    """

    def __init__(self, write: Callable[[dict[str, Any]], Awaitable[object]], place: tuple[int, int] = (0, 1)) -> None:
        self._place = place
        self.latest: dict[str, Any] = {}
        self._write = write
        self._is_news = False
        self._writer: asyncio.Task[None] | None = None

    def report(self, done: int, total: int | None, message: str | None) -> None:
        """Take note of progress.

        Args:
            done: How many steps are done.
            total: How many steps there are; None where that is not known.
            message: What is being done; None leaves it as it is.
        """
        percent = percent_of_chain(min(100.0, 100.0 * done / total) if total else None, *self._place)
        self.latest |= {"done": min(done, _MOST), "total": None if total is None else min(total, _MOST)}
        self.latest["percent"] = percent
        if message is not None:
            self.latest["message"] = one_line(message)
        self._is_news = True
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_news(), name="task progress")

    async def close(self) -> None:
        """End writing; what is not written yet is in `latest`."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write_news(self) -> None:
        while self._is_news:
            self._is_news = False
            try:
                await self._write(dict(self.latest))
            except PyMongoError as error:
                # Progress is not worth failing the task; newer news will come.
                logger.debug("progress could not be written: {}", type(error).__name__)
            await asyncio.sleep(_INTERVAL)


def percent_of_chain(percent: float | None, step: int, steps: int) -> float | None:
    """Return how much of a chain is done.

    Args:
        percent: How much of the step is done; None where that is not known.
        step: Which step it is, from 0.
        steps: How many there are.
    """
    if percent is None and steps == 1:
        return None
    return round((100.0 * step + (percent or 0.0)) / steps, 1)


def one_line(text: str) -> str:
    """Return `text` as one line of bounded length that every database takes."""
    return " ".join(text.split())[:_LONGEST_LINE].encode("utf-8", "replace").decode("utf-8")
