"""What axe finds, and what only a keyboard finds."""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.shell.conftest import Harness, SignIn, Watch, wait_until_live

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
PAGES = [
    "/",
    "/inventory",
    "/inventory/categories",
    "/reports",
    "/ops/broken",
    "/ops/contact",
    "/ops/tasks",
    "/admin",
    "/nowhere",
]
# Grid and chart come from AG Grid and Plotly; what they do inside is not ours to mend.
FOREIGN = [".ag-root-wrapper", ".js-plotly-plot"]


def findings(page: Page) -> list[str]:
    """Return the serious and critical findings, one line for each."""
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate(
        "(exclude) => axe.run({exclude: exclude.map((selector) => [selector])},"
        " {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})",
        FOREIGN,
    )
    return [
        f"{found['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for found in result["violations"]
        if found["impact"] in {"serious", "critical"} or found["id"].startswith("landmark")
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(
    sign_in: SignIn, harness: Harness, watch: Watch, scheme: Literal["light", "dark"]
) -> None:
    """All rules of WCAG 2.2 A and AA that a program can check, in both themes."""
    watch.expected.append("404")
    harness.tell("job", {"user": "ada", "id": "job-1", "title": "Import flights", "percent": 10, "message": "Reading"})
    page = sign_in(scheme=scheme)
    for path in PAGES:
        page.goto(harness.url + path)
        wait_until_live(page)
        assert findings(page) == [], path


def test_axe_finds_nothing_serious_in_what_opens(sign_in: SignIn, harness: Harness) -> None:
    """Menus, palette with and without results, shortcuts, drawer, a form full of errors, toasts."""
    page = sign_in("/inventory")
    for button in ("Theme:", "Account of", "Background tasks"):
        page.get_by_role("button", name=button).click()
        assert findings(page) == [], button
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Create Product").click()
    expect(page.locator(".w-field__error").first).to_be_visible()
    page.get_by_role("combobox", name="Supplier").click()
    expect(page.get_by_role("option", name="Acme Steel")).to_be_visible()
    harness.tell("notify/ada", {"severity": "error", "text": "Broken"})
    harness.tell("notify/ada", {"severity": "success", "text": "Done"})
    expect(page.locator(".w-toast")).to_have_count(2)
    page.wait_for_timeout(400)
    assert findings(page) == [], "form"
    page.keyboard.press("Control+k")
    assert findings(page) == [], "palette"
    page.keyboard.type("xyzzy")
    assert findings(page) == [], "palette without results"
    page.keyboard.press("Escape")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    assert findings(page) == [], "shortcuts"
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_role("button", name="Open the menu").click()
    page.wait_for_timeout(400)
    assert findings(page) == [], "drawer"


def test_the_first_tab_stop_skips_to_the_content(page: Page) -> None:
    """Tab, Enter, and the focus is past sidebar and top bar."""
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_a_change_of_page_is_announced_and_takes_the_focus(page: Page) -> None:
    """A screen reader hears the new title, and reading starts at the content."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Products").click()
    expect(page.locator(".w-shell > [role=status]")).to_have_text("Products")
    expect(page.get_by_role("main")).to_be_focused()


def test_menus_work_by_keyboard_and_give_the_focus_back(page: Page) -> None:
    """Enter opens, arrows walk, Escape leaves."""
    opener = page.get_by_role("button", name="Theme:")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="Light")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitemradio", name="As the system")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(opener).to_be_focused()
