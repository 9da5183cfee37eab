"""The event bus of one application, in its process."""

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loguru import logger

from webos.events.envelope import EventEnvelope, seal
from webos.events.identity import UserLoader, no_users
from webos.events.route import Route
from webos.events.route_table import RouteTable
from webos.events.subscription import Handler, Subscription
from webos.events.topic import check_pattern
from webos.kernel.context import ctx_trace_id, ctx_user, new_trace_id
from webos.kernel.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pymongo.asynchronous.client_session import AsyncClientSession

    from webos.events.durable.outbox import Outbox

__all__ = ["EventBus"]

# How long a handler that was cancelled may take to end.
_LAST_SECONDS = 1.0


class EventBus:
    """Takes events and hands each to every subscriber of its topic.

    Each subscriber has a queue and a worker of its own: it gets its events in order, one at a time, as the user and
    under the trace of the emitter, and what it raises touches nobody else. Events wait until `start`.

    Args:
        load_user: Finds the user of an event that came from elsewhere with his id only.
        limit: How many events wait for one subscriber before `emit` waits.
        outbox: Takes the events that are emitted in transactions.

    Attributes:
        payloads: The payloads that modules declare.
    """

    def __init__(
        self, load_user: UserLoader | None = None, *, limit: int = 1024, outbox: "Outbox | None" = None
    ) -> None:
        self._table = RouteTable()
        self.payloads = self._table.payloads
        # The same dictionary: a look for each event should cost no more than that.
        self._routes = self._table.routes
        self._outbox = outbox
        self._load_user = load_user or no_users
        self._limit = limit
        self._running = False
        self._closed = False
        self._drains: list[asyncio.Event] = []
        self._ending: set[Subscription] = set()
        self._id_prefix = os.urandom(10).hex()
        self._emitted = 0

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, in the order in which they were made."""
        return tuple(self._table.subscriptions)

    @property
    def durable_subscriptions(self) -> Mapping[str, Subscription]:
        """One subscription of each durable subscriber by its key, as they are at any time."""
        return self._table.durable

    @property
    def sources(self) -> dict[str, set[str]]:
        """The modules that have emitted a topic since the process started, by topic."""
        return self._table.sources()

    def declare(self, topic: str, model: "type[BaseModel]", owner: str) -> None:
        """Hold every later event of `topic` to a payload model.

        Args:
            topic: `entity:action`.
            model: A Pydantic model.
            owner: Module that declares it.

        Raises:
            ConfigurationError: Another module has declared the topic.
        """
        self.payloads.declare(topic, model, owner)
        self._routes.clear()

    def subscribe(
        self, topic_pattern: str, handler: Handler, *, name: str | None = None, owner: str = "", durable: bool = False
    ) -> Subscription:
        """Call `handler` for every later event whose topic matches.

        A durable subscriber gets each durable event once, in one of all processes, also when it was away meanwhile.
        Any other is told of it in every process that has it, while it has it.

        Args:
            topic_pattern: `users:created`, `users:*`, `*:created`, or `*` for every event.
            handler: An async function, or a plain one, which then runs in a thread.
            name: Name for logs and lists; that of the function where None.
            owner: Module that subscribes.
            durable: Whether durable events are kept for it. Owner and name are what all processes know it by; a
                handler of several patterns has one name.

        Raises:
            InvalidTopicError: The pattern has another form.
            ConfigurationError: A durable subscriber needs an owner.
        """
        if durable and not owner:
            msg = f"a durable subscriber to {topic_pattern} needs an owner"
            raise ConfigurationError(msg)
        check_pattern(topic_pattern)
        subscription = Subscription(
            topic_pattern,
            handler,
            name=name or _name_of(handler),
            owner=owner,
            limit=self._limit,
            load_user=self._load_user,
            on_idle=self._on_idle,
            durable=durable,
        )
        self._table.add(subscription)
        if self._running:
            subscription.start()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Send no more events to `subscription`; what waits for it already is still handled."""
        if self._table.remove(subscription):
            subscription.end()
            if subscription.pending:
                self._ending.add(subscription)

    def unsubscribe_owner(self, owner: str) -> None:
        """Send no more events to any subscription of the module `owner`."""
        for subscription in [each for each in self._table.subscriptions if each.owner == owner]:
            self.unsubscribe(subscription)
        self.payloads.withdraw(owner)
        self._routes.clear()

    async def emit(
        self,
        topic: str,
        payload: "dict[str, Any] | BaseModel | None" = None,
        *,
        source: str = "",
        session: "AsyncClientSession | None" = None,
    ) -> EventEnvelope:
        """Tell every subscriber of `topic`; waits only while one of their queues is full.

        Args:
            topic: `entity:action`.
            payload: What happened; JSON-able, or a Pydantic model. It is not to be changed afterwards below its first
                level.
            source: Module that emits.
            session: Transaction to which the event belongs. It is sent if that is committed, and then survives the
                end of this process: each durable subscriber gets it at least once.

        Returns:
            The envelope that was sent.

        Raises:
            InvalidTopicError: The topic is not `entity:action`.
            InvalidPayloadError: The payload is not what a module has declared for the topic.
            InvalidInputError: The payload of an event with a session is not JSON.
            UnavailableError: The bus was stopped.
        """
        route = self._routes.get(topic)
        if route is None:
            route = self._route(topic)
        if source not in route.sources:
            route.sources.add(source)
        if payload is None:
            payload = {}
        if route.is_typed or type(payload) is not dict:
            payload = self.payloads.checked(topic, payload)
        user = ctx_user.get(None)
        envelope = seal(
            topic,
            payload.copy(),
            source,
            ctx_trace_id.get("") or new_trace_id(),
            f"{self._id_prefix}{self._emitted}",
            None if user is None else user.id,
            getattr(user, "key_id", ""),
        )
        self._emitted += 1
        if session is not None:
            await self._add_to_outbox(envelope, session)
        elif route.mailboxes:
            delivery = (envelope, user)
            for mailbox in route.mailboxes:
                # What `put_now` does: a call less, for each subscriber of each event.
                items = mailbox.items
                if len(items) >= mailbox.limit:
                    await mailbox.put(delivery)
                    continue
                items.append(delivery)
                if mailbox.sleeper is not None:
                    mailbox.announce()
        return envelope

    async def deliver(self, envelope: EventEnvelope) -> None:
        """Hand on an event that was emitted elsewhere; its user is loaded by his id.

        Args:
            envelope: The event.

        Raises:
            UnavailableError: The bus was stopped.
        """
        for mailbox in self._route(envelope.topic).mailboxes:
            await mailbox.put((envelope, None))

    async def show(self, envelope: EventEnvelope) -> None:
        """Tell those of a durable event who get it only while they are there; its user is loaded by his id."""
        if not self._closed:
            for mailbox in self._route(envelope.topic).passing:
                await mailbox.put((envelope, None))

    async def start(self) -> None:
        """Begin to handle events, those that wait already first."""
        self._running = True
        self._closed = False
        for subscription in self._table.subscriptions:
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
        for subscription in [*self._table.subscriptions, *self._ending]:
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

    def _route(self, topic: str) -> Route:
        if self._closed:
            msg = "the event bus has stopped"
            raise UnavailableError(msg)
        return self._table.find(topic)

    async def _add_to_outbox(self, envelope: EventEnvelope, session: "AsyncClientSession") -> None:
        if self._outbox is None:
            msg = "this bus has no outbox: events cannot be emitted in a transaction"
            raise ConfigurationError(msg)
        await self._outbox.add(envelope, session)

    def _on_idle(self) -> None:
        if self._ending:
            self._ending = {each for each in self._ending if each.pending}
        if self._drains and not any(each.pending for each in (*self._table.subscriptions, *self._ending)):
            for drained in self._drains:
                drained.set()


def _name_of(handler: Handler) -> str:
    return getattr(handler, "__qualname__", None) or type(handler).__qualname__
