"""Durable events reach each subscriber: as their user, in order, again after an error, and not at all after a rollback."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from webos.events import DeliveryState, EventDelivery, EventEnvelope
from webos.events.durable import attempt
from webos.kernel.context import Principal, acting_as, current_trace_id, current_user
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError, PermissionDeniedError

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
MakeApp = Callable[..., Awaitable[Any]]


class Recorder:
    """A handler that keeps what it was called with, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.seen: list[EventEnvelope] = []
        self.starts = 0
        self.actors: list[tuple[str, str]] = []

    async def __call__(self, event: EventEnvelope) -> None:
        """Keep an event, or fail."""
        self.starts += 1
        if self.starts <= self.failures:
            msg = "the stock is being counted"
            raise ConflictError(msg)
        self.seen.append(event)
        self.actors.append((current_user().username, current_trace_id()))

    def numbers(self) -> list[int]:
        """Return the numbers that the events carried."""
        return [event.payload["number"] for event in self.seen]

    async def has(self, count: int) -> bool:
        """Return whether so many events have come."""
        return len(self.seen) >= count


def listen(app: Any, handler: Any, pattern: str = "order:*", name: str = "record") -> Any:
    return app.bus.subscribe(pattern, handler, name=name, owner="warehouse", durable=True)


async def dead(app: Any, root: Principal) -> list[EventDelivery]:
    with acting_as(root):
        letters: list[EventDelivery] = await app.events.dead_letters()
    return letters


async def waiting(app: Any) -> int:
    count: int = await app.connection.raw["webos_event_deliveries"].count_documents({"state": "waiting"})
    return count


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "_LONGEST_PAUSE", 0.05)


async def test_commit_delivers_as_the_emitter(make_app: MakeApp, anna: Principal, eventually: Eventually) -> None:
    """A committed event reaches the handler with its payload, as its user, under its trace."""
    app, recorder = await make_app(), Recorder()
    listen(app, recorder)
    await app.run("warehouse")
    with acting_as(anna, "a" * 32):
        event_id = await app.emit("order:approved", {"number": 1, "a.b": {"$set": [1.5, None]}})

    await eventually(lambda: recorder.has(1))
    event = recorder.seen[0]
    assert (event.id, event.topic, event.source, event.user_id) == (event_id, "order:approved", "orders", anna.id)
    assert event.payload == {"number": 1, "a.b": {"$set": [1.5, None]}}
    assert recorder.actors == [("anna", "a" * 32)]


async def test_rollback_delivers_nothing(make_app: MakeApp, anna: Principal, eventually: Eventually) -> None:
    """An event of a transaction that was rolled back reaches nobody; the one after it does."""
    app, recorder = await make_app(), Recorder()
    listen(app, recorder)
    await app.run("warehouse")
    with acting_as(anna):
        async with app.connection.client.start_session() as session:
            await session.start_transaction()
            await app.bus.emit("order:approved", {"number": 1}, session=session)
            await session.abort_transaction()
        await app.emit("order:approved", {"number": 2})

    await eventually(lambda: recorder.has(1))
    assert recorder.numbers() == [2]
    assert await app.connection.raw["webos_outbox"].count_documents({}) == 1


async def test_order_is_that_of_emission(make_app: MakeApp, anna: Principal, eventually: Eventually) -> None:
    """A subscriber gets the events one at a time in the order of their emission, also more than one batch of them."""
    app, recorder = await make_app(), Recorder()
    running = 0

    async def one_at_a_time(event: EventEnvelope) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1
        await recorder(event)

    listen(app, one_at_a_time)
    with acting_as(anna):
        for start in range(0, 300, 50):
            async with app.transaction() as session:
                for number in range(start, start + 50):
                    await app.bus.emit("order:approved", {"number": number}, session=session)
    await app.run("warehouse")

    await eventually(lambda: recorder.has(300))
    assert recorder.numbers() == list(range(300))


async def test_two_processes_deliver_once(make_app: MakeApp, anna: Principal, eventually: Eventually) -> None:
    """Of two processes with the same subscriber, one handles each event, and both subscribers of a module get all."""
    first, second = await make_app(), await make_app()
    recorders = [Recorder() for _ in range(4)]
    for app, (one, other) in ((first, recorders[:2]), (second, recorders[2:])):
        listen(app, one, name="one")
        listen(app, other, pattern="*:approved", name="other")
        await app.run("warehouse")
    with acting_as(anna):
        for number in range(40):
            await (first if number % 2 else second).emit("order:approved", {"number": number})

    for pair in (recorders[0::2], recorders[1::2]):

        async def all_there(pair: list[Recorder] = pair) -> bool:
            return sum(len(recorder.seen) for recorder in pair) >= 40

        await eventually(all_there)
        assert sorted(number for recorder in pair for number in recorder.numbers()) == list(range(40))


@pytest.mark.usefixtures("quick")
async def test_a_failed_event_is_tried_again(make_app: MakeApp, anna: Principal, eventually: Eventually) -> None:
    """What a handler raises delays that event only: the following ones come, and it comes again."""
    app, recorder = await make_app(), Recorder(failures=1)
    listen(app, recorder)
    await app.run("warehouse")
    with acting_as(anna):
        async with app.transaction() as session:
            for number in (1, 2):
                await app.bus.emit("order:approved", {"number": number}, session=session)

    await eventually(lambda: recorder.has(2))
    assert recorder.numbers() == [2, 1]


@pytest.mark.usefixtures("quick")
async def test_dead_letters_are_replayed(
    make_app: MakeApp, anna: Principal, root: Principal, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last attempt an event is a dead letter with its reason; replayed, it is delivered."""
    monkeypatch.setattr(attempt, "MOST_ATTEMPTS", 3)
    app, recorder = await make_app(), Recorder(failures=3)
    listen(app, recorder)
    await app.run("warehouse")
    with acting_as(anna):
        await app.emit("order:approved", {"number": 1})
        with pytest.raises(PermissionDeniedError):
            await app.events.dead_letters()

    async def is_dead() -> bool:
        return bool(await dead(app, root))

    await eventually(is_dead)
    letter = (await dead(app, root))[0]
    assert (letter.subscriber, letter.attempts, letter.error) == ("warehouse.record", 3, "the stock is being counted")
    with acting_as(root):
        assert await app.events.subscribers() == {"warehouse.record": {DeliveryState.DEAD: 1}}
        await app.events.replay(letter.id)
        await eventually(lambda: recorder.has(1))
        assert await app.events.dead_letters() == []
        assert await app.events.replay_all() == 0
        with pytest.raises(NotFoundError):
            await app.events.replay("nothing/nobody")
    assert recorder.actors[0][0] == "anna"


@pytest.mark.usefixtures("quick")
async def test_replay_all_and_discard(
    make_app: MakeApp, anna: Principal, root: Principal, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All dead letters of a subscriber are replayed together; one that is discarded is gone."""
    monkeypatch.setattr(attempt, "MOST_ATTEMPTS", 1)
    app, recorder = await make_app(), Recorder(failures=3)
    listen(app, recorder)
    await app.run("warehouse")
    with acting_as(anna):
        for number in range(3):
            await app.emit("order:approved", {"number": number})

    async def all_dead() -> bool:
        return len(await dead(app, root)) == 3

    await eventually(all_dead)
    with acting_as(root):
        await app.events.discard((await app.events.dead_letters())[0].id)
        assert await app.events.replay_all("somebody.else") == 0
        assert await app.events.replay_all("warehouse.record") == 2
        await eventually(lambda: recorder.has(2))
    assert recorder.numbers() == [1, 2]


async def test_a_user_who_is_gone_makes_a_dead_letter(  # noqa: PLR0917 - fixtures
    make_app: MakeApp,
    anna: Principal,
    root: Principal,
    users: dict[Any, Principal],
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody acts for a user who does not exist any more: the handler is not called, and the reason is told."""
    monkeypatch.setattr(attempt, "MOST_ATTEMPTS", 1)
    app, recorder = await make_app(), Recorder()
    listen(app, recorder)
    with acting_as(anna):
        await app.emit("order:approved", {"number": 1})
    del users[anna.id]
    await app.run("warehouse")

    async def is_dead() -> bool:
        return bool(await dead(app, root))

    await eventually(is_dead)
    assert (await dead(app, root))[0].error == "The user no longer exists."
    assert recorder.starts == 0


async def test_a_module_that_is_away_keeps_its_events(
    make_app: MakeApp, anna: Principal, eventually: Eventually
) -> None:
    """Events of the time in which a module did not run are delivered to it when it is back."""
    before = await make_app()
    listen(before, Recorder())
    await before.run("warehouse")
    await before.stop()
    without = await make_app()
    await without.run("orders")
    with acting_as(anna):
        await without.emit("order:approved", {"number": 7})

    async def is_kept() -> bool:
        return await waiting(without) == 1

    await eventually(is_kept)
    back, recorder = await make_app(), Recorder()
    listen(back, recorder)
    await back.run("warehouse")
    await eventually(lambda: recorder.has(1))
    assert recorder.numbers() == [7]


async def test_what_a_module_subscribes_to_no_more_becomes_dead_letters(
    make_app: MakeApp, anna: Principal, root: Principal, eventually: Eventually
) -> None:
    """A running module that has dropped a subscriber gets nothing for it, and what waited is not lost from sight."""
    before = await make_app()
    listen(before, Recorder())
    await before.run("warehouse")
    await before.stop()
    between = await make_app()
    await between.run()
    with acting_as(anna):
        await between.emit("order:approved", {"number": 7})

    async def waits() -> bool:
        return await waiting(between) == 1

    await eventually(waits)
    after = await make_app()
    await after.run("warehouse")
    letters = await dead(after, root)
    assert [letter.event.payload for letter in letters] == [{"number": 7}]
    with acting_as(anna):
        await after.emit("order:approved", {"number": 8})

    async def is_handed_on() -> bool:
        count: int = await after.connection.raw["webos_outbox"].count_documents({"pending": False})
        return count == 2

    await eventually(is_handed_on)
    assert len(await dead(after, root)) == 1


async def test_who_only_watches_is_told_in_every_process(
    make_app: MakeApp, anna: Principal, eventually: Eventually
) -> None:
    """A subscriber that is not durable sees a committed event in each process that has it, as the emitter."""
    apps = [await make_app(), await make_app()]
    recorders = [Recorder(), Recorder()]
    for app, recorder in zip(apps, recorders, strict=True):
        app.bus.subscribe("order:*", recorder)
        await app.run()
    with acting_as(anna):
        await apps[0].emit("order:approved", {"number": 1})

    for recorder in recorders:
        await eventually(functools.partial(recorder.has, 1))
        assert [name for name, _ in recorder.actors] == ["anna"]


async def test_a_handler_may_emit_in_a_transaction(make_app: MakeApp, anna: Principal, eventually: Eventually) -> None:
    """What a handler emits durably is delivered as well, under the same user and trace, also to itself."""
    app, recorder = await make_app(), Recorder()

    async def pass_on(event: EventEnvelope) -> None:
        await recorder(event)
        if event.payload["number"] < 3:
            await app.emit("order:passed", {"number": event.payload["number"] + 1})

    listen(app, pass_on)
    await app.run("warehouse")
    with acting_as(anna, "b" * 32):
        await app.emit("order:approved", {"number": 1})

    await eventually(lambda: recorder.has(3))
    assert recorder.numbers() == [1, 2, 3]
    assert set(recorder.actors) == {("anna", "b" * 32)}


async def test_a_payload_that_is_not_json_is_refused(make_app: MakeApp, anna: Principal) -> None:
    """What could not be delivered as it was given is refused at once, and takes the transaction with it."""
    app = await make_app()
    with (
        acting_as(anna),
        pytest.raises(InvalidInputError, match=r"the payload of order:approved\['when'\] is a object"),
    ):
        await app.emit("order:approved", {"when": object()})
    assert await app.connection.raw["webos_outbox"].count_documents({}) == 0
