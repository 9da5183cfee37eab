"""One attempt to deliver one event: as its user, under its trace, with an end that is recorded."""

import asyncio
from contextlib import suppress
from contextvars import Context

from loguru import logger
from pymongo.errors import PyMongoError

from webos.events.durable.delivery import EventDelivery
from webos.events.durable.delivery_store import DeliveryStore
from webos.events.identity import UserLoader, user_by_id
from webos.events.subscription import Subscription
from webos.kernel.context import ctx_trace_id, ctx_user
from webos.kernel.errors import WebOSError

__all__ = ["MOST_ATTEMPTS", "attempt"]

MOST_ATTEMPTS = 8
"""How often a handler is started for one event before that is a dead letter."""

_LONGEST_PAUSE = 300.0
_LONGEST_LINE = 300


async def attempt(
    delivery: EventDelivery, subscription: Subscription, store: DeliveryStore, load_user: UserLoader
) -> float | None:
    """Call the handler for one event and record what came of it.

    The attempt is counted before it is made, so that an event which ends the process does not come for ever.

    Args:
        delivery: What to deliver.
        subscription: To whom.
        store: Where it is recorded.
        load_user: Returns the user with an id, with the permissions he has now.

    Returns:
        Seconds until the next attempt; None where there is none.

    Raises:
        PyMongoError: The database is away; the attempt may be made again.
    """
    if delivery.attempts >= MOST_ATTEMPTS:
        await store.bury(delivery, delivery.token, f"It was started {delivery.attempts} times without coming to an end")
        return None
    token = await store.begin(delivery)
    if token is None:
        return None
    work = asyncio.get_running_loop().create_task(
        _handle(delivery, subscription, load_user),
        name=f"{subscription.name} handles {delivery.event.topic}",
        context=Context(),
    )
    try:
        await work
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            await _interrupted(delivery, token, work, store)
            raise
        return await _failed(delivery, token, error, store, subscription)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises ends this attempt and nothing else
        return await _failed(delivery, token, error, store, subscription)
    subscription.handled += 1
    await store.done(delivery, token)
    return None


async def _interrupted(delivery: EventDelivery, token: str, work: "asyncio.Task[None]", store: DeliveryStore) -> None:
    """Record what became of a handler that the stop of the process has met."""
    work.cancel()
    await asyncio.wait({work})
    with suppress(PyMongoError):
        if work.cancelled() or work.exception() is not None:
            await store.give_back(delivery, token)
        else:
            await store.done(delivery, token)


async def _handle(delivery: EventDelivery, subscription: Subscription, load_user: UserLoader) -> None:
    event = delivery.event
    ctx_trace_id.set(event.trace_id)
    if event.user_id is not None:
        ctx_user.set(await user_by_id(event.user_id, load_user, event.key_id))
    try:
        await subscription.call(event)
    except SystemExit as error:
        # It would go past everyone who waits and end the process.
        msg = "the handler tried to end the process"
        raise RuntimeError(msg) from error


async def _failed(
    delivery: EventDelivery, token: str, error: BaseException, store: DeliveryStore, subscription: Subscription
) -> float | None:
    subscription.failed += 1
    attempts = delivery.attempts + 1
    told = logger.bind(module=subscription.owner or "webos.events").opt(exception=error)
    if attempts >= MOST_ATTEMPTS:
        told.error("{} failed {} times to handle {} and gave up", delivery.subscriber, attempts, delivery.id)
        await store.bury(delivery, token, _safe(error))
        return None
    delay = min(2.0 ** (attempts - 1), _LONGEST_PAUSE)
    told.warning("{} failed to handle {}, tried again in {:.0f} s", delivery.subscriber, delivery.id, delay)
    await store.retry(delivery, token, _safe(error), delay)
    return delay


def _safe(error: BaseException) -> str:
    """Return one line about an error that may be shown: other errors than ours may hold internals."""
    text = error.user_message if isinstance(error, WebOSError) else f"Something went wrong ({type(error).__name__})"
    return " ".join(text.split())[:_LONGEST_LINE].encode("utf-8", "replace").decode("utf-8")


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
