"""The bounded queue in front of one subscriber."""

import asyncio
from collections import deque
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

__all__ = ["Mailbox"]

T = TypeVar("T")
_serving: ContextVar["Mailbox[Any]"] = ContextVar("mailbox")


class Mailbox(Generic[T]):
    """First in, first out, and bounded: `put` waits while it is full, and who waited longest comes in first.

    A handler that puts into its own full mailbox, or into one that in turn waits for it, would wait for ever.
    That put alone is let in over the limit.

    Args:
        limit: How many items wait at most.

    Attributes:
        items: What came in. The worker leaves the first one there while it handles it, so that it counts.
        waits_for: Full mailboxes into which the handler of this one is putting something.
        limit: How many items wait at most.
        blocked: Items that wait for room, each with a future for the end of that.
        sleeper: What the worker waits for while there is no item; None while it works.
    """

    __slots__ = ("blocked", "items", "limit", "sleeper", "waits_for")

    def __init__(self, limit: int) -> None:
        self.items: deque[T] = deque()
        self.waits_for: list[Mailbox[T]] = []
        self.limit = limit
        self.blocked: deque[tuple[asyncio.Future[None], T]] = deque()
        self.sleeper: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self.items) + len(self.blocked)

    def serve(self) -> None:
        """Declare that what runs in this context from now on is the handler of this mailbox."""
        _serving.set(self)

    def put_now(self, item: T) -> bool:
        """Take `item` if that needs no waiting, and return whether it was taken."""
        items = self.items
        if len(items) >= self.limit:
            return False
        items.append(item)
        if self.sleeper is not None:
            self.announce()
        return True

    async def put(self, item: T) -> None:
        """Take `item` as soon as there is room for it."""
        if self.put_now(item):
            return
        origin = _serving.get(None)
        if origin is None:
            await self._wait_for_room(item)
        elif self._leads_to(origin):
            self.items.append(item)
            self.announce()
        else:
            origin.waits_for.append(self)
            try:
                await self._wait_for_room(item)
            finally:
                origin.waits_for.remove(self)

    async def arrival(self) -> None:
        """Wait until there is an item. One worker waits at a time."""
        if not self.items:
            self.sleeper = asyncio.get_running_loop().create_future()
            try:
                await self.sleeper
            finally:
                self.sleeper = None

    def close(self, error: Exception) -> None:
        """Drop all items and raise `error` in every `put` that waits."""
        self.items.clear()
        while self.blocked:
            future, _ = self.blocked.popleft()
            if not future.done():
                future.set_exception(error)

    def announce(self) -> None:
        """Wake the worker that waits for an item."""
        if self.sleeper is not None and not self.sleeper.done():
            self.sleeper.set_result(None)

    async def _wait_for_room(self, item: T) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (future, item)
        self.blocked.append(entry)
        try:
            await future
        except asyncio.CancelledError:
            if entry in self.blocked:
                self.blocked.remove(entry)
            raise

    def let_in(self) -> None:
        """Let in those that wait while there is room."""
        while self.blocked and len(self.items) < self.limit:
            future, item = self.blocked.popleft()
            if not future.done():
                self.items.append(item)
                future.set_result(None)

    def _leads_to(self, origin: "Mailbox[T]") -> bool:
        """Return whether this mailbox empties only when `origin` does."""
        seen: set[int] = set()
        reached = [self]
        while reached:
            mailbox = reached.pop()
            if mailbox is origin:
                return True
            if id(mailbox) not in seen:
                seen.add(id(mailbox))
                reached.extend(mailbox.waits_for)
        return False
