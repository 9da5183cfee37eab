"""Row `page`: a page with the shell around it against a page of NiceGUI alone: until it is live, and in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext

from benchmarks.chromium import open_browser, sign_in
from benchmarks.clients import OpenPages
from benchmarks.program import Program, resident_kilobytes
from benchmarks.result import Result, at_most
from benchmarks.site import Site, open_site
from benchmarks.stage import Stage
from benchmarks.turns import take_turns

__all__ = ["run"]

_PATH = "/flightlog/greeting"
_GOAL = at_most(1.5)
_CLIENTS = 40
# NiceGUI sets this once its socket takes events; from then on the page answers to the user.
_WATCH = """
    let live = false;
    Object.defineProperty(window, 'did_handshake', {
        get: () => live,
        set: value => { live = value; if (value) window.liveAt ??= performance.now(); },
    });
"""
_LIVE = "() => window.liveAt && document.getElementById('greeting') && window.liveAt"


async def run(stage: Stage) -> list[Result]:
    """Measure the time until a page is live in a new browser and in one that was there before, and the memory."""
    site = await stage.site()
    bare = stage.program("benchmarks.bare.pages")
    rounds = stage.effort.times(12)
    results = []
    async with open_browser() as browser:
        first = await take_turns(rounds, lambda: _first_visit(browser, site), lambda: _first_visit(browser, bare))
        results.append(Result("page live, first visit", "ms", first.ours, first.against, _GOAL))
        async with _context(browser, site) as ours, _context(browser, bare) as theirs:
            again = await take_turns(rounds, lambda: _visit(ours, site), lambda: _visit(theirs, bare))
        results.append(Result("page live, later visit", "ms", again.ours, again.against, _GOAL))
    results.append(await _memory(stage))
    return results


def _origin(server: Site | Program) -> str:
    return server.origin if isinstance(server, Site) else f"http://localhost:{server.port}"


@asynccontextmanager
async def _context(browser: Browser, server: Site | Program) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context()
    if isinstance(server, Site):
        await sign_in(context, server)
    yield context
    await context.close()


async def _first_visit(browser: Browser, server: Site | Program) -> float:
    async with _context(browser, server) as context:
        return await _visit(context, server)


async def _visit(context: BrowserContext, server: Site | Program) -> float:
    """Return the milliseconds from the start of the navigation until the page is live."""
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    await page.goto(f"{_origin(server)}{_PATH}")
    found = await page.wait_for_function(_LIVE)
    milliseconds = float(await found.json_value())
    await page.close()
    return milliseconds


async def _memory(stage: Stage) -> Result:
    """Measure on servers that did nothing else: one that has freed memory takes what clients need from there."""
    folder = stage.folder / "memory"
    folder.mkdir()
    bare = stage.program("benchmarks.bare.pages")
    async with open_site(folder, 0) as site:
        ours = OpenPages(f"{site.origin}{_PATH}", site.headers)
        theirs = OpenPages(f"{_origin(bare)}{_PATH}", {})
        try:
            # The first clients fill caches and pools, and are not counted.
            pair = await take_turns(
                stage.effort.times(5),
                _kilobytes_per_client(ours, site.web_pid),
                _kilobytes_per_client(theirs, bare.pid),
            )
        finally:
            await ours.close()
            await theirs.close()
    return Result("page, memory of a client", "kB", pair.ours, pair.against, _GOAL)


def _kilobytes_per_client(pages: OpenPages, pid: int) -> Callable[[], Awaitable[float]]:
    async def measure() -> float:
        before = resident_kilobytes(pid)
        await pages.open(_CLIENTS)
        return (resident_kilobytes(pid) - before) / _CLIENTS

    return measure
