"""Handing on the events of the outbox: one delivery for each subscriber that wants one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context

from loguru import logger
from pymongo.errors import PyMongoError

from webos.data.changes import Change, ChangeHub
from webos.events.durable.delivery_store import DeliveryStore
from webos.events.durable.outbox import Outbox
from webos.events.durable.subscribers import SubscriberStore
from webos.events.envelope import EventEnvelope

__all__ = ["Relay"]

_AT_ONCE = 256
_POLL_SECONDS = 2.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class Relay:
    """Looks into the outbox when it changes, and from time to time, and makes deliveries of what is there.

    Every process has one and may do the same work at the same time: a delivery can be made once only. An event leaves
    the outbox after its deliveries are stored.

    Args:
        outbox: The events.
        deliveries: Where deliveries are made.
        subscribers: All subscribers, also those of modules that do not run here.
        changes: The process's change watcher.
        show: Called with each event when it is seen; for those who only want to know of it while they are there.
    """

    def __init__(
        self,
        outbox: Outbox,
        deliveries: DeliveryStore,
        subscribers: SubscriberStore,
        changes: ChangeHub,
        show: Callable[[EventEnvelope], Awaitable[None]],
    ) -> None:
        self._outbox = outbox
        self._deliveries = deliveries
        self._subscribers = subscribers
        self._changes = changes
        self._show = show
        self._news = asyncio.Event()
        self._seen: list[str] = []
        self._ignore: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to hand on."""
        if self._task is None:
            self._ignore = self._changes.listen(self._outbox.collection_name, self._on_change)
            self._news.set()
            self._task = asyncio.get_running_loop().create_task(self._work(), name="event relay", context=Context())

    async def stop(self) -> None:
        """Hand on no more; what is left is handed on elsewhere or after the next start."""
        if self._ignore is not None:
            self._ignore()
            self._ignore = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _on_change(self, change: Change) -> None:
        if change.operation in {"insert", "resync"}:
            if change.document_id is not None:
                self._seen.append(change.document_id)
            self._news.set()

    async def _work(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            self._news.clear()
            try:
                full = await self._hand_on()
                await self._show_seen()
                pause = _FIRST_PAUSE
            except PyMongoError as error:
                logger.warning("the outbox of events cannot be read, trying again: {}", type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            except Exception:  # noqa: BLE001 - without the relay no durable event would be delivered any more
                logger.exception("handing on events failed, trying again")
                await asyncio.sleep(_LONGEST_PAUSE)
                continue
            if not full:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._news.wait()

    async def _hand_on(self) -> bool:
        """Make deliveries of what waits, and return whether there may be more."""
        events = await self._outbox.pending(_AT_ONCE)
        if not events:
            return False
        # Read each time: a process with newer modules may have added one a moment ago.
        subscribers = await self._subscribers.all()
        await self._deliveries.add(
            (event, subscriber.name)
            for event in events
            for subscriber in subscribers
            if subscriber.wants(event["topic"])
        )
        await self._outbox.settle(event["_id"] for event in events)
        return len(events) == _AT_ONCE

    async def _show_seen(self) -> None:
        seen, self._seen = self._seen, []
        for envelope in await self._outbox.get_many(seen) if seen else []:
            await self._show(envelope)
