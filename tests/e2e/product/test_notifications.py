"""The notification centre of a product that runs in two processes, and what its palette finds."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.product.conftest import ADMIN_PASSWORD, Product
from tests.e2e.shell.conftest import Watch
from tests.integration.auth.test_cli_user import address
from webos.data.endpoint import Endpoint
from webos.testing.servers import LiveServer

pytestmark = pytest.mark.browser

FILES = {
    "manifest.py": """
from webos.sdk import ModuleManifest
manifest = ModuleManifest(name="news", title="News", permissions={"news.read": "Read news", "news.write": "Write news"})
""",
    "models.py": """
from webos.sdk import OwnedDocument

class Item(OwnedDocument):
    name: str

    class Settings:
        palette = "/news?row={id}"
""",
    "tasks.py": """
from webos.sdk import BaseTask

class Import(BaseTask):
    async def run(self) -> None:
        self.notify.info("The import has begun", link="/news")
""",
    "service.py": """
from webos.sdk import BaseService, EventEnvelope, subscribe

class NewsService(BaseService):
    @subscribe("press:stopped")
    async def on_stop(self, event: EventEnvelope) -> None:
        self.notify.error("The press has stopped")

    async def later(self) -> None:
        self.notify.warning("<b>Only 3</b> bolts are left", link="/news")
""",
    "ui.py": """
import asyncio
from webos.sdk import Page
from .models import Item
from .service import NewsService
from .tasks import Import

class NewsPage(Page):
    path = "/news"
    title = "News"
    permission = "news.read"

    async def build(self) -> None:
        self.add_button("Here", on_click=lambda: self.notify.success("Saved"))
        self.add_button("Import", on_click=Import.kiq)
        self.add_button("Later", on_click=self.later)
        self.add_button("Slow", on_click=self.slow)
        self.add_button("Add an item", on_click=self.add_item)
        self.add_button("Stop", on_click=self.stop)

    def later(self) -> None:
        service = self.service(NewsService)
        service.run_bg(service.later)

    async def slow(self) -> None:
        while self.visit.tab.client.has_socket_connection:
            await asyncio.sleep(0.05)
        self.notify.success("Everything is counted")

    async def add_item(self) -> None:
        await Item(name="Hexagon bolt").insert()
        self.notify.success("Added")

    async def stop(self) -> None:
        await self.bus.emit("press:stopped", {})
""",
}

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def processes(mongo_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Product]]:
    """Two web processes on one database; only the first runs tasks."""
    folder = tmp_path_factory.mktemp("two")
    module = folder / "modules" / "news"
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    for name, content in FILES.items():
        (module / name).write_text(content)
    environment: dict[str, str | None] = {
        "WEBOS_MONGO_URL": address(mongo_endpoint),
        "WEBOS_DATABASE": "test_two_processes",
        "WEBOS_MODULES": str(folder / "modules"),
        "WEBOS_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "WEBOS_SECRET_KEY": "the same in both, and long enough to be one",
    }
    servers = []
    for name, worker in (("first", "true"), ("second", "false")):
        servers.append(LiveServer(folder / name, environment={**environment, "WEBOS_WORKER": worker}).start())
    for server in servers:
        server.wait_ready()
    given = {name: value for name, value in environment.items() if value is not None}
    try:
        yield [Product(server, {**given, "WEBOS_DATA_DIR": str(server.data_dir)}) for server in servers]
    finally:
        for server in servers:
            assert server.stop() == 0, server.output


@pytest.fixture(scope="module")
def people(processes: list[Product]) -> dict[str, str]:
    """Two people with an account, and their passwords."""
    return {name: processes[0].add_user(name, "news.read", "news.write") for name in ("bob", "carl")}


@pytest.fixture
def open_page(browser: Browser, watch: Watch) -> Iterator[Open]:
    """Return a function that signs somebody in at a process."""
    contexts: list[BrowserContext] = []

    def open_one(at: Product, user: str = "admin", password: str = ADMIN_PASSWORD) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watch.over(page)
        page.goto(f"{at.url}/news")
        page.get_by_label("User name").fill(user)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"{at.url}/news")
        page.wait_for_function("window.did_handshake === true")
        return page

    yield open_one
    for context in contexts:
        context.close()


def bell(page: Page) -> str:
    return page.locator(".w-bell").get_attribute("aria-label") or ""


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def test_what_happens_reaches_the_user_wherever_he_is(
    processes: list[Product], people: dict[str, str], open_page: Open
) -> None:
    """A task, an event and a service of one process are told in the tabs of another, and to nobody else."""
    here, there = processes
    bob = open_page(there, "bob", people["bob"])
    first, second = open_page(here), open_page(there)

    press(first, "Here")
    expect(first.locator(".w-toast--success")).to_contain_text("Saved")
    press(first, "Later")
    for tab in (first, second):
        expect(tab.locator(".w-toast--warning")).to_contain_text("<b>Only 3</b> bolts are left")
    press(first, "Stop")
    for tab in (first, second):
        expect(tab.locator(".w-toast--error")).to_contain_text("The press has stopped")
    # The second process runs no tasks: what it submits is run by the first.
    press(second, "Import")
    for tab in (first, second):
        expect(tab.locator(".w-toast--info")).to_contain_text("The import has begun")
        expect(tab.get_by_role("button", name="Notifications: 4 new")).to_be_visible()
    expect(second.locator(".w-toast--success")).to_have_text("check_circleDone: Importclose")

    press(second, "Notifications: 4 new")
    rows = second.locator(".w-notice-row")
    expect(rows).to_have_count(5)
    expect(rows.last).to_contain_text("Saved")
    rows.filter(has_text="bolts").click()
    expect(second.get_by_role("button", name="Notifications: 3 new")).to_be_visible()
    expect(first.get_by_role("button", name="Notifications: 3 new")).to_be_visible()
    press(first, "Notifications: 3 new")
    press(first, "Mark all as read")
    for tab in (first, second):
        expect(tab.get_by_role("button", name="Notifications", exact=True)).to_be_visible()
    press(first, "Clear")
    expect(first.get_by_text("You are up to date")).to_be_visible()
    first.keyboard.press("Escape")
    expect(first.locator(".w-bell")).to_be_focused()

    assert bell(bob) == "Notifications"
    expect(bob.locator(".w-toast")).to_have_count(0)
    press(bob, "Notifications")
    expect(bob.get_by_text("You are up to date")).to_be_visible()


def test_what_nobody_saw_waits(processes: list[Product], people: dict[str, str], open_page: Open) -> None:
    """What a page reports when its browser has gone is unread at the next sign-in."""
    here, there = processes
    page = open_page(here, "carl", people["carl"])
    press(page, "Slow")
    expect(page.get_by_role("button", name="Slow")).to_have_attribute("aria-busy", "true")
    page.close()
    again = open_page(there, "carl", people["carl"])
    expect(again.get_by_role("button", name="Notifications: 1 new")).to_be_visible()
    press(again, "Notifications: 1 new")
    expect(again.locator(".w-notice-row")).to_contain_text("Everything is counted")
    expect(again.locator(".w-notice-row a")).to_have_attribute("href", "/news")


def test_the_palette_finds_records_under_the_rights_of_who_asks(
    processes: list[Product], people: dict[str, str], open_page: Open
) -> None:
    """A record of a model with an address for the palette is found by its owner, in another process too, and by no other."""
    here, there = processes
    mine = open_page(here, "carl", people["carl"])
    press(mine, "Add an item")
    expect(mine.locator(".w-toast--success")).to_contain_text("Added")
    mine.keyboard.press("Control+k")
    mine.keyboard.type("hexagon")
    mine.get_by_role("group", name="Records").get_by_role("option", name="Hexagon bolt").click()
    expect(mine).to_have_url(re.compile(r"/news\?row=[0-9a-f]{24}$"))
    other = open_page(there, "bob", people["bob"])
    assert other.evaluate("fetch('/_webos/palette?q=hexagon').then((answer) => answer.json())") == []
