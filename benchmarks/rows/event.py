"""Row `event`: from `emit` to the handler, with user and trace, against a bounded `asyncio.Queue`."""

import asyncio
from uuid import uuid4

from benchmarks.result import Result, at_least
from benchmarks.stage import Stage
from benchmarks.turns import seconds_for, take_turns
from webos.events import EventBus, EventEnvelope
from webos.kernel.context import Principal, acting_as, current_trace_id, current_user

__all__ = ["run"]

_EVENTS = 10_000
_LIMIT = 1024
_PAYLOAD = {"sku": "A-1", "quantity": 10}


async def run(stage: Stage) -> list[Result]:
    """Measure events per second, each handled by an async function."""
    user = Principal(uuid4(), "reader")
    with acting_as(user):
        pair = await take_turns(stage.effort.times(40), lambda: _bus(user), _queue)
    return [Result("event, emit to handler", "events/s", pair.ours, pair.against, at_least(0.4))]


async def _bus(user: Principal) -> float:
    handled = 0

    async def handle(envelope: EventEnvelope) -> None:
        nonlocal handled
        handled += 1
        if handled == _EVENTS:
            # Once is enough to see that the context has come along.
            assert current_user() is user
            assert current_trace_id() == envelope.trace_id

    bus = EventBus(limit=_LIMIT)
    bus.subscribe("product:restocked", handle)
    await bus.start()

    async def work() -> None:
        for _ in range(_EVENTS):
            await bus.emit("product:restocked", _PAYLOAD, source="inventory")
        await bus.drain(60)

    seconds = await seconds_for(work)
    await bus.stop()
    assert handled == _EVENTS
    return _EVENTS / seconds


async def _queue() -> float:
    handled = 0
    queue: asyncio.Queue[dict[str, object]] = asyncio.Queue(_LIMIT)

    async def handle(_payload: dict[str, object]) -> None:
        nonlocal handled
        handled += 1

    async def consume() -> None:
        while True:
            await handle(await queue.get())
            queue.task_done()

    consumer = asyncio.create_task(consume())

    async def work() -> None:
        for _ in range(_EVENTS):
            await queue.put(_PAYLOAD)
        await queue.join()

    seconds = await seconds_for(work)
    consumer.cancel()
    await asyncio.wait({consumer})
    assert handled == _EVENTS
    return _EVENTS / seconds
