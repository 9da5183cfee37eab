"""Where requests are counted: in the memory of the process, or in Redis for all processes together."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError as MissingPackageError
from limits.storage import storage_from_string
from loguru import logger

from webos.kernel.errors import ConfigurationError

__all__ = ["Count", "RateStore"]

_QUIET_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Count:
    """What is left to somebody.

    Attributes:
        allowed: Whether this request may go on.
        remaining: How many more may in this window.
        seconds: Until the window is over, at least 1.
    """

    allowed: bool
    remaining: int
    seconds: int


class RateStore:
    """Counts requests in a sliding window.

    While Redis does not answer nobody is limited, and the log says so: a limit is no reason to stand still.

    Args:
        url: `redis://...`, so that all processes count together; each for itself where None.
        clock: Seconds since 1970.
    """

    def __init__(self, url: str | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        storage = MemoryStorage() if url is None else _redis(url)
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._told = 0.0

    async def hit(self, limit: RateLimitItem, module: str, who: str) -> Count | None:
        """Count a request; None where nothing can be counted at the moment.

        Args:
            limit: The limit.
            module: Which module is asked.
            who: Who asks.
        """
        try:
            allowed = await self._limiter.hit(limit, module, who)
            stats = await self._limiter.get_window_stats(limit, module, who)
        except Exception as error:  # noqa: BLE001 - any storage's, of which the library has no common base
            self._tell(error)
            return None
        seconds = max(1, round(stats.reset_time - self._clock()))
        return Count(allowed, max(0, stats.remaining), seconds)

    def _tell(self, error: Exception) -> None:
        now = self._clock()
        if now - self._told >= _QUIET_SECONDS:
            self._told = now
            logger.warning("requests cannot be counted and are not limited: {}", type(error).__name__)


def _redis(url: str) -> Storage:
    try:
        found = storage_from_string(f"async+{url}", implementation="redispy")
    except MissingPackageError as error:
        msg = "WEBOS_RATE_LIMIT_STORE needs the package redis: pip install 'webos-framework[redis]'"
        raise ConfigurationError(msg) from error
    if not isinstance(found, Storage):
        msg = "the address of the store is not one of Redis"
        raise TypeError(msg)
    return found
