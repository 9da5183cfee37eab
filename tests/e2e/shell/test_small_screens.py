"""On phones and tablets."""

import pytest
from playwright.sync_api import expect

from tests.e2e.shell.conftest import SignIn, Watch

pytestmark = pytest.mark.browser

PAGES = [
    "/",
    "/inventory",
    "/inventory/categories",
    "/reports",
    "/ops/broken",
    "/ops/contact",
    "/ops/kit",
    "/admin",
    "/nowhere",
]


@pytest.mark.parametrize("width", [360, 768])
def test_no_page_scrolls_sideways(sign_in: SignIn, watch: Watch, width: int) -> None:
    """Whatever is wide has its own scroll bar or breaks its lines."""
    watch.expected.append("404")
    page = sign_in(PAGES[0], size=(width, 740))
    for path in PAGES:
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
        page.wait_for_selector("h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_sidebar_is_a_drawer(sign_in: SignIn) -> None:
    """It opens by the menu button, takes the focus, and closes by Escape, by the scrim and by going somewhere."""
    page = sign_in(size=(390, 844))
    menu = page.get_by_role("navigation", name="Main")
    opener = page.get_by_role("button", name="Open the menu")
    expect(menu).to_be_hidden()
    opener.click()
    expect(menu.get_by_role("link", name="Products")).to_be_visible()
    expect(page.get_by_role("link", name="Acme Tools, home")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    page.locator(".w-scrim").click(position={"x": 380, "y": 400})
    expect(menu).to_be_hidden()
    opener.click()
    menu.get_by_role("link", name="Products").click()
    expect(page.get_by_role("heading", level=1, name="Products")).to_be_visible()
    expect(menu).to_be_hidden()


def test_behind_the_open_drawer_nothing_can_be_reached(sign_in: SignIn) -> None:
    """The rest of the page is inert while the drawer is open."""
    page = sign_in(size=(390, 844))
    page.get_by_role("button", name="Open the menu").click()
    expect(page.locator(".w-frame")).to_have_attribute("inert", "")


def test_the_palette_fits_a_phone(sign_in: SignIn) -> None:
    """It opens by its button and stays within the screen."""
    page = sign_in(size=(360, 740))
    page.get_by_role("button", name="Search or jump to…").click()
    box = page.get_by_role("dialog", name="Command palette").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert box["y"] + box["height"] <= 740


@pytest.mark.parametrize("button", ["Background tasks", "Theme:", "Account of"])
def test_menus_stay_within_the_screen(sign_in: SignIn, button: str) -> None:
    """Also the wide ones, whose button is not at the edge."""
    page = sign_in(size=(360, 740))
    page.get_by_role("button", name=button).click()
    box = page.locator(".w-menu").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
