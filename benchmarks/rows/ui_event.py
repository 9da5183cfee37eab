"""Row `ui`: from a click in Chromium over the handler on the server to the changed page, against NiceGUI alone."""

from playwright.async_api import Browser, Page

from benchmarks.chromium import open_browser, sign_in
from benchmarks.result import Result, at_most
from benchmarks.site import Site
from benchmarks.stage import Stage
from benchmarks.turns import take_turns

__all__ = ["run"]

_PATH = "/flightlog/counter"
_CLICKS = 40
_MEDIAN_OF_CLICKS = """async clicks => {
    const button = document.getElementById('more'), count = document.getElementById('count');
    const times = [];
    for (let click = 0; click < clicks; click++) {
        const changed = new Promise(resolve => {
            const observer = new MutationObserver(() => { observer.disconnect(); resolve(performance.now()); });
            observer.observe(count, {childList: true, characterData: true, subtree: true});
        });
        const started = performance.now();
        button.click();
        times.push(await changed - started);
    }
    return times.sort((a, b) => a - b)[clicks >> 1];
}"""


async def run(stage: Stage) -> list[Result]:
    """Measure the median of many clicks, page by page in turns."""
    site = await stage.site()
    bare = stage.program("benchmarks.bare.pages")
    async with open_browser() as browser:
        ours = await _open(browser, site.origin, site)
        theirs = await _open(browser, f"http://localhost:{bare.port}", None)
        pair = await take_turns(stage.effort.times(15), lambda: _click(ours), lambda: _click(theirs))
    return [Result("ui event, click to change", "ms", pair.ours, pair.against, at_most(1.15))]


async def _open(browser: Browser, origin: str, site: Site | None) -> Page:
    context = await browser.new_context()
    if site is not None:
        await sign_in(context, site)
    page = await context.new_page()
    await page.goto(f"{origin}{_PATH}")
    await page.wait_for_function("() => window.did_handshake && document.getElementById('count')")
    return page


async def _click(page: Page) -> float:
    await page.bring_to_front()
    return float(await page.evaluate(_MEDIAN_OF_CLICKS, _CLICKS))
