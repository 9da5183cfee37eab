"""Chromium, with a page of ours and a bare one."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, async_playwright

from benchmarks.site import Site

__all__ = ["open_browser", "sign_in"]

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Yield a headless Chromium.

    Raises:
        RuntimeError: There is none on this machine.
    """
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        msg = "there is no Chromium on this machine; install the package chromium"
        raise RuntimeError(msg)
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        await browser.close()


async def sign_in(context: BrowserContext, site: Site) -> None:
    """Give a browser the session of the site's reader."""
    name, _, value = site.cookie.partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": site.origin}])
