"""What to do while the database is away: wait for it, within bounds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pymongo.errors import ConnectionFailure, PyMongoError

from webos.kernel.errors import UnavailableError

__all__ = ["TryLaterError", "is_outage", "persistently"]

T = TypeVar("T")

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


class TryLaterError(UnavailableError):
    """A task cannot go on at the moment and wants to be started again.

    Args:
        message: Why.
        delay: Seconds after which it is started again.
    """

    code = "webos.try_later"

    def __init__(self, message: str = "", *, delay: float = 1.0) -> None:
        super().__init__(message)
        self.delay = delay


def is_outage(error: BaseException) -> bool:
    """Return whether an error passes by itself: the same work may succeed a little later."""
    if isinstance(error, PyMongoError):
        passing = error.has_error_label("RetryableWriteError") or error.has_error_label("TransientTransactionError")
        return isinstance(error, ConnectionFailure) or error.timeout or passing
    return isinstance(error, UnavailableError)


async def persistently(action: Callable[[], Awaitable[T]], *, seconds: float) -> T:
    """Return what `action` returns, and repeat it while the database is away.

    Args:
        action: What to do; it must not matter whether it is done once or twice.
        seconds: After how long no more repetition begins. The error of the last one is raised.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        try:
            return await action()
        except PyMongoError as error:
            if not is_outage(error) or time.monotonic() + pause > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
