"""Which worker gets which task, and how often."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from webos.data.connection import Connection
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConfigurationError
from webos.tasks import BaseTask, TaskState

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


class Note(BaseTask):
    """Notes that it ran."""

    ran: ClassVar[Counter[int]] = Counter()

    async def run(self, number: int) -> int:
        """Count one start of `number`."""
        self.ran[number] += 1
        await asyncio.sleep(0)
        return number


class Hold(BaseTask):
    """Runs until it is let go."""

    lease = 2
    gate: ClassVar[asyncio.Event]
    running: ClassVar[set[str]] = set()
    starts: ClassVar[Counter[str]] = Counter()

    async def run(self) -> None:
        """Wait for the gate."""
        self.running.add(self.id)
        self.starts[self.id] += 1
        try:
            await self.gate.wait()
        finally:
            self.running.discard(self.id)


@pytest.fixture(autouse=True)
def _clean() -> None:
    Note.ran.clear()
    Hold.gate = asyncio.Event()
    Hold.running.clear()
    Hold.starts.clear()


def queue(mongo: Connection) -> Any:
    return mongo.raw["webos_task_queue"]


async def test_three_workers_run_each_task_once(
    start_app: Any, mongo: Connection, anna: Principal, eventually: Eventually
) -> None:
    """Workers that fight over one queue start every task exactly once and leave nothing behind."""
    apps = [await start_app(slots=8) for _ in range(3)]
    for app in apps:
        app.tasks.register("shop", Note)
    with acting_as(anna):
        for first in range(0, 300, 30):
            await asyncio.gather(*(apps[0].tasks.submit(Note, (number,)) for number in range(first, first + 30)))

    async def all_done() -> bool:
        return bool(await mongo.raw["webos_tasks"].count_documents({"state": "done"}) == 300)

    await eventually(all_done)
    assert Note.ran == Counter(range(300))
    assert await mongo.raw["webos_tasks"].count_documents({"attempts": 1}) == 300

    async def nothing_left() -> bool:
        return bool(await queue(mongo).count_documents({}) == 0)

    await eventually(nothing_left)


async def test_a_worker_takes_no_more_than_it_can_start(
    start_app: Any, mongo: Connection, anna: Principal, eventually: Eventually
) -> None:
    """Of ten tasks, a worker with three slots holds three; a second worker gets its share at once."""
    first = await start_app(slots=3)
    first.tasks.register("shop", Hold)
    with acting_as(anna):
        for _ in range(10):
            await Hold.kiq()

    async def three_run() -> bool:
        return len(Hold.running) == 3

    await eventually(three_run)
    assert await queue(mongo).count_documents({"owner": {"$ne": None}}) == 3
    second = await start_app(slots=2)
    second.tasks.register("shop", Hold)

    async def five_run() -> bool:
        return len(Hold.running) == 5

    await eventually(five_run)
    assert await queue(mongo).count_documents({"owner": {"$ne": None}}) == 5
    Hold.gate.set()

    async def all_done() -> bool:
        return bool(await mongo.raw["webos_tasks"].count_documents({"state": "done"}) == 10)

    await eventually(all_done)


async def test_a_task_longer_than_its_lease_starts_once(
    start_app: Any, anna: Principal, eventually: Eventually
) -> None:
    """While its worker lives, nobody else starts a task, however long it takes."""
    for _ in range(2):
        (await start_app()).tasks.register("shop", Hold)
    with acting_as(anna):
        handle = await Hold.kiq()
        begun = datetime.now(UTC)

        async def twice_the_lease_is_over() -> bool:
            return (datetime.now(UTC) - begun).total_seconds() > 2 * Hold.lease

        await eventually(twice_the_lease_is_over)
        record = await handle.record()
        assert record.heartbeat is not None
        assert record.heartbeat > begun
        Hold.gate.set()
        record = await handle.wait(10)
    assert Hold.starts == {handle.id: 1}
    assert (record.state, record.attempts) == (TaskState.DONE, 1)


async def test_a_task_that_nobody_knows_waits(start_app: Any, mongo: Connection, anna: Principal) -> None:
    """A task of a module that does not run is kept, hinders no other, and runs when its module does."""
    elsewhere = await start_app(worker=False)
    elsewhere.tasks.register("crm", Note)
    here = await start_app()
    here.tasks.register("shop", Hold)
    with acting_as(anna):
        unknown = await elsewhere.tasks.submit(Note, (1,))
        Hold.gate.set()
        known = await here.tasks.submit(Hold)
        assert (await known.wait(10)).state is TaskState.DONE
        assert (await unknown.record()).state is TaskState.QUEUED
        message = await queue(mongo).find_one({"_id": unknown.id})
        assert (message["owner"], message["attempts"]) == (None, 0)
        here.tasks.register("crm", Note)
        assert (await unknown.wait(10)).state is TaskState.DONE
        here.tasks.unregister_module("crm")
        later = await elsewhere.tasks.submit(Note, (2,))
        assert (await (await here.tasks.submit(Hold)).wait(10)).state is TaskState.DONE
        assert (await later.record()).state is TaskState.QUEUED


async def test_a_message_that_cannot_be_read_is_parked(
    start_app: Any, mongo: Connection, anna: Principal, eventually: Eventually
) -> None:
    """Garbage under a known name is kept for people to look at, and the worker goes on."""
    app = await start_app()
    app.tasks.register("shop", Note)
    await queue(mongo).insert_one(
        {
            "_id": "garbage",
            "name": "shop.Note",
            "body": b"\xff",
            "run_at": datetime.now(UTC),
            "owner": None,
            "attempts": 0,
            "max_attempts": 3,
            "lease_ms": 10_000,
        }
    )

    async def parked() -> bool:
        return "parked" in (await queue(mongo).find_one({"_id": "garbage"}))

    await eventually(parked)
    assert (await queue(mongo).find_one({"_id": "garbage"}))["run_at"] is None
    with acting_as(anna):
        assert (await (await Note.kiq(1)).wait(10)).result == 1


async def test_a_task_that_never_ends_well_is_given_up(start_app: Any, mongo: Connection, anna: Principal) -> None:
    """After as many starts as it may have, a task fails with a reason and its message is parked."""
    app = await start_app(worker=False)
    app.tasks.register("shop", Note)
    with acting_as(anna):
        handle = await Note.kiq(1)
        # As it is after as many processes died with it.
        await queue(mongo).update_one({"_id": handle.id}, {"$set": {"attempts": Note.max_attempts}})
        await app.tasks.run_worker()
        record = await handle.wait(10)
    assert record.state is TaskState.FAILED
    assert "started 5 times" in record.error
    assert Note.ran == {}


async def test_another_process_starts_a_task_without_polling(
    start_app: Any, anna: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Submitting wakes the workers of this and of every other process."""
    monkeypatch.setattr("webos.tasks.broker._POLL_SECONDS", 3600)
    monkeypatch.setattr("webos.tasks.queries._LOOK_SECONDS", 3600)
    worker = await start_app()
    submitter = await start_app(worker=False)
    for app in (submitter, worker):
        app.tasks.register("shop", Note)
    with acting_as(anna):
        for app in (submitter, worker):
            for _ in range(3):
                assert (await (await app.tasks.submit(Note, (1,))).wait(20)).state is TaskState.DONE


async def test_who_lost_his_lease_ends_and_writes_nothing(
    start_app: Any, mongo: Connection, anna: Principal, eventually: Eventually
) -> None:
    """A worker that was taken for dead stops its task and leaves document and message to the one that took over."""
    app = await start_app()
    app.tasks.register("shop", Hold)
    with acting_as(anna):
        handle = await Hold.kiq()

        async def runs() -> bool:
            return handle.id in Hold.running

        await eventually(runs)
        # As another worker does it.
        await mongo.raw["webos_tasks"].update_one({"_id": handle.id}, {"$set": {"fence": "other", "percent": 7.0}})
        await queue(mongo).update_one({"_id": handle.id}, {"$set": {"owner": "other"}})

        async def ended() -> bool:
            return handle.id not in Hold.running

        await eventually(ended)
        await app.tasks.stop_worker()
        record = await handle.record()
    assert (record.state, record.percent) == (TaskState.RUNNING, 7.0)
    assert (await queue(mongo).find_one({"_id": handle.id}))["owner"] == "other"


async def test_tasks_of_one_name_are_refused(start_app: Any) -> None:
    """A second task of a name, a lease that cannot be kept, and a class without work are refused when registered."""
    app = await start_app(worker=False)
    assert app.tasks.register("shop", Note) == "shop.Note"
    with pytest.raises(ConfigurationError, match=r"shop\.Note already"):
        app.tasks.register("shop", type("Note", (Note,), {}))

    class Hasty(Note):
        """Has too short a lease."""

        lease = 0.5

    with pytest.raises(ConfigurationError, match="lease"):
        app.tasks.register("shop", Hasty)
    with pytest.raises(ConfigurationError, match="async def run"):
        app.tasks.register("shop", type("Idle", (BaseTask,), {}))
    app.tasks.unregister(Note)
    with pytest.raises(ConfigurationError, match="not registered"):
        await Note.kiq(1)
