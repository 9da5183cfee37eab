"""Reading small values without a thread, as long as the disk is quick."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["QuickReads"]

_SLOW_SECONDS: Final = 0.005
_AVOIDED_SECONDS: Final = 30.0


class QuickReads:
    """Whether reads may be done on the event loop: going to a thread and back takes several times as long as they do.

    One read that takes longer than 5 ms sends all that follow to threads for half a minute.
    """

    def __init__(self) -> None:
        self._avoided_until = 0.0

    @property
    def allowed(self) -> bool:
        """Whether the last reads were quick."""
        return time.monotonic() >= self._avoided_until

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Measure a read."""
        started = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            if now - started > _SLOW_SECONDS:
                self._avoided_until = now + _AVOIDED_SECONDS
