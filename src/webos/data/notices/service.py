"""Keeping what users are told, without making the teller wait, and saying in every process that there is news."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from loguru import logger
from pymongo.errors import PyMongoError

from webos.data.changes import Change, ChangeHub
from webos.data.notices.notice import Notice, notice_id, owner_of
from webos.data.notices.store import COLLECTION, NoticeStore
from webos.kernel.context import ANONYMOUS, SYSTEM
from webos.kernel.messenger import Notification

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["NewsListener", "NoticeService"]

NewsListener = Callable[[UUID | None, str | None], None]
"""Called with whose notices have changed and with the id of a new one; with None, None after a gap."""

_MOST_WAITING = 10_000
_MOST_AT_ONCE = 500
_MOST_REMEMBERED = 2000
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_FAREWELL_SECONDS = 2.0


class NoticeService:
    """The notification centre: keeps the newest notices of each user, and nobody else's.

    Args:
        database: The database, without the guard.
        changes: The process's change watcher.
        days: How long a notice is kept.

    Attributes:
        store: Where they are kept.
    """

    def __init__(self, database: "AsyncDatabase[dict[str, Any]]", changes: ChangeHub, *, days: int) -> None:
        self.store = NoticeStore(database, timedelta(days=days))
        self._changes = changes
        self._waiting: deque[Notice] = deque()
        self._news = asyncio.Event()
        self._stored = asyncio.Event()
        self._own: OrderedDict[str, None] = OrderedDict()
        self._listeners: list[NewsListener] = []
        self._ignore: Callable[[], None] | None = None
        self._last = datetime.min.replace(tzinfo=UTC)
        self._writer: asyncio.Task[None] | None = None

    def post(self, notification: Notification, *, is_read: bool = False, key: str = "") -> None:
        """Keep a notification; it is stored soon after this returns. To be called on the event loop.

        Args:
            notification: What a person is told; what the system or a visitor is told is not kept.
            is_read: Whether he sees it this moment.
            key: What it is about: the first with a key stays, in whatever process it was posted.
        """
        if notification.user_id in {SYSTEM.id, ANONYMOUS.id}:
            return
        if len(self._waiting) >= _MOST_WAITING:
            logger.warning("a notification is not kept: {} others wait for the database", len(self._waiting))
            return
        notice = Notice(
            id=notice_id(notification.user_id, key),
            user_id=notification.user_id,
            severity=notification.severity,
            message=notification.message,
            detail=notification.detail,
            link=notification.link,
            at=self._next_moment(),
            is_read=is_read,
        )
        self._own[notice.id] = None
        while len(self._own) > _MOST_REMEMBERED:
            self._own.popitem(last=False)
        self._waiting.append(notice)
        self._stored.clear()
        self._news.set()

    def _next_moment(self) -> datetime:
        # The database keeps milliseconds, and several that fall into one would lose their order.
        self._last = max(datetime.now(UTC), self._last + timedelta(milliseconds=1))
        return self._last

    def subscribe(self, listener: NewsListener) -> None:
        """Call `listener` on the event loop with every change, of this process and of others; it must be quick."""
        self._listeners.append(listener)

    def is_own(self, identity: str) -> bool:
        """Return whether this process has posted the notice, and so has shown it already."""
        return identity in self._own

    async def start(self) -> None:
        """Prepare the database, and begin to store and to watch."""
        await self.store.prepare()
        self._ignore = self._changes.listen(COLLECTION, self._on_change)
        self._writer = asyncio.create_task(self._write(), name="notices writer")

    async def stop(self) -> None:
        """Store what waits, if the database answers, and end."""
        if self._ignore is not None:
            self._ignore()
            self._ignore = None
        writer, self._writer = self._writer, None
        if writer is None:
            return
        if self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stored.wait(), _FAREWELL_SECONDS)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)

    async def _write(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            await self._news.wait()
            batch = [self._waiting[index] for index in range(min(len(self._waiting), _MOST_AT_ONCE))]
            if not batch:
                self._news.clear()
                self._stored.set()
                continue
            try:
                await self.store.add(batch)
            except PyMongoError as error:
                logger.warning("notifications wait for the database: {}", type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            for _ in batch:
                self._waiting.popleft()

    def _on_change(self, change: Change) -> None:
        user_id = owner_of(change.document_id) if change.document_id is not None else None
        if user_id is None and change.document_id is not None:
            return
        new = str(change.document_id) if change.operation == "insert" else None
        for listener in self._listeners:
            listener(user_id, new)
