"""Several processes, and what happens when one of them dies or the disk fills up."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from diskcache_community import Cache

from tests.integration.cache import reader_process
from webos.cache import CacheService, CacheUnavailableError, HostStore, ModuleCache

Start = Callable[[], Awaitable[Process]]


async def ask(process: Process, command: str, key: str = "", value: Any = None) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([command, key, value]).encode() + b"\n")
    return json.loads(await asyncio.wait_for(process.stdout.readline(), 60))


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Yield a function that starts a process with the cache in `tmp_path`."""
    started: list[Process] = []

    async def begin() -> Process:
        path = str(reader_process.__file__)
        process = await asyncio.create_subprocess_exec(
            sys.executable, path, str(tmp_path / "cache"), str(tmp_path / "notes"), stdin=PIPE, stdout=PIPE
        )
        started.append(process)
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[ModuleCache]:
    service = CacheService(lambda: HostStore(tmp_path / "cache", limit=2**26))
    await service.start()
    yield ModuleCache(service, "shop")
    await service.stop()


async def _is_counted(cache: ModuleCache, number: int) -> bool:
    return bool(await cache.get("n", 0) >= number)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.005)


async def test_a_process_reads_what_another_has_written(start: Start, here: ModuleCache) -> None:
    """No process reads an old value after another one's write has returned."""
    there = await start()
    for number in range(150):
        await here.set("a", number)
        assert await ask(there, "get", "a") == number
        await ask(there, "set", "a", -number)
        assert await here.get("a") == -number


async def test_processes_count_and_compute_together(start: Start, tmp_path: Path) -> None:
    """Three processes lose no count, and compute each value once between them."""
    three = await asyncio.gather(start(), start(), start())
    await asyncio.gather(*(ask(process, "count", "n", 100) for process in three))
    assert await ask(three[0], "get", "n") == 300
    answers = await asyncio.gather(*(ask(process, "double", value=30) for process in three))
    assert answers == [[number * 2 for number in range(30)]] * 3
    computed = [int(line) for line in (tmp_path / "notes").read_text().splitlines()]
    assert sorted(computed) == list(range(30))


async def test_a_killed_process_leaves_all_that_was_acknowledged(start: Start, here: ModuleCache) -> None:
    """After kill -9 in the midst of writes, what had returned is there and the cache goes on working."""
    there = await start()
    await ask(there, "set", "kept", "yes")
    counting = asyncio.create_task(ask(there, "count", "n", 1_000_000))
    await _until(lambda: _is_counted(here, 50))
    there.kill()
    await there.wait()
    counting.cancel()
    counted = await here.get("n")
    assert await here.get("kept") == "yes"
    assert await here.incr("n") == counted + 1
    await here.set("n", 1)
    assert await here.get("n") == 1


async def test_a_full_disk_is_told_and_loses_nothing(here: ModuleCache) -> None:
    """A write that finds no room raises; what was kept stays readable, and writes go on when there is room again."""
    store: Any = here.service.store
    await here.set("kept", "yes")

    def limit(pages: int) -> None:
        cache: Cache = store._disk._cache
        cache._sql(f"PRAGMA max_page_count = {pages}").fetchall()

    await asyncio.wrap_future(store._writer.submit(lambda: limit(1), []))
    with pytest.raises(CacheUnavailableError):
        await asyncio.gather(*(here.set(f"big{number}", "x" * 20_000) for number in range(50)))
    assert await here.get("kept") == "yes"
    await asyncio.wrap_future(store._writer.submit(lambda: limit(2**30), []))
    await here.set("after", 1)
    assert await here.get("after") == 1


async def test_a_pickle_is_never_read(tmp_path: Path, here: ModuleCache) -> None:
    """Whoever can write to the folder still cannot make the server run code."""
    with Cache(str(tmp_path / "cache")) as raw:
        raw.set("shop:k:evil", {"a": 1})
    assert await here.get("evil") is None
    await here.set("evil", 1)
    assert await here.get("evil") == 1
