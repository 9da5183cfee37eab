"""Tasks outlive their process, its stop, and an outage of the database."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pymongo.errors import PyMongoError

from webos.data.connection import Connection
from webos.data.embedded import EmbeddedServer
from webos.data.endpoint import Endpoint
from webos.kernel.context import Principal, acting_as
from webos.tasks import BaseTask, TaskState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


class Survivor(BaseTask):
    """Stands for the task of the worker process, to be submitted here."""

    lease = 2

    async def run(self, path: str, steps: int, pause: float) -> int:
        """Run there."""
        raise NotImplementedError


class Steps(BaseTask):
    """Goes through steps, keeps a checkpoint after each, and waits where it is told."""

    waiting: ClassVar[asyncio.Event]
    gate: ClassVar[asyncio.Event]
    seen: ClassVar[list[tuple[int, int]]] = []

    async def run(self, steps: int, wait_before: int) -> int:
        """Wait before one of the steps."""
        first = int(self.restored.get("next", 0))
        for step in range(first, steps):
            if step == wait_before:
                self.waiting.set()
                await self.gate.wait()
            self.seen.append((self.attempt, step))
            await self.report(step + 1, steps)
            await self.checkpoint({"next": step + 1})
        return first


class Flaky(BaseTask):
    """Fails as often as it is told, with an error that passes by itself."""

    max_attempts = 2
    retry_on = (KeyError,)

    async def run(self, failures: int) -> int:
        """Return which attempt succeeded."""
        if self.attempt <= failures:
            msg = "try again"
            raise KeyError(msg)
        return self.attempt


class Write(BaseTask):
    """Counts its starts and writes to the database."""

    starts: ClassVar[Counter[int]] = Counter()
    connection: ClassVar[Connection]

    async def run(self, number: int) -> None:
        """Write one document."""
        self.starts[number] += 1
        await self.connection.raw["effects"].update_one({"_id": number}, {"$set": {"done": True}}, upsert=True)


@pytest.fixture(autouse=True)
def _clean() -> None:
    Steps.waiting, Steps.gate = asyncio.Event(), asyncio.Event()
    Steps.seen.clear()
    Write.starts.clear()


@asynccontextmanager
async def worker_process(
    mongo: Connection, endpoint: Endpoint, user: Principal, folder: Path
) -> "AsyncIterator[asyncio.subprocess.Process]":
    file = folder / "endpoint.json"
    if endpoint.url is None:
        endpoint.write(file)
    script = Path(__file__).with_name("worker_process.py")
    process = await asyncio.create_subprocess_exec(sys.executable, str(script), mongo.raw.name, str(user.id), str(file))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_killed_worker_loses_nothing(
    start_app: Any, mongo_endpoint: Endpoint, anna: Principal, tmp_path: Path, eventually: Eventually
) -> None:
    """After kill -9 in the middle of a task, another worker takes it over and goes on from the last checkpoint."""
    app = await start_app(worker=False)
    mongo = app.connection
    app.tasks.register("shop", Survivor)
    log = tmp_path / "steps.log"

    async def five_steps() -> bool:
        return log.exists() and len(log.read_text().splitlines()) >= 5

    with acting_as(anna):
        handle = await Survivor.kiq(str(log), 12, 0.1)
        async with worker_process(mongo, mongo_endpoint, anna, tmp_path) as process:
            await eventually(five_steps)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert (await handle.record()).state is TaskState.RUNNING
        async with worker_process(mongo, mongo_endpoint, anna, tmp_path):
            record = await handle.wait(30)
    lines = [tuple(map(int, line.split())) for line in log.read_text().splitlines()]
    assert (record.state, record.attempts, record.percent) == (TaskState.DONE, 2, 100.0)
    assert record.result >= 4
    assert {step for _, step in lines} == set(range(12))
    # At most the step between the write and its checkpoint came twice.
    assert len(lines) <= 13
    assert min(step for attempt, step in lines if attempt == 2) == record.result


async def test_a_stopped_worker_hands_its_task_on(start_app: Any, mongo: Connection, anna: Principal) -> None:
    """A stop gives a running task back at once: it goes on elsewhere from its checkpoint, as the same attempt."""
    first = await start_app()
    first.tasks.register("shop", Steps)
    with acting_as(anna):
        handle = await Steps.kiq(6, 3)
        await asyncio.wait_for(Steps.waiting.wait(), 10)
        await first.tasks.stop_worker(grace=0)
        record = await handle.record()
        assert (record.state, record.done, record.total) == (TaskState.QUEUED, 3, 6)
        message = await mongo.raw["webos_task_queue"].find_one({"_id": handle.id})
        assert message is not None
        assert (message["owner"], message["attempts"]) == (None, 0)
        Steps.gate.set()
        second = await start_app()
        second.tasks.register("shop", Steps)
        record = await handle.wait(10)
    assert (record.state, record.result, record.attempts) == (TaskState.DONE, 3, 1)
    assert Steps.seen == [(1, step) for step in range(6)]


async def test_a_stop_lets_tasks_end_that_are_about_to(start_app: Any, anna: Principal) -> None:
    """Within the grace of a stop a task comes to its end, and what waits is not started any more."""
    app = await start_app(slots=1)
    app.tasks.register("shop", Steps)
    with acting_as(anna):
        handle = await Steps.kiq(2, 1)
        later = await Steps.kiq(2, 5)
        await asyncio.wait_for(Steps.waiting.wait(), 10)
        stopping = asyncio.create_task(app.tasks.stop_worker(grace=20))
        await asyncio.sleep(0)
        Steps.gate.set()
        await stopping
        assert (await handle.record()).state is TaskState.DONE
        assert (await later.record()).state is TaskState.QUEUED
        await app.tasks.run_worker()
        assert (await later.wait(10)).state is TaskState.DONE


@pytest.mark.parametrize(("failures", "state", "result"), [(1, TaskState.DONE, 2), (2, TaskState.FAILED, None)])
async def test_errors_that_pass_are_tried_again(
    start_app: Any, anna: Principal, failures: int, state: TaskState, result: int | None
) -> None:
    """After an error that its class declares as passing, a task is started again, as often as it may be."""
    app = await start_app()
    app.tasks.register("shop", Flaky)
    with acting_as(anna):
        record = await (await Flaky.kiq(failures)).wait(20)
    assert (record.state, record.result, record.attempts) == (state, result, 2)


async def test_an_outage_of_the_database_delays_and_loses_nothing(
    start_app: Any, anna: Principal, tmp_path: Path, eventually: Eventually
) -> None:
    """After kill -9 of the database and its return, every acknowledged task comes to its end, and the worker goes on."""
    server = EmbeddedServer(tmp_path)
    connection = await Connection.open(await server.start(), "outage")
    Write.connection = connection
    try:
        app = await start_app(slots=4, connection=connection)
        app.tasks.register("shop", Steps)
        app.tasks.register("shop", Write)
        seen: set[tuple[str, TaskState]] = set()
        app.tasks.subscribe_changes(lambda record: seen.add((record.id, record.state)))
        with acting_as(anna):
            long = await Steps.kiq(6, 3)
            await asyncio.wait_for(Steps.waiting.wait(), 10)
            handles = [await Write.kiq(number) for number in range(40)]
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            await server.wait()
            Steps.gate.set()
            endpoint = await server.start()
            assert endpoint.port == int(connection.address.rpartition(":")[2])

            async def all_done() -> bool:
                try:
                    return await connection.raw["webos_tasks"].count_documents({"state": "done"}) == 41
                except PyMongoError:
                    return False

            await eventually(all_done)

            async def all_seen() -> bool:
                return all((handle.id, TaskState.DONE) in seen for handle in [long, *handles])

            await eventually(all_seen)
            assert {step for _, step in Steps.seen} == set(range(6))
            assert (await long.record()).percent == 100.0
            assert await connection.raw["effects"].count_documents({}) == len(handles)
            assert (await (await Write.kiq(99)).wait(20)).state is TaskState.DONE
        await app.stop()
    finally:
        await connection.close()
        await server.stop()
