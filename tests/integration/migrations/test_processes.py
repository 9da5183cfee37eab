"""Migrations of which the process is killed, paused, or not alone."""

import asyncio
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.migrations.project import Project
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.data.migrations import LeaseLostError, MigratedModule, Migrator

Child = subprocess.Popen[str]
Launcher = Callable[[float], Child]

SCRIPT = Path(__file__).with_name("runner_process.py")
IN_BATCHES = """
    import asyncio

    async def forward(ctx):
        async for batch in ctx.batches("orders.Order", size=100):
            await batch.update({"$inc": {"quantity": 1}})
            await asyncio.sleep(0.02)
"""
AT_A_SIGN = """
    import asyncio
    from pathlib import Path

    async def forward(ctx):
        orders = ctx.collection("orders.Order")
        await orders.count_documents({{}})
        Path({started!r}).touch()
        while not Path({sign!r}).exists():
            await asyncio.sleep(0.01)
        await orders.update_many({{}}, {{"$inc": {{"quantity": 1}}}})
"""


@pytest.fixture
def orders(project: Project) -> MigratedModule:
    """A module whose migrations a test writes."""
    return MigratedModule("orders", "orders", project.module("orders"), models={"orders.Order": "orders.Order"})


@pytest.fixture
def launch(orders: MigratedModule, mongo: Connection, mongo_endpoint: Endpoint, tmp_path: Path) -> Iterator[Launcher]:
    """Runs the migrations of the module in another process."""
    file = tmp_path / "endpoint.json"
    if mongo_endpoint.url is None:
        mongo_endpoint.write(file)
    children: list[Child] = []

    def run(lease_seconds: float) -> Child:
        arguments = [mongo.raw.name, str(orders.folder), str(lease_seconds), str(file)]
        children.append(
            subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, str(SCRIPT), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )
        return children[-1]

    yield run
    for child in children:
        child.kill()
        child.communicate()


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def _said(child: Child) -> str:
    return (await asyncio.to_thread(child.communicate, timeout=60))[0]


async def _store(mongo: Connection, count: int) -> None:
    for start in range(0, count, 10_000):
        rows = [
            {"number": f"A{each}", "quantity": 0, "revision": 1} for each in range(start, min(count, start + 10_000))
        ]
        await mongo.raw["orders.Order"].insert_many(rows)


async def _entry(mongo: Connection) -> dict[str, Any]:
    return await mongo.raw["webos_migrations"].find_one({"module": "orders"}) or {}


async def _quantities(mongo: Connection) -> list[Any]:
    return await mongo.raw["orders.Order"].distinct("quantity")


async def test_a_killed_migration_goes_on_where_it_was(
    project: Project, orders: MigratedModule, mongo: Connection, launch: Launcher, log_lines: list[str]
) -> None:
    """After kill -9 in the middle of its batches every document is changed once, and the log says so."""
    project.migration("orders", "0001_count", IN_BATCHES)
    await _store(mongo, 5_000)
    child = launch(1.0)

    async def is_under_way() -> bool:
        points = (await _entry(mongo)).get("checkpoints") or [{"done": 0}]
        return bool(points[0]["done"] >= 700)

    await _until(is_under_way)
    child.kill()
    before = await _entry(mongo)
    migrator = Migrator(mongo.raw)
    reported: list[int] = []
    migrator = Migrator(mongo.raw, on_progress=lambda progress: reported.append(progress.done))
    async with migrator.lease() as lease:
        await migrator.migrate(orders, lease)

    assert before["finished"] is False
    assert await _quantities(mongo) == [1]
    assert (await _entry(mongo))["finished"] is True
    assert reported[0] == before["checkpoints"][0]["done"] + 100
    assert reported[-1] == 5_000
    assert any("going on behind" in line for line in log_lines)


async def test_two_processes_at_once_run_each_migration_once(
    project: Project, mongo: Connection, launch: Launcher
) -> None:
    """Of two that start at the same moment one runs the migrations; the other waits, says so, and finds all done."""
    project.migration("orders", "0001_count", IN_BATCHES)
    project.migration("orders", "0002_again", IN_BATCHES)
    await _store(mongo, 1_000)

    said = await asyncio.gather(*(_said(child) for child in [launch(5.0), launch(5.0)]))

    assert sorted(text.splitlines()[-1] for text in said) == ["ran 0", "ran 2"], said
    waiter = next(text for text in said if "ran 0" in text)
    assert "waiting for" in waiter
    assert await _quantities(mongo) == [2]


async def test_a_paused_process_cannot_finish_what_another_has_done(
    project: Project, orders: MigratedModule, mongo: Connection, launch: Launcher, tmp_path: Path
) -> None:
    """A runner that was paused until another took over writes neither documents nor log when it wakes up."""
    started, sign = tmp_path / "started", tmp_path / "sign"
    project.migration("orders", "0001_count", AT_A_SIGN.format(started=str(started), sign=str(sign)))
    project.migration("orders", "0002_more", AT_A_SIGN.format(started=str(started), sign=str(sign)))
    await _store(mongo, 10)
    child = launch(1.0)

    async def has_started() -> bool:
        return started.exists()

    await _until(has_started)
    child.send_signal(signal.SIGSTOP)
    sign.touch()
    migrator = Migrator(mongo.raw)
    async with migrator.lease() as lease:
        assert len(await migrator.migrate(orders, lease)) == 2
        entries = await mongo.raw["webos_migrations"].find().to_list()
        child.send_signal(signal.SIGCONT)
        said = await _said(child)

    assert child.returncode == 1
    assert LeaseLostError.__name__ in said
    assert await _quantities(mongo) == [2]
    assert await mongo.raw["webos_migrations"].find().to_list() == entries


async def test_two_hundred_thousand_documents_take_flat_memory(
    project: Project, orders: MigratedModule, mongo: Connection
) -> None:
    """A big collection is changed batch by batch, each document once, in the memory of a few batches."""
    project.migration("orders", "0001_count", IN_BATCHES.replace("size=100", "size=2000").replace("0.02", "0"))
    await _store(mongo, 200_000)
    migrator = Migrator(mongo.raw)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async with migrator.lease() as lease:
        await migrator.migrate(orders, lease)

    assert await _quantities(mongo) == [1]
    assert (await _entry(mongo))["documents"] == [{"collection": "orders.Order", "count": 200_000}]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40_000, f"{grown} kB more"
