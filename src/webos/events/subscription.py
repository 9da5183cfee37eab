"""One subscriber: its handler, its queue, and the worker that brings them together."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from contextvars import Context, Token
from typing import Any

from loguru import logger

from webos.events.callables import is_async
from webos.events.envelope import EventEnvelope
from webos.events.identity import UserLoader, user_by_id
from webos.events.mailbox import Mailbox
from webos.kernel.context import User, ctx_trace_id, ctx_user
from webos.kernel.errors import UnavailableError

__all__ = ["Delivery", "Handler", "Subscription"]

Handler = Callable[[EventEnvelope], Awaitable[None] | None]
"""What is called for an event: an async function, or a plain one, which then runs in a thread."""

Delivery = tuple[EventEnvelope, User | None]
"""An event, with its user where he is known in this process."""

# After so many events in a row, a worker whose handler never waits lets the rest of the application run.
_EVENTS_IN_A_ROW = 64


class Subscription:
    """A handler of the events that match a pattern, which it is given one after the other.

    Args:
        pattern: The topics.
        handler: What to call.
        name: Name for logs and lists.
        owner: Module that subscribed.
        limit: How many events wait at most.
        load_user: Finds the user of an event that came from elsewhere.
        on_idle: Called whenever no event waits.
        durable: Whether durable events come to it by deliveries that are kept for it.

    Attributes:
        pattern: The topics.
        durable: Whether durable events come to it by deliveries that are kept for it.
        name: Name for logs and lists.
        owner: Module that subscribed; empty for the framework.
        handled: Number of events that were handled without an error.
        failed: Number of events whose handler raised.
        call: The handler, as an async function.
    """

    def __init__(
        self,
        pattern: str,
        handler: Handler,
        *,
        name: str,
        owner: str,
        limit: int,
        load_user: UserLoader,
        on_idle: Callable[[], None],
        durable: bool = False,
    ) -> None:
        self.pattern = pattern
        self.durable = durable
        self.name = name
        self.owner = owner
        self.handled = 0
        self.failed = 0
        self.mailbox: Mailbox[Delivery] = Mailbox(limit)
        self._handler = handler
        self.call: Callable[[EventEnvelope], Any] = (
            handler if is_async(handler) else functools.partial(_in_thread, handler)
        )
        self._load_user = load_user
        self._on_idle = on_idle
        self._ending = False
        self._worker: asyncio.Task[None] | None = None
        self._nobody: Token[User] | None = None

    @property
    def key(self) -> str:
        """Name under which all processes know it: that of its module and its own."""
        return f"{self.owner}.{self.name}"

    @property
    def pending(self) -> int:
        """Number of events that wait or are being handled."""
        return len(self.mailbox)

    def start(self) -> None:
        """Begin to handle events, in a context of its own in which nobody is signed in."""
        if self._worker is None:
            self._ending = False
            self._nobody = None
            self._worker = asyncio.get_running_loop().create_task(
                self._work(), name=f"events for {self.name}", context=Context()
            )

    def end(self) -> None:
        """Handle what waits already and no more."""
        self._ending = True
        if self._worker is None or not self.pending:
            self.abandon()

    def abandon(self) -> "asyncio.Task[None] | None":
        """Stop at once, in the middle of a handler if need be, and return the worker that ends."""
        self._ending = True
        self.mailbox.close(UnavailableError(f"{self.name} takes no more events"))
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
        return worker

    async def _work(self) -> None:
        mailbox = self.mailbox
        mailbox.serve()
        while mailbox.items or not self._ending:
            await self._handle_some()
            if mailbox.items:
                await asyncio.sleep(0)
            else:
                self._on_idle()
                if not self._ending:
                    await mailbox.arrival()

    async def _handle_some(self) -> None:
        mailbox, waiting, call = self.mailbox, self.mailbox.items, self.call
        for _ in range(_EVENTS_IN_A_ROW):
            if not waiting:
                return
            envelope, user = waiting[0]
            # Looking is quicker than setting, and events often come in a row from one request.
            if ctx_trace_id.get(None) is not envelope.trace_id:
                ctx_trace_id.set(envelope.trace_id)
            try:
                if user is None:
                    user = await self._find_user(envelope)
                if user is not None and ctx_user.get(None) is not user:
                    token = ctx_user.set(user)
                    self._nobody = self._nobody or token
                await call(envelope)
                self.handled += 1
            # What a handler raises must not stop the next event; it may also await what was cancelled.
            except (Exception, SystemExit, asyncio.CancelledError):
                if _is_being_cancelled():
                    raise
                self._report_failure(envelope)
            if waiting:
                waiting.popleft()
            if mailbox.blocked:
                mailbox.let_in()

    async def _find_user(self, envelope: EventEnvelope) -> User | None:
        if self._nobody is not None:
            # An event that nobody caused must not find the user of the one before it.
            ctx_user.reset(self._nobody)
            self._nobody = None
        if envelope.user_id is None:
            return None
        return await user_by_id(envelope.user_id, self._load_user, envelope.key_id)

    def _report_failure(self, envelope: EventEnvelope) -> None:
        self.failed += 1
        logger.bind(module=self.owner or "webos.events").exception(
            "{} failed to handle {} ({})", self.name, envelope.topic, envelope.id
        )


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _in_thread(handler: Handler, envelope: EventEnvelope) -> None:
    result = await asyncio.to_thread(handler, envelope)
    if inspect.isawaitable(result):
        await result
