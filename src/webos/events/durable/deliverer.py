"""Delivering what is due to the subscribers of this process."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context
from datetime import UTC, datetime
from uuid import uuid4

from loguru import logger
from pymongo.errors import PyMongoError

from webos.data.changes import Change, ChangeHub
from webos.events.durable.attempt import attempt
from webos.events.durable.delivery import DeliveryState, subscriber_of
from webos.events.durable.delivery_store import DeliveryStore
from webos.events.durable.subscribers import SubscriberStore
from webos.events.durable.turn import Turn
from webos.events.identity import UserLoader
from webos.events.subscription import Subscription

__all__ = ["Deliverer"]

_POLL_SECONDS = 2.0
_LOOK_AHEAD = 1000
_AT_ONCE = 32
_PAUSE_AFTER_AN_ERROR = 1.0


class Deliverer:
    """Calls handlers for what is due, one event after the other for each subscriber, over all processes.

    Args:
        deliveries: What is to be delivered.
        subscribers: Whose turn it is.
        changes: The process's change watcher.
        load_user: Returns the user with an id, with the permissions he has now.
        lease: Seconds after which another process goes on where this one was killed.
    """

    def __init__(
        self,
        deliveries: DeliveryStore,
        subscribers: SubscriberStore,
        changes: ChangeHub,
        load_user: UserLoader,
        *,
        lease: float,
    ) -> None:
        self._deliveries = deliveries
        self._subscribers = subscribers
        self._changes = changes
        self._load_user = load_user
        self._lease = lease
        self._owner = uuid4().hex
        self._subscriptions: Mapping[str, Subscription] = {}
        self._drains: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._stopping = False
        self._ignore: Callable[[], None] | None = None
        self._poller: asyncio.Task[None] | None = None

    def start(self, subscriptions: Mapping[str, Subscription]) -> None:
        """Begin to deliver.

        Args:
            subscriptions: The subscribers of this process by name; it may change while events are delivered.
        """
        self._subscriptions = subscriptions
        self._stopping = False
        self._ignore = self._changes.listen(self._deliveries.collection_name, self._on_change)
        self._poller = asyncio.get_running_loop().create_task(self._poll(), name="event deliveries", context=Context())

    async def stop(self, grace: float) -> None:
        """Deliver no more. A handler that does not end is interrupted; its event is delivered again.

        Args:
            grace: Seconds that running handlers have to end by themselves.
        """
        self._stopping = True
        if self._ignore is not None:
            self._ignore()
            self._ignore = None
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
            self._poller = None
        drains = set(self._drains.values())
        if drains:
            _, late = await asyncio.wait(drains, timeout=grace)
            for drain in late:
                drain.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def wake(self, subscriber: str) -> None:
        """Look for what is due for a subscriber."""
        if self._stopping or subscriber not in self._subscriptions:
            return
        self._again.add(subscriber)
        if subscriber not in self._drains:
            drain = asyncio.get_running_loop().create_task(
                self._drain(subscriber), name=f"events for {subscriber}", context=Context()
            )
            self._drains[subscriber] = drain
            drain.add_done_callback(lambda _: self._ended(subscriber))

    def _ended(self, subscriber: str) -> None:
        del self._drains[subscriber]
        if subscriber in self._again:
            self.wake(subscriber)

    def _on_change(self, change: Change) -> None:
        if change.document_id is None:
            for subscriber in list(self._subscriptions):
                self.wake(subscriber)
        elif change.operation == "insert" or "replayed_at" in change.fields:
            self.wake(subscriber_of(change.document_id))

    async def _poll(self) -> None:
        while True:
            with suppress(PyMongoError):
                for subscriber in await self._deliveries.subscribers_with_due(list(self._subscriptions)):
                    self.wake(subscriber)
            await asyncio.sleep(_POLL_SECONDS)

    async def _drain(self, subscriber: str) -> None:
        try:
            async with Turn(self._subscribers, subscriber, self._owner, self._lease) as turn:
                while turn.is_ours and not self._stopping and subscriber in self._again:
                    self._again.discard(subscriber)
                    await self._deliver_due(subscriber, turn)
            if turn.was_granted:
                await self._wake_when_due(subscriber)
            else:
                # Who has the turn was told of the same news; should it be killed, the poll finds what is left.
                self._again.discard(subscriber)
        except PyMongoError as error:
            logger.warning("events for {} wait: {}", subscriber, type(error).__name__)
            await asyncio.sleep(_PAUSE_AFTER_AN_ERROR)
        except Exception:  # noqa: BLE001 - the next look must find the process able to deliver
            logger.exception("delivering events to {} failed", subscriber)
            await asyncio.sleep(_PAUSE_AFTER_AN_ERROR)

    async def _deliver_due(self, subscriber: str, turn: Turn) -> None:
        while ids := await self._deliveries.due_ids(subscriber, _LOOK_AHEAD):
            for first in range(0, len(ids), _AT_ONCE):
                for delivery in await self._deliveries.get_many(ids[first : first + _AT_ONCE]):
                    subscription = self._subscriptions.get(subscriber)
                    if not turn.is_ours or self._stopping or subscription is None:
                        return
                    if delivery.state is DeliveryState.WAITING:
                        await attempt(delivery, subscription, self._deliveries, self._load_user)

    async def _wake_when_due(self, subscriber: str) -> None:
        due = await self._deliveries.next_due(subscriber)
        if due is None or self._stopping:
            return
        delay = max(0.0, (due - datetime.now(UTC)).total_seconds())
        # A longer wait is left to the poll, so that timers do not pile up.
        if delay < _POLL_SECONDS:
            timer = asyncio.get_running_loop().call_later(delay + 0.01, self.wake, subscriber)
            self._timers = {each for each in self._timers if not each.cancelled() and each.when() > _clock()} | {timer}


def _clock() -> float:
    return asyncio.get_running_loop().time()
