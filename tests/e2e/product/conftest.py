"""Fixtures of the product's browser tests: a real `webos run` with the customers' modules, and people signed in to it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.shell.conftest import Watch, browser, playwright_driver, watch
from webos.testing.servers import LiveServer

__all__ = ["Product", "SignIn", "browser", "playwright_driver", "watch"]

_ROOT = Path(__file__).parents[3]
ADMIN_PASSWORD = "an-administrators-password"


def customer_modules() -> Path:
    """Return the folder of the customers' modules, which lies beside the project and not in it."""
    return Path(os.environ.get("WEBOS_CUSTOMER_MODULES", _ROOT.parent / "shared" / "customer_modules"))


class Product:
    """A running product, and the people who have an account on it."""

    def __init__(self, server: LiveServer, environment: dict[str, str]) -> None:
        self.server = server
        self.url = server.url
        self._environment = environment

    def webos(self, *arguments: str, given: str = "") -> str:
        """Run the `webos` command beside the server and return what it prints."""
        command = [sys.executable, "-c", "from webos.cli.main import main; main()", *arguments]
        done = subprocess.run(  # noqa: S603 - the command under test
            command,
            env={**os.environ, **self._environment},
            cwd=self.server.data_dir.parent,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_user(self, name: str, *grants: str) -> str:
        """Make an account and return its password."""
        password = f"{name}-has-a-password"
        granted = [part for grant in grants for part in ("--grant", grant)]
        self.webos("user", "create", name, *granted, "--password-stdin", given=password)
        return password


def start_product(folder: Path, modules: str, **further: str) -> Iterator[Product]:
    """Start a product with `modules` and further settings, yield it, and stop it."""
    settings = {"WEBOS_MODULES": modules, "WEBOS_ADMIN_PASSWORD": ADMIN_PASSWORD, **further}
    server = LiveServer(folder / "data", environment=dict(settings))
    environment = {**settings, "WEBOS_DATA_DIR": str(server.data_dir), "WEBOS_PORT": str(server.port)}
    server.start().wait_ready()
    try:
        yield Product(server, environment)
    finally:
        assert server.stop() == 0, server.output


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with the customers' modules analytics, inventory, vault and warehouse, loaded where they lie."""
    folder = tmp_path_factory.mktemp("product")
    chosen = folder / "modules"
    chosen.mkdir()
    for name in ("analytics", "inventory", "vault", "warehouse"):
        (chosen / name).symlink_to(customer_modules() / name)
    yield from start_product(folder, str(chosen))


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(product: Product, browser: Browser, watch: Watch) -> Iterator[SignIn]:
    """Return a function that signs somebody in, each time in a browser of its own, and opens a page."""
    contexts: list[BrowserContext] = []

    def open_page(path: str = "/", user: str = "admin", password: str = ADMIN_PASSWORD) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watch.over(page)
        page.goto(f"{product.url}{path}")
        page.get_by_label("User name").fill(user)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"{product.url}{path}")
        page.wait_for_function("window.did_handshake === true")
        return page

    yield open_page
    for context in contexts:
        context.close()
