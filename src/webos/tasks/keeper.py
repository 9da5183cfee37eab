"""Keeping the leases of what this process holds."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from loguru import logger
from pymongo.errors import PyMongoError

from webos.tasks.broker import MongoLeaseBroker
from webos.tasks.delivery import QueuedMessage, Verdict

__all__ = ["SHORTEST_LEASE", "LeaseKeeper"]

SHORTEST_LEASE = 2.0
"""Seconds. A shorter lease could end between two signs of life."""

_TICK = 0.5


class LeaseKeeper:
    """Extends the lease of every message in flight when a third of it is over, all at once.

    Args:
        broker: Whose messages.
        on_beat: Called with the messages whose leases were extended.
        on_lost: Called with the id of a task whose message another worker has taken.
    """

    def __init__(
        self,
        broker: MongoLeaseBroker,
        *,
        on_beat: Callable[[list[QueuedMessage]], Awaitable[None]],
        on_lost: Callable[[str], None],
    ) -> None:
        self._broker = broker
        self._on_beat = on_beat
        self._on_lost = on_lost
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep the leases."""
        self._task = asyncio.create_task(self._run(), name="task leases")

    async def stop(self) -> None:
        """Let the leases run out."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        reachable = True
        while True:
            await asyncio.sleep(_TICK)
            try:
                await self._beat()
                reachable = True
            except PyMongoError as error:
                if reachable:
                    logger.warning("the leases of running tasks cannot be extended: {}", type(error).__name__)
                reachable = False
            except Exception:  # noqa: BLE001 - without the keeper every task of the process would be started twice
                logger.exception("keeping the leases of running tasks failed")

    async def _beat(self) -> None:
        now = time.monotonic()
        due = [
            delivery
            for delivery in self._broker.in_flight.values()
            if now - delivery.extended_at >= delivery.message.lease / 3
        ]
        if not due:
            return
        lost = await self._broker.queue.extend([delivery.message for delivery in due])
        kept: list[QueuedMessage] = []
        for delivery in due:
            if delivery.message.id not in lost:
                delivery.extended_at = now
                kept.append(delivery.message)
            # It may have been settled while the answer was under way, and is gone for that reason.
            elif self._broker.in_flight.get(delivery.message.id) is delivery:
                delivery.settle(Verdict.LOST)
                self._on_lost(delivery.message.id)
        await self._on_beat(kept)
