"""Fixtures of the shell's browser tests: the harness as a process of its own, Chromium, a signed-in page."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
]
_START_SECONDS = 30.0
_ROOT = Path(__file__).parents[3]


class Harness:
    """The running harness, and what it can be told."""

    def __init__(self, port: int, log: Path, base: str = "") -> None:
        self.url = f"http://127.0.0.1:{port}{base}"
        self._log = log

    def tell(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        """Move the application from outside the browser."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/test/{path}",
            data=json.dumps(body or {}).encode() if method == "POST" else None,
            headers={"content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            return json.load(answer)

    def state(self) -> dict[str, Any]:
        """Return what the application says of itself."""
        found: dict[str, Any] = self.tell("state", method="GET")
        return found

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text()


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with _running(tmp_path_factory.mktemp("harness")) as running:
        yield running


@pytest.fixture(scope="session")
def harness_below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """The same, reached under a path of the public address."""
    with _running(tmp_path_factory.mktemp("below"), "/tools") as running:
        yield running


@contextmanager
def _running(folder: Path, base: str = "") -> Iterator[Harness]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log.txt"
    command = [sys.executable, "-m", "tests.e2e.harness.app", "--port", str(port), "--data", str(folder)]
    if base:
        command += ["--public-url", f"http://127.0.0.1:{port}{base}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
    with log.open("w") as sink:
        process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT)  # noqa: S603
        try:
            _wait_until_open(port, process, log)
            yield Harness(port, log, base)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the harness ended:\n{log.read_text()}")
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the harness did not start in time")


# For a module, not for the session: while it is open, its event loop keeps asynchronous tests from running theirs.
@pytest.fixture(scope="module")
def playwright_driver() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if path is None:
        pytest.skip("no Chromium on this machine")
    chromium = playwright_driver.chromium.launch(executable_path=path, args=_ARGUMENTS)
    yield chromium
    chromium.close()


class Watch:
    """What a page must not do: complain in the console, or ask another machine."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.expected: list[str] = []

    def over(self, page: Page) -> None:
        """Observe a page from now on."""
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._check(request.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def _check(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.foreign.append(url)

    def verify(self) -> None:
        """Fail where a page complained or asked another machine."""
        unexpected = [text for text in self.complaints if not any(part in text for part in self.expected)]
        assert not unexpected
        assert not self.foreign


@pytest.fixture
def watch() -> Iterator[Watch]:
    observer = Watch()
    yield observer
    observer.verify()


SignIn = Callable[..., Page]


class Profiles:
    """Browsers of their own for each person and theme; they keep their cache from test to test."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: dict[tuple[str, str], BrowserContext] = {}

    def of(self, who: str, scheme: Literal["dark", "light"]) -> BrowserContext:
        """Return the browser of somebody."""
        context = self._contexts.get((who, scheme))
        if context is None:
            context = self._contexts[who, scheme] = self._browser.new_context(color_scheme=scheme)
            context.set_default_timeout(10_000)
        return context

    def close(self) -> None:
        """Close all of them."""
        for context in self._contexts.values():
            context.close()


@pytest.fixture(scope="module")
def profiles(browser: Browser) -> Iterator[Profiles]:
    found = Profiles(browser)
    yield found
    found.close()


@pytest.fixture
def sign_in(harness: Harness, profiles: Profiles, watch: Watch) -> Iterator[SignIn]:
    """Return a function that opens a page as somebody, in a browser that remembers nothing of earlier tests."""
    used: list[BrowserContext] = []

    def open_page(
        path: str = "/",
        who: str = "ada",
        *,
        size: tuple[int, int] = (1280, 800),
        scheme: Literal["dark", "light"] = "light",
        at: Harness = harness,
    ) -> Page:
        context = profiles.of(who, scheme)
        used.append(context)
        context.add_cookies([{"name": "webos_session", "value": f"token-{who}", "url": at.url}])
        page = context.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        watch.over(page)
        page.goto(at.url + path)
        wait_until_live(page)
        return page

    yield open_page
    for context in used:
        if context.pages:
            context.pages[0].evaluate("localStorage.clear()")
        for page in context.pages:
            page.close()


def wait_until_live(page: Page) -> None:
    page.wait_for_function("window.did_handshake === true")
    page.wait_for_selector("h1")


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition on the server's side."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)


@pytest.fixture
def page(sign_in: SignIn) -> Page:
    return sign_in()


@pytest.fixture(autouse=True)
def _restore_sessions(harness: Harness) -> Iterator[None]:
    yield
    harness.tell("sessions", {"fresh": True, "failing": False, "restore": ["ada", "bob"]})
