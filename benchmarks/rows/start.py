"""Row `start`: from `webos run` to the first page, with twenty modules, against importing NiceGUI."""

import asyncio
import sys
import time

from benchmarks.generated import generate_modules
from benchmarks.result import Result, at_most_line
from benchmarks.site import Site, open_site
from benchmarks.stage import Stage
from benchmarks.turns import take_turns
from benchmarks.wire import Wire, request_bytes

__all__ = ["run"]

_MODULES = 20
_GOAL = at_most_line(2, 1.5, "s")
_DEADLINE_SECONDS = 60.0


async def run(stage: Stage) -> list[Result]:
    """Measure a start on a data folder that is set up, until a signed-in user has the whole of the home page."""
    folder = stage.folder / "start"
    modules = folder / "modules"
    generate_modules(modules, _MODULES)
    async with open_site(folder, 0, modules, "*") as site:
        pair = await take_turns(stage.effort.times(5), lambda: _start(site), _import)
    return [Result(f"start with {_MODULES} modules, to the first page", "s", pair.ours, pair.against, _GOAL)]


async def _start(site: Site) -> float:
    await asyncio.to_thread(site.server.stop)
    started = time.perf_counter()
    site.server.start()
    page = await _first_page(site)
    seconds = time.perf_counter() - started
    assert b"part20" in page
    return seconds


async def _first_page(site: Site) -> bytes:
    request = request_bytes("GET", "/", {**site.headers, "accept": "text/html"})
    deadline = time.perf_counter() + _DEADLINE_SECONDS
    while True:
        try:
            wire = await Wire.open(site.server.port)
            try:
                return await wire.send(request)
            finally:
                await wire.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            if time.perf_counter() > deadline:
                raise
            await asyncio.sleep(0.01)


async def _import() -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import nicegui")
    assert await process.wait() == 0
    return time.perf_counter() - started
