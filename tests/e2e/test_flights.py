"""The flights as their users see them: the import, the grid over real data, the dashboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.product.conftest import Product, SignIn, browser, playwright_driver, sign_in, start_product, watch

__all__ = ["browser", "playwright_driver", "sign_in", "watch"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

_EXAMPLES = Path(__file__).parents[2] / "src" / "modules"
_IMPORT_MS = 240_000


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A fresh product with the example modules."""
    yield from start_product(tmp_path_factory.mktemp("flights"), str(_EXAMPLES))


@pytest.fixture(scope="module")
def imported(product: Product) -> Product:
    """The product with the flights of January."""
    product.webos("demo", "load")
    return product


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def row_of(page: Page, text: str) -> Locator:
    return page.locator(".w-explorer .ag-row", has=page.get_by_text(text, exact=True)).first


def test_invites_to_import(product: Product, sign_in: SignIn) -> None:
    """While there are no flights, the page offers the import to who may do it, and says so to who may not."""
    page = sign_in("/flights")
    expect(page.get_by_role("heading", name="No flights yet")).to_be_visible()
    expect(button(page, "Import January")).to_be_enabled()
    expect(button(page, "Import all of 2013")).to_be_enabled()

    visitor = sign_in("/flights", "visitor", product.add_user("visitor", "flights.read"))
    expect(visitor.get_by_role("heading", name="No flights yet")).to_be_visible()
    expect(button(visitor, "Import January")).to_have_count(0)

    writer = sign_in("/flights", "writer", product.add_user("writer", "flights.*"))
    expect(writer.get_by_text("you also need fleet.write and airports.write")).to_be_visible()
    expect(button(writer, "Import January")).to_have_count(0)


def test_the_dashboard_waits_for_flights(sign_in: SignIn) -> None:
    """Without flights the dashboard leads to where they are imported."""
    page = sign_in("/flights/dashboard")
    expect(page.get_by_role("heading", name="No flights yet")).to_be_visible()
    page.get_by_role("link", name="Go to the flights").click()
    expect(page.get_by_role("heading", name="Flights", level=1)).to_be_visible()


def test_imports_stops_and_goes_on(sign_in: SignIn) -> None:
    """The import shows how far it is, the page can be used meanwhile, and after a stop the next one completes it."""
    page = sign_in("/flights")
    button(page, "Import January").click()
    expect(page.locator(".w-task__message")).to_contain_text("Flights: ", timeout=_IMPORT_MS)
    expect(button(page, "Import January")).to_be_disabled()
    expect(button(page, "Import all of 2013")).to_be_disabled()
    expect(row_of(page, "UA 1545")).to_be_visible(timeout=30_000)
    page.locator(".w-task").get_by_role("button").click()
    expect(button(page, "Import January")).to_be_enabled(timeout=30_000)

    button(page, "Import January").click()
    expect(page.locator(".w-toast", has_text="The import is complete")).to_be_visible(timeout=_IMPORT_MS)
    expect(page.get_by_text("27,004 rows")).to_be_visible()
    expect(button(page, "Import January")).to_be_enabled()


@pytest.mark.usefixtures("imported")
def test_shows_linked_names(sign_in: SignIn) -> None:
    """A row names airline, plane and airports instead of ids."""
    page = sign_in("/flights")
    row = row_of(page, "UA 1545")
    for column, shown in (
        ("airline", "United Air Lines Inc."),
        ("plane", "N14228"),
        ("origin", "EWR"),
        ("destination", "IAH"),
    ):
        expect(row.locator(f"[col-id='{column}']")).to_have_text(shown)


@pytest.mark.usefixtures("imported")
def test_the_dashboard_says_something(sign_in: SignIn) -> None:
    """Figures, and four charts whose titles are what they show; nothing is computed while one waits."""
    page = sign_in("/flights/dashboard")
    for figure in ("27,004", "80.8%", "10.0 min", "1.9%"):
        expect(page.get_by_text(figure, exact=True)).to_be_visible()
    for title in (
        "Flights of ExpressJet Airlines Inc. leave 24 min late on average, those of Virgin America 1 min late",
        "Flights at 19:00 leave 19 min late on average, those at 5:00 3 min late",
        "Flights with a visibility of 1 to 2 mi leave 25 min late on average, those with 10 mi or more 9 min late",
        "Flights in wind of 25 mph or more leave 20 min late on average, those in 10 to 15 mph 9 min late",
    ):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.locator(".w-chart .main-svg").first).to_be_visible()
    expect(page.locator(".w-chart .plot-container")).to_have_count(4)


@pytest.mark.usefixtures("imported")
def test_the_dashboard_follows_changes(product: Product, sign_in: SignIn) -> None:
    """After a flight was changed, the figures are computed anew as soon as somebody looks."""
    page = sign_in("/flights/dashboard")
    expect(page.get_by_text("521 flights")).to_be_visible()
    changed = page.request.patch(
        f"{product.url}/api/flights/flights/464c47540000000000000000",
        data={"status": "cancelled"},
        headers={"origin": product.url},
    )
    assert changed.ok

    page.reload()

    expect(page.get_by_text("522 flights")).to_be_visible()
