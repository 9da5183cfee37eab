"""The event bus of one application, in its process."""

import asyncio
import itertools
import os
from typing import Any
from uuid import UUID

from loguru import logger

from webos.events.envelope import EventEnvelope, seal
from webos.events.identity import UserLoader
from webos.events.mailbox import Mailbox
from webos.events.subscription import Delivery, Handler, Subscription
from webos.events.topic import check_pattern, check_topic, matches
from webos.kernel.context import User, ctx_trace_id, ctx_user, new_trace_id
from webos.kernel.errors import NotFoundError, UnavailableError

__all__ = ["EventBus"]

# Topics are few; should a module make them up without end, the memory for their routes stays bounded.
_MOST_ROUTES = 4096
# How long a handler that was cancelled may take to end.
_LAST_SECONDS = 1.0


class EventBus:
    """Takes events and hands each to every subscriber of its topic.

    Each subscriber has a queue and a worker of its own: it gets its events in order, one at a time, as the user and
    under the trace of the emitter, and what it raises touches nobody else. Events wait until `start`.

    Args:
        load_user: Finds the user of an event that came from elsewhere with his id only.
        limit: How many events wait for one subscriber before `emit` waits.
    """

    def __init__(self, load_user: UserLoader | None = None, *, limit: int = 1024) -> None:
        self._load_user = load_user or _no_users
        self._limit = limit
        self._subscriptions: list[Subscription] = []
        self._routes: dict[str, tuple[Mailbox[Delivery], ...]] = {}
        self._running = False
        self._closed = False
        self._drains: list[asyncio.Event] = []
        self._ending: set[Subscription] = set()
        self._id_prefix = os.urandom(10).hex()
        self._id_numbers = itertools.count()

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, in the order in which they were made."""
        return tuple(self._subscriptions)

    def subscribe(
        self, topic_pattern: str, handler: Handler, *, name: str | None = None, owner: str = ""
    ) -> Subscription:
        """Call `handler` for every later event whose topic matches.

        Args:
            topic_pattern: `users:created`, `users:*`, `*:created`, or `*` for every event.
            handler: An async function, or a plain one, which then runs in a thread.
            name: Name for logs and lists; that of the function where None.
            owner: Module that subscribes.

        Raises:
            InvalidTopicError: The pattern has another form.
        """
        check_pattern(topic_pattern)
        subscription = Subscription(
            topic_pattern,
            handler,
            name=name or _name_of(handler),
            owner=owner,
            limit=self._limit,
            load_user=self._load_user,
            on_idle=self._on_idle,
        )
        self._subscriptions.append(subscription)
        self._routes.clear()
        if self._running:
            subscription.start()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Send no more events to `subscription`; what waits for it already is still handled."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._routes.clear()
            subscription.end()
            if subscription.pending:
                self._ending.add(subscription)

    def unsubscribe_owner(self, owner: str) -> None:
        """Send no more events to any subscription of the module `owner`."""
        for subscription in [each for each in self._subscriptions if each.owner == owner]:
            self.unsubscribe(subscription)

    async def emit(self, topic: str, payload: dict[str, Any] | None = None, *, source: str = "") -> EventEnvelope:
        """Tell every subscriber of `topic`; waits only while one of their queues is full.

        Args:
            topic: `entity:action`.
            payload: What happened; JSON-able. It is not to be changed afterwards below its first level.
            source: Module that emits.

        Returns:
            The envelope that was sent.

        Raises:
            InvalidTopicError: The topic is not `entity:action`.
            UnavailableError: The bus was stopped.
        """
        mailboxes = self._routes.get(topic)
        if mailboxes is None:
            mailboxes = self._route(topic)
        user = ctx_user.get(None)
        envelope = seal(
            topic,
            payload.copy() if payload else {},
            source,
            ctx_trace_id.get("") or new_trace_id(),
            event_id=self._id_prefix + str(next(self._id_numbers)),
            user_id=None if user is None else user.id,
        )
        if mailboxes:
            delivery = (envelope, user)
            for mailbox in mailboxes:
                if not mailbox.put_now(delivery):
                    await mailbox.put(delivery)
        return envelope

    async def deliver(self, envelope: EventEnvelope) -> None:
        """Hand on an event that was emitted elsewhere; its user is loaded by his id.

        Args:
            envelope: The event.

        Raises:
            UnavailableError: The bus was stopped.
        """
        for mailbox in self._route(envelope.topic):
            await mailbox.put((envelope, None))

    async def start(self) -> None:
        """Begin to handle events, those that wait already first."""
        self._running = True
        self._closed = False
        for subscription in self._subscriptions:
            subscription.start()

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 - a deadline for the wait, not a cancellation
        """Wait until every event is handled, those that handlers emit meanwhile too.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether none is left.
        """
        drained = asyncio.Event()
        self._drains.append(drained)
        self._on_idle()
        try:
            async with asyncio.timeout(timeout):
                await drained.wait()
        except TimeoutError:
            return False
        finally:
            self._drains.remove(drained)
        return True

    async def stop(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - as in `drain`
        """Handle what waits, then take no more events. What is left after `timeout` is dropped and logged.

        Args:
            timeout: Seconds to wait at most.
        """
        if self._running:
            await self.drain(timeout)
        self._running = False
        self._closed = True
        self._routes.clear()
        workers: set[asyncio.Task[None]] = set()
        for subscription in [*self._subscriptions, *self._ending]:
            if subscription.pending:
                logger.error(
                    "{} events for {} were dropped: the bus has stopped", subscription.pending, subscription.name
                )
            worker = subscription.abandon()
            if worker is not None:
                workers.add(worker)
        self._ending.clear()
        if workers:
            await asyncio.wait(workers, timeout=_LAST_SECONDS)

    def _route(self, topic: str) -> tuple[Mailbox[Delivery], ...]:
        check_topic(topic)
        if self._closed:
            msg = "the event bus has stopped"
            raise UnavailableError(msg)
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        route = tuple(each.mailbox for each in self._subscriptions if matches(each.pattern, topic))
        self._routes[topic] = route
        return route

    def _on_idle(self) -> None:
        if self._ending:
            self._ending = {each for each in self._ending if each.pending}
        if self._drains and not any(each.pending for each in (*self._subscriptions, *self._ending)):
            for drained in self._drains:
                drained.set()


async def _no_users(user_id: UUID) -> User:
    msg = f"the bus was given no way to load the user {user_id}"
    raise NotFoundError(msg)


def _name_of(handler: Handler) -> str:
    return getattr(handler, "__qualname__", None) or type(handler).__qualname__
