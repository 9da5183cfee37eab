"""The event bus."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from webos.events import EventBus, EventEnvelope, InvalidTopicError, ModuleBus
from webos.kernel.context import (
    SYSTEM,
    Principal,
    User,
    acting_as,
    ctx_trace_id,
    ctx_user,
    current_trace_id,
    current_user,
)
from webos.kernel.errors import NotSignedInError, UnavailableError

ANNA = Principal(id=uuid4(), username="anna")
BERT = Principal(id=uuid4(), username="bert")


async def load_user(user_id: UUID) -> User:
    return {ANNA.id: ANNA, BERT.id: BERT}[user_id]


@pytest.fixture
async def bus() -> AsyncIterator[EventBus]:
    bus = EventBus(load_user, limit=4)
    await bus.start()
    yield bus
    await bus.stop(1)


async def test_hands_events_to_matching_subscribers_in_order(bus: EventBus) -> None:
    """Each subscriber gets the events of its pattern, in the order of the emits, with the source filled in."""
    seen: dict[str, list[str]] = {"users:*": [], "*:created": [], "*": [], "users:created": []}
    for pattern, topics in seen.items():

        async def handler(event: EventEnvelope, topics: list[str] = topics) -> None:
            topics.append(f"{event.topic} {event.payload['number']} {event.source}")

        bus.subscribe(pattern, handler)
    shop = ModuleBus(bus, "shop")
    for number, topic in enumerate(["users:created", "users:deleted", "orders:created", "orders:paid"]):
        await shop.emit(topic, {"number": number})
    assert await bus.drain(5)
    assert seen["users:created"] == ["users:created 0 shop"]
    assert seen["users:*"] == ["users:created 0 shop", "users:deleted 1 shop"]
    assert seen["*:created"] == ["users:created 0 shop", "orders:created 2 shop"]
    assert len(seen["*"]) == 4


async def test_payload_is_the_one_of_the_moment_of_the_emit(bus: EventBus) -> None:
    """An emitter that goes on with its dictionary does not change what was sent."""
    seen: list[int] = []
    bus.subscribe("a:b", lambda event: seen.append(event.payload["x"]))
    payload = {"x": 1}
    await bus.emit("a:b", payload)
    payload["x"] = 2
    assert await bus.drain(5)
    assert seen == [1]


async def test_a_handler_that_raises_touches_nobody(bus: EventBus) -> None:
    """Errors are counted; the same subscriber gets the next event and the others all of them."""
    seen: list[int] = []

    async def cancelled_inside(_: EventEnvelope) -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task

    def fails(event: EventEnvelope) -> None:
        if event.payload["number"] < 2:
            raise SystemExit if event.payload["number"] else RuntimeError

    failing = bus.subscribe("a:b", fails)
    cancelled = bus.subscribe("a:b", cancelled_inside)
    healthy = bus.subscribe("a:b", lambda event: seen.append(event.payload["number"]))
    for number in range(3):
        await bus.emit("a:b", {"number": number})
    assert await bus.drain(5)
    assert seen == [0, 1, 2]
    assert (failing.handled, failing.failed) == (1, 2)
    assert (cancelled.handled, cancelled.failed) == (0, 3)
    assert (healthy.handled, healthy.failed) == (3, 0)


async def test_a_slow_handler_holds_up_only_its_emitters(bus: EventBus) -> None:
    """Emit waits when a queue is full; other topics go on meanwhile."""
    gate = asyncio.Event()
    quick: list[str] = []

    async def slow(_: EventEnvelope) -> None:
        await gate.wait()

    bus.subscribe("slow:event", slow)
    bus.subscribe("quick:event", lambda event: quick.append(event.topic))
    for _ in range(4):
        await bus.emit("slow:event")
    fifth = asyncio.create_task(bus.emit("slow:event"))
    for _ in range(20):
        await bus.emit("quick:event")
    assert not fifth.done()
    assert len(quick) >= 16
    gate.set()
    await fifth
    assert await bus.drain(5)


async def test_a_handler_may_emit_into_its_own_full_queue(bus: EventBus) -> None:
    """A handler that emits more of what it handles than fits does not wait for itself."""
    seen: list[int] = []

    async def handler(event: EventEnvelope) -> None:
        seen.append(event.payload["depth"])
        if event.payload["depth"] == 0:
            for _ in range(10):
                await bus.emit("loop:event", {"depth": 1})

    bus.subscribe("loop:*", handler)
    await bus.emit("loop:event", {"depth": 0})
    assert await bus.drain(5)
    assert seen == [0, *[1] * 10]


async def test_handlers_that_flood_each_other_do_not_deadlock(bus: EventBus) -> None:
    """Two subscribers with full queues that emit to each other, also from tasks and threads, finish."""
    counts = {"ping": 0, "pong": 0}

    async def ping(event: EventEnvelope) -> None:
        counts["ping"] += 1
        if event.payload["depth"] < 3:
            emits = (bus.emit("pong:event", {"depth": event.payload["depth"] + 1}) for _ in range(3))
            await asyncio.gather(*emits)

    loop = asyncio.get_running_loop()

    def pong(event: EventEnvelope) -> None:
        counts["pong"] += 1
        if event.payload["depth"] < 3:
            for _ in range(3):
                emit = bus.emit("ping:event", {"depth": event.payload["depth"] + 1})
                asyncio.run_coroutine_threadsafe(emit, loop).result(5)

    bus.subscribe("ping:event", ping)
    bus.subscribe("pong:event", pong)
    for _ in range(8):
        await bus.emit("ping:event", {"depth": 0})
    assert await bus.drain(20)
    assert counts == {"ping": 8 + 8 * 9, "pong": 8 * 3 + 8 * 27}


async def test_handler_acts_as_the_emitter_under_his_trace() -> None:
    """User and trace come with the event and from nowhere else: the bus was started in an empty context."""
    seen: list[tuple[str, str]] = []

    async def main() -> None:
        bus = EventBus(load_user)

        def record(_: EventEnvelope) -> None:
            seen.append((current_user().username, current_trace_id()))

        async def record_async(event: EventEnvelope) -> None:
            await asyncio.sleep(0)
            record(event)

        bus.subscribe("a:b", record)
        bus.subscribe("a:b", record_async)
        await bus.start()
        for user, trace in ((ANNA, "1" * 32), (BERT, "2" * 32)):
            with acting_as(user, trace):
                await bus.emit("a:b")
        assert await bus.drain(5)
        await bus.stop()
        assert ctx_user.get(None) is None
        assert ctx_trace_id.get("") == ""

    await asyncio.create_task(main(), context=contextvars.Context())
    assert sorted(seen) == [*[("anna", "1" * 32)] * 2, *[("bert", "2" * 32)] * 2]


async def test_nobody_is_signed_in_for_an_event_that_nobody_caused() -> None:
    """After events of a user, one without a user finds no user, neither his nor the one the bus was started by."""
    failures: list[type[Exception]] = []

    async def handler(event: EventEnvelope) -> None:
        try:
            current_user()
        except NotSignedInError as error:
            failures.append(type(error))
        assert len(event.trace_id) == 32

    bus = EventBus(load_user)
    with acting_as(SYSTEM):
        bus.subscribe("a:b", handler)
        await bus.start()
        await bus.emit("a:b")
    for _ in range(2):
        await asyncio.create_task(bus.emit("a:b"), context=contextvars.Context())
    assert await bus.drain(5)
    await bus.stop()
    assert failures == [NotSignedInError] * 2


async def test_event_from_elsewhere_gets_its_user_by_id(bus: EventBus) -> None:
    """Of a delivered envelope the user is loaded by id, and nobody acts while he is loaded; unknown ones are refused."""
    seen: list[str] = []
    handler = bus.subscribe("a:b", lambda _: seen.append(current_user().username))
    for user_id in (BERT.id, uuid4(), SYSTEM.id):
        await bus.deliver(EventEnvelope.from_dict(EventEnvelope("a:b", user_id=user_id).to_dict()))
    assert await bus.drain(5)
    assert seen == ["bert", "system"]
    assert handler.failed == 1


async def test_events_wait_for_the_start_and_are_drained_on_stop() -> None:
    """What was emitted before the start is handled after it, and what waits at the stop before the stop ends."""
    bus = EventBus()
    seen: list[int] = []

    async def handler(event: EventEnvelope) -> None:
        await asyncio.sleep(0)
        seen.append(event.payload["number"])
        if event.payload["number"] == 9:
            await bus.emit("a:b", {"number": 10})

    bus.subscribe("a:b", handler)
    await bus.emit("a:b", {"number": 0})
    await asyncio.sleep(0)
    assert seen == []
    await bus.start()
    for number in range(1, 10):
        await bus.emit("a:b", {"number": number})
    await bus.stop(5)
    assert seen == list(range(11))
    with pytest.raises(UnavailableError):
        await bus.emit("a:b")


async def test_stop_keeps_its_deadline() -> None:
    """A handler that does not end is given up, and an emit that waits for it gets an error."""
    bus = EventBus(limit=1)
    stuck = asyncio.Event()

    async def handler(_: EventEnvelope) -> None:
        stuck.set()
        await asyncio.Event().wait()

    bus.subscribe("a:b", handler)
    await bus.start()
    await bus.emit("a:b")
    await stuck.wait()
    waiting = asyncio.create_task(bus.emit("a:b"))
    started = asyncio.get_running_loop().time()
    await bus.stop(0.05)
    assert asyncio.get_running_loop().time() - started < 2
    with pytest.raises(UnavailableError):
        await waiting


async def test_unsubscribed_handler_finishes_what_it_was_given(bus: EventBus) -> None:
    """After unsubscribing no new event comes; those that waited are handled still, and others are not concerned."""
    seen: list[int] = []
    gate = asyncio.Event()

    async def slow(event: EventEnvelope) -> None:
        await gate.wait()
        seen.append(event.payload["number"])

    bus.subscribe("a:b", slow, owner="shop")
    bus.subscribe("a:b", lambda event: seen.append(100 + event.payload["number"]), owner="crm")
    await bus.emit("a:b", {"number": 1})
    await bus.emit("a:b", {"number": 2})
    bus.unsubscribe_owner("shop")
    await bus.emit("a:b", {"number": 3})
    gate.set()
    assert await bus.drain(5)
    assert sorted(seen) == [1, 2, 101, 102, 103]
    assert [each.owner for each in bus.subscriptions] == ["crm"]


async def test_plain_handlers_do_not_block_the_loop(bus: EventBus) -> None:
    """A plain function runs in another thread."""
    threads: list[int] = []
    bus.subscribe("a:b", lambda _: threads.append(threading.get_ident()))
    await bus.emit("a:b")
    assert await bus.drain(5)
    assert threads != [threading.get_ident()]


async def test_busy_handlers_let_the_application_run(bus: EventBus) -> None:
    """A handler that keeps itself busy without ever waiting does not freeze the event loop."""

    async def endless(_: EventEnvelope) -> None:
        await bus.emit("a:b")

    bus.subscribe("a:b", endless)
    await bus.emit("a:b")
    async with asyncio.timeout(5):
        await asyncio.sleep(0.01)
    assert not await bus.drain(0.01)


async def test_event_ids_are_unique(bus: EventBus) -> None:
    """No two events of one or of several buses share an id."""
    other = EventBus()
    ids = {(await each.emit("a:b")).id for each in (bus, other) for _ in range(1000)}
    assert len(ids) == 2000


async def test_refuses_wrong_topics(bus: EventBus) -> None:
    """A wrong topic or pattern is refused where it is used."""
    with pytest.raises(InvalidTopicError):
        await bus.emit("created")
    with pytest.raises(InvalidTopicError):
        bus.subscribe("created", lambda _: None)
