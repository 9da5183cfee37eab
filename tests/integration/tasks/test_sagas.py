"""Sagas: forward, backward when a step fails, stuck where nothing helps, and resumed by hand."""

import asyncio
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from webos.events import EventEnvelope
from webos.kernel.context import Principal, acting_as, current_trace_id, current_user
from webos.kernel.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
)
from webos.sdk import SagaService
from webos.tasks import Saga, SagaState, TaskState, step
from webos.tasks.progress import ProgressReporter
from webos.tasks.saga import engine as saga_engine
from webos.tasks.saga.record import Phase
from webos.tasks.saga.store import SagaLostError, SagaStore
from webos.tasks.saga.task import SagaFailedError


class Log:
    """What the saga of this file has done, and what it is to do."""

    lines: ClassVar[list[str]] = []
    keys: ClassVar[dict[str, set[str]]] = {}
    fail: ClassVar[dict[str, list[BaseException]]] = {}
    actors: ClassVar[set[tuple[str, str]]] = set()
    waiting: ClassVar[asyncio.Event]
    gate: ClassVar[asyncio.Event]


class PlaceOrder(Saga):
    """Reserve, charge, confirm."""

    compensation_attempts = 2

    def _note(self, name: str, step: str) -> None:
        Log.lines.append(name)
        Log.keys.setdefault(step, set()).add(self.key)
        Log.actors.add((current_user().username, current_trace_id()))
        if Log.fail.get(name):
            raise Log.fail[name].pop(0)

    @step(compensate="release")
    async def reserve(self, data: dict[str, Any]) -> dict[str, Any]:
        """Reserve."""
        self._note("reserve", "reserve")
        Log.waiting.set()
        await Log.gate.wait()
        return {"reserved": data["quantity"]}

    async def release(self, data: dict[str, Any]) -> None:
        """Take the reservation back."""
        self._note("release", "reserve")
        await self.bus.emit("stock:released", {"quantity": data["quantity"], "reserved": data.get("reserved")})

    @step(compensate="refund", max_starts=2)
    async def charge(self, data: dict[str, Any]) -> dict[str, Any]:
        """Charge."""
        assert data["reserved"] == data["quantity"]
        data["lost"] = True
        self._note("charge", "charge")
        return {"charged": True}

    async def refund(self, data: dict[str, Any]) -> None:  # noqa: ARG002 - the form of a compensation
        """Give the money back."""
        self._note("refund", "charge")

    @step()
    async def confirm(self, data: dict[str, Any]) -> None:  # noqa: ARG002 - the form of a step
        """Confirm; there is nothing to undo."""
        self._note("confirm", "confirm")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    Log.lines.clear()
    Log.keys.clear()
    Log.fail.clear()
    Log.actors.clear()
    Log.waiting, Log.gate = asyncio.Event(), asyncio.Event()
    Log.gate.set()
    monkeypatch.setattr(saga_engine, "_LONGEST_PAUSE", 0.05)


async def start(start_app: Any, **options: Any) -> Any:
    app = await start_app(**options)
    sagas: SagaService = app.tasks.sagas
    assert sagas.register("orders", PlaceOrder) == "orders.PlaceOrder"
    return app


async def run_again(app: Any, saga_id: str) -> None:
    """Run the task of a saga as a worker does that was told of it once too often."""
    task_class = app.tasks._registry.class_of("orders.PlaceOrder")
    wiring: Any = SimpleNamespace(
        id="again", attempt=1, bus=None, name="", messenger=None, checkpoint={}, progress=ProgressReporter(_nothing)
    )
    await task_class(wiring).run(saga_id)


async def _nothing(_: dict[str, Any]) -> None: ...


async def test_steps_run_in_order_with_what_the_former_returned(start_app: Any, anna: Principal) -> None:
    """A saga runs its steps as the user who started it; what they return is merged into its data, and it is one task."""
    app = await start(start_app)
    with acting_as(anna, "f" * 32):
        saga = await PlaceOrder.start({"quantity": 3})
        record = await saga.wait(20)
        task = (await app.tasks.list_for(anna.id))[0]
    assert Log.lines == ["reserve", "charge", "confirm"]
    assert (record.state, saga.state) == (SagaState.DONE, SagaState.DONE)
    assert record.data == {"quantity": 3, "reserved": 3, "charged": True}
    assert [(entry.step, entry.phase.value) for entry in record.log] == [
        (name, phase) for name in ("reserve", "charge", "confirm") for phase in ("intent", "done")
    ]
    assert Log.actors == {("anna", "f" * 32)}
    assert Log.keys == {name: {f"{saga.id}:{name}"} for name in ("reserve", "charge", "confirm")}
    assert (task.id, task.name, task.title, task.state) == (
        record.task_id,
        "orders.PlaceOrder",
        "Place order",
        TaskState.DONE,
    )


async def test_a_failure_undoes_what_was_begun_in_reverse(start_app: Any, anna: Principal) -> None:
    """When a step fails, it and those before it are undone, the last first, with the same keys; the task says why."""
    app = await start(start_app)
    events: list[EventEnvelope] = []

    async def keep(event: EventEnvelope) -> None:
        events.append(event)

    app.bus.subscribe("stock:*", keep)
    Log.fail["charge"] = [ConflictError("the card was declined")]
    with acting_as(anna):
        saga = await PlaceOrder.start({"quantity": 3})
        record = await saga.wait(20)
        task = await app.tasks.get(record.task_id)
        with pytest.raises(SagaFailedError, match="What had been done was undone"):
            await run_again(app, saga.id)
    assert Log.lines == ["reserve", "charge", "refund", "release"]
    assert (record.state, record.error) == (SagaState.COMPENSATED, "Charge: the card was declined")
    assert "lost" not in record.data
    assert (task.state, task.error) == (
        TaskState.FAILED,
        "Charge: the card was declined. What had been done was undone.",
    )
    assert Log.keys == {name: {f"{saga.id}:{name}"} for name in ("reserve", "charge")}
    await app.bus.drain(5)
    assert [(event.payload, event.source) for event in events] == [({"quantity": 3, "reserved": 3}, "orders")]


async def test_an_error_that_passes_is_tried_again(start_app: Any, anna: Principal) -> None:
    """A step whose service is away is started again, and counts as failed after its last start."""
    await start(start_app)
    Log.fail["charge"] = [UnavailableError("the bank is closed")]
    with acting_as(anna):
        assert (await (await PlaceOrder.start({"quantity": 1})).wait(20)).state is SagaState.DONE
        assert Log.lines == ["reserve", "charge", "charge", "confirm"]
        Log.fail["charge"] = [UnavailableError("the bank is closed"), UnavailableError("the bank is closed")]
        record = await (await PlaceOrder.start({"quantity": 1})).wait(20)
    assert (record.state, record.log[-1].phase.value) == (SagaState.COMPENSATED, "undone")


async def test_a_compensation_is_tried_again_and_then_stuck(
    start_app: Any, anna: Principal, bert: Principal, root: Principal
) -> None:
    """A compensation that keeps failing leaves the saga to an administrator; resumed by him, it goes on as its user."""
    app = await start(start_app)
    Log.fail["confirm"] = [ValueError("secret")]
    Log.fail["refund"] = [ConflictError("the till is locked")] * 3
    with acting_as(anna):
        saga = await PlaceOrder.start({"quantity": 1})
        record = await saga.wait(20)
    reason = "Confirm: Something went wrong (ValueError). Charge could not be undone: the till is locked"
    assert (record.state, record.error) == (SagaState.STUCK, reason)
    assert Log.lines == ["reserve", "charge", "confirm", "refund", "refund"]
    for user in (anna, bert):
        with acting_as(user):
            with pytest.raises(PermissionDeniedError):
                await app.tasks.sagas.list_stuck()
            with pytest.raises(PermissionDeniedError):
                await app.tasks.sagas.resume(saga.id)
    with acting_as(bert), pytest.raises(NotFoundError):
        await saga.record()
    Log.actors.clear()
    with acting_as(root):
        assert [each.id for each in await app.tasks.sagas.list_stuck()] == [saga.id]
        await app.tasks.sagas.resume(saga.id)
        record = await saga.wait(20)
        assert await app.tasks.sagas.list_stuck() == []
        with pytest.raises(ConflictError):
            await app.tasks.sagas.resume(saga.id)
    assert record.state is SagaState.COMPENSATED
    assert Log.lines[5:] == ["refund", "refund", "release"]
    assert {name for name, _ in Log.actors} == {"anna"}


@pytest.mark.parametrize("by_task", [False, True])
async def test_who_stops_a_saga_has_it_undone(start_app: Any, anna: Principal, by_task: bool) -> None:  # noqa: FBT001
    """A saga that is cancelled, also through its task, ends the step that runs and undoes what was done."""
    app = await start(start_app)
    Log.gate.clear()
    with acting_as(anna):
        saga = await PlaceOrder.start({"quantity": 1})
        await asyncio.wait_for(Log.waiting.wait(), 10)
        if by_task:
            await app.tasks.cancel((await saga.record()).task_id)
        else:
            await saga.cancel()
        Log.gate.set()
        record = await saga.wait(20)
        assert (record.state, record.error) == (SagaState.COMPENSATED, "It was stopped")
        with pytest.raises(ConflictError):
            await saga.cancel()
    assert Log.lines == ["reserve", "release"]


async def test_a_saga_belongs_to_the_callers_transaction(start_app: Any, anna: Principal) -> None:
    """A saga started in a transaction begins when that is committed; after a rollback there is none."""
    app = await start(start_app)
    with acting_as(anna):
        async with app.connection.client.start_session() as session:
            await session.start_transaction()
            lost = await PlaceOrder.start({"quantity": 1}, session=session)
            await session.abort_transaction()
            await session.start_transaction()
            kept = await PlaceOrder.start({"quantity": 2}, session=session)
            await session.commit_transaction()
        assert (await kept.wait(20)).state is SagaState.DONE
        with pytest.raises(NotFoundError):
            await lost.record()
    assert await app.connection.raw["webos_sagas"].count_documents({}) == 1
    assert await app.connection.raw["webos_tasks"].count_documents({}) == 1


async def test_a_saga_whose_user_is_gone_waits_for_an_administrator(
    start_app: Any, anna: Principal, root: Principal, users: dict[Any, Principal]
) -> None:
    """Nothing is done, nor undone, for a user who may not act any more; when he may again, the saga goes on."""
    app = await start(start_app, worker=False)
    with acting_as(anna):
        saga = await PlaceOrder.start({"quantity": 1})
    del users[anna.id]
    await app.tasks.run_worker()
    with acting_as(root):
        record = await saga.wait(20)
        assert (record.state, Log.lines) == (SagaState.STUCK, [])
        assert record.error == "Its user may not act any more: The user no longer exists."
        users[anna.id] = anna
        await app.tasks.sagas.resume(saga.id)
        assert (await saga.wait(20)).state is SagaState.DONE


async def test_a_zombie_engine_writes_nothing(start_app: Any, anna: Principal) -> None:
    """An engine whose saga was claimed by another meets the fence at its next write, whatever that is."""
    app = await start(start_app, worker=False)
    store = SagaStore(app.connection.raw["webos_sagas"])
    with acting_as(anna):
        saga = await PlaceOrder.start({"quantity": 1})
    zombie = await store.claim(saga.id)
    assert zombie is not None
    other = await store.claim(saga.id)
    assert other is not None
    assert other.fence == zombie.fence + 1
    before = await app.connection.raw["webos_sagas"].find_one({})
    for state in SagaState:
        with pytest.raises(SagaLostError):
            await store.enter(zombie, state)
    with pytest.raises(SagaLostError):
        await store.note(zombie, "reserve", Phase.INTENT, data={"quantity": 9})
    assert await app.connection.raw["webos_sagas"].find_one({}) == before


async def test_an_engine_that_was_overtaken_does_nothing_more(start_app: Any, anna: Principal) -> None:
    """Taken over in the middle of a step, a worker starts no further step; the saga comes to its end all the same."""
    app = await start(start_app)
    store = SagaStore(app.connection.raw["webos_sagas"])
    Log.gate.clear()
    with acting_as(anna):
        saga = await PlaceOrder.start({"quantity": 1})
        await asyncio.wait_for(Log.waiting.wait(), 10)
        await store.claim(saga.id)
        Log.gate.set()
        record = await saga.wait(20)
    assert record.state is SagaState.DONE
    # The one that was overtaken could not note that it had reserved; the next one did that again, with the same key.
    assert Log.lines == ["reserve", "reserve", "charge", "confirm"]
    assert Log.keys["reserve"] == {f"{saga.id}:reserve"}


async def test_what_cannot_be_a_saga_is_refused(start_app: Any, anna: Principal) -> None:
    """Wrong data, wrong results and wrong classes are told with their reason."""
    app = await start(start_app)

    class Empty(Saga):
        """Has no steps."""

    class Missing(Saga):
        """Has no compensation."""

        @step(compensate="nothing")
        async def act(self, data: dict[str, Any]) -> None:
            """Act."""

    class Wrong(Saga):
        """Returns what it must not."""

        @step()
        async def act(self, data: dict[str, Any]) -> list[int]:  # noqa: ARG002 - the form of a step
            """Act."""
            return [1]

    with acting_as(anna):
        with pytest.raises(ConfigurationError, match="Empty is not registered"):
            await Empty.start()
        with pytest.raises(ConfigurationError, match="Empty has no steps"):
            app.tasks.sagas.register("orders", Empty)
        with pytest.raises(ConfigurationError, match=r"needs `async def nothing\(self, data\)`"):
            app.tasks.sagas.register("orders", Missing)
        with pytest.raises(InvalidInputError, match=r"the data of PlaceOrder\['when'\]"):
            await PlaceOrder.start({"when": object()})
        app.tasks.sagas.register("orders", Wrong)
        record = await (await Wrong.start()).wait(20)
        assert record.error == "Act: act returned a list; steps return a dictionary or nothing"
        app.tasks.unregister_module("orders")
        with pytest.raises(ConfigurationError):
            await PlaceOrder.start()
