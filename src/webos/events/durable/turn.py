"""A process's turn to deliver to one subscriber."""

import asyncio
import time
from types import TracebackType
from typing import Self

from pymongo.errors import PyMongoError

from webos.events.durable.subscribers import SubscriberStore

__all__ = ["Turn"]


class Turn:
    """Holds the lease of a subscriber while the block lasts, if it is granted, and renews it.

    Args:
        subscribers: Where the lease is.
        subscriber: The subscriber.
        owner: This process.
        seconds: Length of the lease.

    Attributes:
        was_granted: Whether the turn was ours when the block began.
        is_ours: Whether it is now.
    """

    def __init__(self, subscribers: SubscriberStore, subscriber: str, owner: str, seconds: float) -> None:
        self._subscribers = subscribers
        self._subscriber = subscriber
        self._owner = owner
        self._seconds = seconds
        self._keeper: asyncio.Task[None] | None = None
        self._ends = 0.0
        self.was_granted = False
        self.is_ours = False

    async def __aenter__(self) -> Self:
        await self._renew()
        self.was_granted = self.is_ours
        if self.is_ours:
            self._keeper = asyncio.create_task(self._keep(), name=f"turn of {self._subscriber}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper is None:
            return
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        if self.is_ours:
            try:
                await self._subscribers.release(self._subscriber, self._owner)
            except PyMongoError:
                # It runs out by itself.
                self.is_ours = False

    async def _renew(self) -> None:
        began = time.monotonic()
        self.is_ours = await self._subscribers.acquire(self._subscriber, self._owner, self._seconds)
        self._ends = began + self._seconds

    async def _keep(self) -> None:
        while self.is_ours:
            await asyncio.sleep(self._seconds / 3)
            try:
                await self._renew()
            except PyMongoError:
                self.is_ours = time.monotonic() < self._ends
