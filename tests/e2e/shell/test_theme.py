"""Light, dark and as the system wants."""

from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.shell.conftest import SignIn, wait_until_live

pytestmark = pytest.mark.browser

LIGHT = "rgb(247, 247, 248)"
DARK = "rgb(14, 15, 18)"
# Notes every background the page has from its first frame on.
WATCH_COLOURS = """
    window.seen = new Set();
    const look = () => {
        if (document.body) seen.add(getComputedStyle(document.documentElement).backgroundColor);
        const sidebar = document.querySelector(".w-sidebar");
        if (sidebar) seen.add(getComputedStyle(sidebar).backgroundColor);
        requestAnimationFrame(look);
    };
    look();
"""


def choose(page: Page, name: str) -> None:
    page.get_by_role("button", name="Theme:").click()
    page.get_by_role("menuitemradio", name=name).click()


def test_the_choice_is_remembered_without_a_flash_of_the_other_theme(page: Page) -> None:
    """After a reload every frame is dark, though the system is light."""
    choose(page, "Dark")
    expect(page.locator(".w-sidebar")).to_have_css("background-color", DARK)
    page.add_init_script(WATCH_COLOURS)
    page.reload()
    wait_until_live(page)
    expect(page.locator(".w-sidebar")).to_have_css("background-color", DARK)
    # Before the stylesheet is there, the background is transparent.
    assert set(page.evaluate("[...seen]")) <= {DARK, "rgba(0, 0, 0, 0)"}


@pytest.mark.parametrize(("scheme", "colour"), [("light", LIGHT), ("dark", DARK)])
def test_without_a_choice_it_follows_the_system(sign_in: SignIn, scheme: Literal["light", "dark"], colour: str) -> None:
    """Also while the page is open."""
    page = sign_in(scheme=scheme)
    expect(page.locator(".w-sidebar")).to_have_css("background-color", colour)
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    expect(page.locator(".w-sidebar")).to_have_css("background-color", DARK if scheme == "light" else LIGHT)


def test_as_the_system_takes_a_choice_back(page: Page) -> None:
    """Dark, then as the system: light again, and the menu shows which is chosen."""
    choose(page, "Dark")
    choose(page, "As the system")
    expect(page.locator(".w-sidebar")).to_have_css("background-color", LIGHT)
    page.get_by_role("button", name="Theme: As the system").click()
    expect(page.get_by_role("menuitemradio", name="As the system")).to_have_attribute("aria-checked", "true")


def test_another_tab_follows(page: Page) -> None:
    """The choice counts for the browser, not for one tab."""
    other = page.context.new_page()
    other.goto(page.url)
    wait_until_live(other)
    choose(page, "Dark")
    expect(other.locator(".w-sidebar")).to_have_css("background-color", DARK)


def test_elements_of_quasar_follow_too(sign_in: SignIn) -> None:
    """A table that a module builds by hand is dark in the dark."""
    page = sign_in("/ops/kit", scheme="dark")
    expect(page.locator(".q-table__container").first).to_have_css("background-color", "rgb(21, 23, 27)")
    choose(page, "Light")
    expect(page.locator(".q-table__container").first).to_have_css("background-color", "rgb(255, 255, 255)")


def test_charts_and_tables_follow_while_they_are_shown(sign_in: SignIn) -> None:
    """Their colours change with the theme, without a reload."""
    page = sign_in("/reports")
    bars = page.locator(".w-chart .bars path").first
    tick = page.locator(".w-chart .xtick text").first
    expect(bars).to_have_css("fill", "rgb(51, 85, 209)")
    expect(tick).to_have_css("fill", "rgb(91, 98, 112)")
    expect(page.locator(".ag-root-wrapper")).to_have_css("background-color", "rgb(255, 255, 255)")
    choose(page, "Dark")
    expect(bars).to_have_css("fill", "rgb(125, 150, 255)")
    expect(tick).to_have_css("fill", "rgb(161, 168, 180)")
    expect(page.locator(".ag-root-wrapper")).to_have_css("background-color", "rgb(21, 23, 27)")


def test_a_modules_stylesheet_reaches_its_own_pages_only(sign_in: SignIn) -> None:
    """The most hostile one spoils its own page, and neither the shell nor the next module's page."""
    page = sign_in("/ops/hostile")
    expect(page.locator(".mine")).to_have_css("width", "77px")
    expect(page.locator(".mine")).to_have_css("color", "rgb(255, 0, 0)")
    expect(page.locator(".w-topbar")).to_be_visible()
    expect(page.locator(".w-brand__home")).to_have_css("color", "rgb(23, 25, 30)")
    expect(page.get_by_role("heading", level=1)).to_have_css("letter-spacing", "9px")
    page.get_by_role("link", name="Products").click()
    heading = page.get_by_role("heading", level=1, name="Products")
    expect(heading).to_be_visible()
    expect(heading).to_have_css("color", "rgb(23, 25, 30)")
    expect(heading).not_to_have_css("letter-spacing", "9px")
    expect(page.locator("body")).to_have_css("font-size", "14px")


def test_the_density_is_remembered(sign_in: SignIn) -> None:
    """Compact controls at once, and after a reload."""
    page = sign_in("/inventory")
    row = page.get_by_role("button", name="Restock A-1")
    expect(row).to_have_css("height", "32px")
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("button", name="Compact").click()
    expect(row).to_have_css("height", "28px")
    page.reload()
    wait_until_live(page)
    expect(row).to_have_css("height", "28px")
