"""TaskIQ's broker on our database: nothing is lost with a worker, and nothing is taken that cannot be started."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING
from uuid import uuid4

from loguru import logger
from pymongo.errors import PyMongoError
from taskiq import AckableMessage, AsyncBroker, BrokerMessage

from webos.tasks.delivery import Delivery, QueuedMessage, Settlement, Verdict
from webos.tasks.lease_queue import LeaseQueue
from webos.tasks.outage import persistently

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession

__all__ = [
    "DEFAULT_LEASE",
    "DEFAULT_MAX_ATTEMPTS",
    "LABEL_LEASE",
    "LABEL_MAX_ATTEMPTS",
    "LABEL_STEP",
    "LABEL_STEPS",
    "MongoLeaseBroker",
]

DEFAULT_LEASE = 10.0
"""Seconds after which the task of a silent worker is started anew."""

DEFAULT_MAX_ATTEMPTS = 5
"""How often a task is started before it is given up."""

LABEL_LEASE = "lease"
LABEL_MAX_ATTEMPTS = "max_attempts"
LABEL_STEP = "step"
LABEL_STEPS = "steps"

_BATCH = 32
_POLL_SECONDS = 0.5
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_DUE_SECONDS = 1.0
# Between two claims. When tasks are short, slots get free one by one, and so the next claim finds several.
_CLAIM_PAUSE = 0.005

Burial = Callable[[QueuedMessage], Awaitable[None]]


class MongoLeaseBroker(AsyncBroker):
    """Sends tasks through a collection and takes them from it under leases.

    A worker claims no more messages than it has free slots, and of those tasks only that it knows: the tasks of a
    module that it does not run wait for one that does. What becomes of a message is settled apart from TaskIQ's
    acknowledgement, for it may also be offered again, given back or parked.

    Args:
        queue: The messages.
        slots: How many tasks run at the same time; the receiver must be given the same number.
        on_dead: Called with a message that was started as often as it may be, before it is parked.

    Attributes:
        queue: The messages.
        in_flight: Messages that this process holds, by the id of their task.
    """

    def __init__(self, queue: LeaseQueue, *, slots: int, on_dead: Burial) -> None:
        super().__init__()
        self.queue = queue
        self.in_flight: dict[str, Delivery] = {}
        self._slots = slots
        self._on_dead = on_dead
        self._wake = asyncio.Event()
        self._closing = False
        self._next_claim = 0.0
        self._due: deque[str] = deque()
        self._due_until = 0.0
        self._session: ContextVar[AsyncClientSession | None] = ContextVar("task_session", default=None)

    async def kick(self, message: BrokerMessage) -> None:
        """Add a message to the queue, in the transaction of `within` where there is one."""
        session = self._session.get()
        await self.queue.add(
            message.task_id,
            message.task_name,
            message.message,
            lease=float(message.labels.get(LABEL_LEASE, DEFAULT_LEASE)),
            max_attempts=int(message.labels.get(LABEL_MAX_ATTEMPTS, DEFAULT_MAX_ATTEMPTS)),
            step=(int(message.labels.get(LABEL_STEP, 0)), int(message.labels.get(LABEL_STEPS, 1))),
            session=session,
        )
        if session is None:
            self.wake()

    @contextmanager
    def within(self, session: "AsyncClientSession") -> Iterator[None]:
        """Send the messages of the block in a transaction; `wake` is to be called after its commit."""
        token = self._session.set(session)
        try:
            yield
        finally:
            self._session.reset(token)

    def wake(self) -> None:
        """Have the worker of this process look for messages at once."""
        self._wake.set()

    def open(self) -> None:
        """Let `listen` take messages."""
        self._closing = False

    def close(self) -> None:
        """Let `listen` take no more messages and end."""
        self._closing = True
        self._wake.set()

    async def listen(self) -> AsyncGenerator[bytes | AckableMessage, None]:
        """Yield messages while the broker is open; wait while there are none or the database is away."""
        pause = _FIRST_PAUSE
        while not self._closing:
            self._wake.clear()
            try:
                deliveries = await self._claim_whole()
            except PyMongoError as error:
                logger.warning("the task queue cannot be read, trying again: {}", type(error).__name__)
                await self._rest(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            for delivery in deliveries:
                yield delivery
            if not deliveries:
                await self._rest(_POLL_SECONDS)

    async def settle(self, delivery: Delivery) -> None:
        """Do with a message what was decided; where the database stays away, its lease ends by itself."""
        settlement = delivery.settlement or Settlement(Verdict.AGAIN, delay=_FIRST_PAUSE)
        try:
            await persistently(lambda: self._apply(delivery.message, settlement), seconds=delivery.message.lease)
        except PyMongoError as error:
            logger.warning("a message of {} could not be settled: {}", delivery.message.name, type(error).__name__)
        finally:
            self.in_flight.pop(delivery.message.id, None)
            if settlement.verdict is Verdict.PASSED_ON:
                self.wake()

    async def give_back_unstarted(self) -> None:
        """Offer again what was claimed and not started."""
        for delivery in [each for each in self.in_flight.values() if not each.started]:
            delivery.settle(Verdict.GIVE_BACK)
            await self.settle(delivery)

    async def _apply(self, message: QueuedMessage, settlement: Settlement) -> None:
        match settlement.verdict:
            case Verdict.DONE:
                await self.queue.remove(message)
            case Verdict.AGAIN:
                await self.queue.release(message, delay=settlement.delay, counts=True)
            case Verdict.GIVE_BACK:
                await self.queue.release(message, counts=False)
            case Verdict.PARK:
                await self.queue.park(message, settlement.reason)
            case Verdict.LOST | Verdict.PASSED_ON:
                pass

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _claim_whole(self) -> list[Delivery]:
        """Claim, and finish that when cancelled: what is claimed is then known and can be given back."""
        claim = asyncio.ensure_future(self._claim())
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:
            await asyncio.wait({claim})
            raise

    async def _claim(self) -> list[Delivery]:
        await asyncio.sleep(self._next_claim - time.monotonic())
        self._next_claim = time.monotonic() + _CLAIM_PAUSE
        looked = False
        while True:
            if not self._due or time.monotonic() > self._due_until:
                if looked:
                    return []
                looked = True
                self._due = deque(await self.queue.find_due(list(self.local_task_registry)))
                self._due_until = time.monotonic() + _DUE_SECONDS
            free = min(self._slots - len(self.in_flight), _BATCH, len(self._due))
            chosen = [self._due.popleft() for _ in range(free)]
            task_ids = [task_id for task_id in chosen if task_id not in self.in_flight]
            if not task_ids:
                return []
            live = await self._take(task_ids)
            if live:
                return live

    async def _take(self, task_ids: list[str]) -> list[Delivery]:
        messages = await self.queue.claim(task_ids, uuid4().hex)
        live = [Delivery.of(message) for message in messages if message.attempts <= message.max_attempts]
        for delivery in live:
            self.in_flight[delivery.message.id] = delivery
        for message in messages:
            if message.attempts > message.max_attempts:
                await self._bury(message)
        return live

    async def _bury(self, message: QueuedMessage) -> None:
        try:
            await self._on_dead(message)
            await self.queue.park(message, f"started {message.max_attempts} times without coming to an end")
        except PyMongoError as error:
            # Its lease ends, and it is buried then.
            logger.warning("a dead message of {} could not be parked: {}", message.name, type(error).__name__)
