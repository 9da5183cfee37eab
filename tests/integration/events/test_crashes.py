"""Durable events and the sudden end of processes: nothing is lost, nothing of a rolled-back transaction is told."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from webos.data.connection import Connection
from webos.data.embedded import EmbeddedServer
from webos.data.endpoint import Endpoint
from webos.events import EventEnvelope
from webos.events.durable.attempt import MOST_ATTEMPTS
from webos.kernel.context import Principal, acting_as

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
Start = Callable[[str], Any]


@asynccontextmanager
async def process(
    endpoint: Endpoint, connection: Connection, user: Principal, folder: Path, mode: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process in a mode for as long as the block lasts."""
    file = folder / "endpoint.json"
    if endpoint.url is None:
        endpoint.write(file)
    script = str(Path(__file__).with_name("event_process.py"))
    started = await asyncio.create_subprocess_exec(
        sys.executable, script, connection.raw.name, str(user.id), mode, str(file)
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGKILL)
            await started.wait()


@pytest.fixture
def start(mongo: Connection, mongo_endpoint: Endpoint, anna: Principal, tmp_path: Path) -> Start:
    """Return a function that runs a process on the test's database in a mode."""
    return lambda mode: process(mongo_endpoint, mongo, anna, tmp_path, mode)


async def numbers(mongo: Connection) -> list[int]:
    return sorted([each["number"] async for each in mongo.raw["effects"].find()])


async def make_known(app: Any) -> None:
    """Run an application with the subscriber once, so that events are kept for it from then on."""
    app.bus.subscribe("order:*", _nothing, name="record", owner="warehouse", durable=True)
    await app.run("warehouse")
    await app.stop()


async def test_what_was_committed_before_a_crash_is_delivered_after_it(
    make_app: Any, anna: Principal, tmp_path: Path, eventually: Eventually
) -> None:
    """The event of a committed transaction reaches its subscriber after the emitter was killed; the one of an open never."""
    # A server of its own: the embedded one tells no changes while it holds the open transaction of a client that is gone.
    server = EmbeddedServer(tmp_path)
    endpoint = await server.start()
    connection = await Connection.open(endpoint, "killed")
    try:
        app = await make_app(connection=connection)
        await make_known(app)
        async with process(endpoint, connection, anna, tmp_path, "emit") as emitter:
            assert await emitter.wait() == 9
        async with process(endpoint, connection, anna, tmp_path, "deliver"):

            async def delivered() -> bool:
                return await connection.raw["webos_event_deliveries"].count_documents({"state": "done"}) == 1

            await eventually(delivered)
        assert await numbers(connection) == [1]
        assert await connection.raw["webos_outbox"].count_documents({}) == 1
    finally:
        await connection.close()
        await server.stop()


async def test_a_crash_in_the_handler_brings_the_event_again(
    start: Start, mongo: Connection, anna: Principal, make_app: Any, eventually: Eventually
) -> None:
    """An event whose handler was killed after its effect comes again; counted by its id, the effect is there once."""
    await make_known(await make_app())
    app = await make_app()
    with acting_as(anna):
        await app.emit("order:approved", {"number": 5})
    async with start("crash") as crashing:
        assert await crashing.wait() == 9
    async with start("deliver"):

        async def delivered() -> bool:
            return await mongo.raw["webos_event_deliveries"].count_documents({"state": "done"}) == 1

        await eventually(delivered)
    starts = [each["mode"] async for each in mongo.raw["starts"].find()]
    assert starts == ["crash", "deliver"]
    assert await numbers(mongo) == [5]
    delivery = await mongo.raw["webos_event_deliveries"].find_one({})
    assert delivery is not None
    assert delivery["attempts"] == 2


async def test_an_event_that_ends_every_process_is_given_up(
    start: Start, mongo: Connection, anna: Principal, make_app: Any, eventually: Eventually
) -> None:
    """A handler that takes its process with it is not started for ever: its event becomes a dead letter."""
    await make_known(await make_app())
    app = await make_app()
    with acting_as(anna):
        await app.emit("order:approved", {"number": 5})
    async with start("poison") as poisoned:
        assert await poisoned.wait() == 9
    # The other crashes are the same as this one, and each would wait for a lease.
    await mongo.raw["webos_event_deliveries"].update_one({}, {"$set": {"attempts": MOST_ATTEMPTS}})
    async with start("poison") as poisoned:

        async def is_dead() -> bool:
            return await mongo.raw["webos_event_deliveries"].count_documents({"state": "dead"}) == 1

        await eventually(is_dead)
        assert poisoned.returncode is None


async def test_two_processes_deliver_each_event_once(
    start: Start, mongo: Connection, anna: Principal, make_app: Any, eventually: Eventually
) -> None:
    """Two processes share a subscriber: each of 60 events is handled in one of them, once."""
    app = await make_app()
    async with start("deliver"), start("deliver"):

        async def known() -> bool:
            return await mongo.raw["webos_event_subscribers"].count_documents({}) == 1

        await eventually(known)
        with acting_as(anna):
            for number in range(60):
                await app.emit("order:approved", {"number": number})

        async def delivered() -> bool:
            return await mongo.raw["webos_event_deliveries"].count_documents({"state": "done"}) == 60

        await eventually(delivered)
    assert await numbers(mongo) == list(range(60))
    assert await mongo.raw["starts"].count_documents({}) == 60


async def test_an_outage_of_the_database_loses_nothing(
    make_app: Any, anna: Principal, tmp_path: Path, eventually: Eventually
) -> None:
    """What was committed before kill -9 of the database is delivered when it is back, and so is what comes after."""
    server = EmbeddedServer(tmp_path)
    connection = await Connection.open(await server.start(), "outage")
    try:
        app = await make_app(connection=connection)
        seen: set[int] = set()
        gate = asyncio.Event()

        async def handle(event: EventEnvelope) -> None:
            await gate.wait()
            seen.add(event.payload["number"])

        app.bus.subscribe("order:*", handle, name="record", owner="warehouse", durable=True)
        await app.run("warehouse")
        with acting_as(anna):
            for number in range(20):
                await app.emit("order:approved", {"number": number})
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
        gate.set()
        await server.start()
        with acting_as(anna):
            await app.emit("order:approved", {"number": 20})

        async def all_seen() -> bool:
            return seen == set(range(21))

        await eventually(all_seen)
        await app.stop()
    finally:
        await connection.close()
        await server.stop()


async def _nothing(_: EventEnvelope) -> None:
    """Stand for the handler of the process."""
