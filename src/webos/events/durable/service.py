"""The durable events of one application: their life, their dead letters, and the catalogue of topics."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

from webos.data.changes import ChangeHub
from webos.events.bus import EventBus
from webos.events.catalogue import TopicInfo, catalogue
from webos.events.durable.deliverer import Deliverer
from webos.events.durable.delivery import DeliveryState, EventDelivery
from webos.events.durable.delivery_store import DeliveryStore
from webos.events.durable.outbox import Outbox
from webos.events.durable.relay import Relay
from webos.events.durable.subscribers import Subscriber, SubscriberStore
from webos.events.emissions import written_topics
from webos.events.identity import UserLoader
from webos.kernel.context import demand
from webos.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["MANAGE_EVENTS", "EventService"]

MANAGE_EVENTS = "admin.events"
"""Permission to see events, and to have them delivered again."""

_OUTBOX = "webos_outbox"
_DELIVERIES = "webos_event_deliveries"
_SUBSCRIBERS = "webos_event_subscribers"


class EventService:
    """Durable events, in this process and in any other on the same database.

    Args:
        database: Where they are kept, without the guard.
        changes: The process's change watcher.
        load_user: Returns the user with an id, with the permissions he has now; raises where he may not act.
        lease: Seconds after which another process goes on where one was killed.

    Attributes:
        bus: The event bus of the application, which takes durable events too.
    """

    def __init__(
        self,
        database: "AsyncDatabase[dict[str, Any]]",
        changes: ChangeHub,
        load_user: UserLoader,
        *,
        lease: float = 10.0,
    ) -> None:
        self._outbox = Outbox(database[_OUTBOX])
        self._deliveries = DeliveryStore(database[_DELIVERIES])
        self._subscribers = SubscriberStore(database[_SUBSCRIBERS])
        self.bus = EventBus(load_user, outbox=self._outbox)
        self._relay = Relay(self._outbox, self._deliveries, self._subscribers, changes, self.bus.show)
        self._deliverer = Deliverer(self._deliveries, self._subscribers, changes, load_user, lease=lease)
        self._folders: dict[str, Path] = {}

    async def prepare(self) -> None:
        """Prepare the database."""
        await self._outbox.prepare()
        await self._deliveries.prepare()
        await self._subscribers.prepare()

    async def start(self, modules: Mapping[str, Path]) -> None:
        """Make the subscribers of this process known and begin to deliver.

        A subscriber that its module, which runs, does not declare any more gets nothing further, and what waits for it
        becomes dead letters. What waits for a module that does not run is kept for it.

        Args:
            modules: The modules that run, each with its folder.
        """
        self._folders = dict(modules)
        ours = self._own_subscribers()
        await self._subscribers.register(ours)
        declared = {module: {each.name for each in ours if each.module == module} for module in modules}
        for name in await self._subscribers.retire_missing(declared):
            await self._give_up(name, "Its module does not subscribe to it any more")
        self._relay.start()
        self._deliverer.start(self.bus.durable_subscriptions)

    async def stop(self, grace: float = 3.0) -> None:
        """Deliver no more here.

        Args:
            grace: Seconds that running handlers have to end by themselves.
        """
        await self._relay.stop()
        await self._deliverer.stop(grace)

    async def dead_letters(self, limit: int = 100) -> list[EventDelivery]:
        """Return deliveries that were given up, in the order of their emission.

        Args:
            limit: How many at most.

        Raises:
            PermissionDeniedError: The acting user lacks `admin.events`.
        """
        demand(MANAGE_EVENTS)
        return await self._deliveries.dead(limit)

    async def replay(self, delivery: str) -> None:
        """Deliver an event to a subscriber anew, after it was given up or also when it was delivered.

        Args:
            delivery: Id of the delivery.

        Raises:
            PermissionDeniedError: The acting user lacks `admin.events`.
            NotFoundError: There is no such delivery, or it waits anyway.
        """
        demand(MANAGE_EVENTS)
        if not await self._deliveries.revive(delivery):
            msg = f"there is no delivery {delivery} that could be made again"
            raise NotFoundError(msg, user_message="There is no such delivery any more.")

    async def replay_all(self, subscriber: str | None = None) -> int:
        """Deliver all dead letters anew, and return how many these are.

        Args:
            subscriber: Whose; those of all subscribers where None.

        Raises:
            PermissionDeniedError: The acting user lacks `admin.events`.
        """
        demand(MANAGE_EVENTS)
        return await self._deliveries.revive_dead(subscriber)

    async def discard(self, delivery: str) -> None:
        """Remove a dead letter for good.

        Args:
            delivery: Id of the delivery.

        Raises:
            PermissionDeniedError: The acting user lacks `admin.events`.
            NotFoundError: It is none, or is gone.
        """
        user = demand(MANAGE_EVENTS)
        if not await self._deliveries.discard(delivery):
            msg = f"there is no dead letter {delivery}"
            raise NotFoundError(msg, user_message="There is no such delivery any more.")
        logger.info("{} discarded the dead letter {}", user.username, delivery)

    async def forget_subscriber(self, name: str) -> None:
        """Keep no more events for a subscriber whose module is gone for good; what waits becomes dead letters.

        Args:
            name: The subscriber.

        Raises:
            PermissionDeniedError: The acting user lacks `admin.events`.
            NotFoundError: There is none.
        """
        demand(MANAGE_EVENTS)
        if name not in {each.name for each in await self._subscribers.all()}:
            msg = f"there is no subscriber {name}"
            raise NotFoundError(msg, user_message="There is no such subscriber.")
        await self._subscribers.retire([name])
        await self._give_up(name, "An administrator has removed the subscriber")

    async def subscribers(self) -> dict[str, dict[DeliveryState, int]]:
        """Return every durable subscriber with how many deliveries it has in which state.

        Raises:
            PermissionDeniedError: The acting user lacks `admin.events`.
        """
        demand(MANAGE_EVENTS)
        found: dict[str, dict[DeliveryState, int]] = {each.name: {} for each in await self._subscribers.all()}
        for (name, state), count in (await self._deliveries.counts()).items():
            found.setdefault(name, {})[state] = count
        return found

    async def topics(self) -> list[TopicInfo]:
        """Return every topic with who emits it and who listens to it.

        Raises:
            PermissionDeniedError: The acting user lacks `admin.events`.
        """
        demand(MANAGE_EVENTS)
        written = await asyncio.to_thread(lambda: {name: written_topics(path) for name, path in self._folders.items()})
        return catalogue(self.bus, written, await self._subscribers.all())

    async def _give_up(self, subscriber: str, reason: str) -> None:
        count = await self._deliveries.bury_all(subscriber, reason)
        if count:
            logger.warning("{} events for {} are dead letters now: {}", count, subscriber, reason)

    def _own_subscribers(self) -> list[Subscriber]:
        patterns: dict[str, list[str]] = {}
        owners: dict[str, str] = {}
        for each in self.bus.subscriptions:
            if each.durable:
                patterns.setdefault(each.key, []).append(each.pattern)
                owners[each.key] = each.owner
        return [Subscriber(key, owners[key], tuple(found)) for key, found in patterns.items()]
