"""The command palette, by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.shell.conftest import Harness, SignIn, wait_until_live

pytestmark = pytest.mark.browser


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()


def selected(page: Page) -> str:
    return page.locator("[role=option][aria-selected=true] .w-palette__title").inner_text()


def test_a_page_is_three_letters_and_enter_away(page: Page, harness: Harness) -> None:
    """Ctrl+K, the first letters, Enter: the page is there without a reload."""
    page.evaluate("window.stayed = true")
    open_palette(page)
    page.keyboard.type("rep")
    assert selected(page) == "Reports"
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{harness.url}/reports")
    expect(page.get_by_role("heading", level=1, name="Reports")).to_be_visible()
    assert page.evaluate("window.stayed")


def test_it_opens_within_a_tenth_of_a_second(page: Page) -> None:
    """From the key to the focused field, also while something else has the focus."""
    page.wait_for_function("performance.getEntriesByType('resource').some((entry) => entry.name.includes('fuse'))")
    took = page.evaluate(
        """() => new Promise((resolve) => {
            const started = performance.now();
            const look = () => document.activeElement.matches(".w-palette__input")
                ? resolve(performance.now() - started) : requestAnimationFrame(look);
            document.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, bubbles: true, cancelable: true}));
            look();
        })"""
    )
    assert took < 100


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("prodcuts", "Products"),
        ("categoris", "Categories"),
        ("bakcground", "Background work"),
        ("goods", "Products"),
        ("inv cat", "Categories"),
        ("signout", "Sign out"),
        ("dark", "Switch to the dark theme"),
        ("restock", "Restock everything"),
    ],
)
def test_typos_other_words_and_parts_find_it_too(page: Page, typed: str, found: str) -> None:
    """Swapped letters, keywords, the module's name, words without their space."""
    open_palette(page)
    page.keyboard.type(typed)
    assert selected(page) == found


def test_nothing_goes_to_the_server_while_typing(page: Page) -> None:
    """Keystrokes are matched in the browser alone."""
    frames: list[str] = []
    page.on("websocket", lambda channel: channel.on("framesent", lambda frame: frames.append(str(frame))))
    page.reload()
    wait_until_live(page)
    open_palette(page)
    before = sum('"event"' in frame for frame in frames)
    page.keyboard.type("products and everything else")
    page.keyboard.press("Escape")
    assert frames, "the websocket was not seen at all"
    assert sum('"event"' in frame for frame in frames) == before


def test_recent_choices_come_first(page: Page) -> None:
    """What was opened last stands on top of the empty palette, and wins between equals."""
    for name in ("Contact", "Categories"):
        open_palette(page)
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    page.reload()
    wait_until_live(page)
    open_palette(page)
    recent = page.get_by_role("group", name="Recent").get_by_role("option")
    expect(recent).to_have_text([re.compile("Categories"), re.compile("Contact")])
    page.keyboard.type("cat")
    assert selected(page) == "Categories"


def test_arrows_choose_and_escape_gives_the_focus_back(page: Page) -> None:
    """The list wraps around; leaving it returns to what had the focus."""
    opener = page.get_by_role("button", name="Search or jump to…")
    opener.click()
    field = page.get_by_role("combobox", name="Search pages and actions")
    expect(field).to_be_focused()
    first = selected(page)
    page.keyboard.press("ArrowDown")
    assert selected(page) != first
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert selected(page) == "Sign out"
    active = field.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_hidden()
    expect(opener).to_be_focused()


def test_it_opens_from_within_a_field_and_closes_by_the_same_keys(sign_in: SignIn) -> None:
    """Ctrl+K is ours everywhere: the browser's own meaning of it does not come through."""
    page = sign_in("/inventory")
    page.get_by_label("SKU").fill("A-77")
    open_palette(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_hidden()
    expect(page.get_by_label("SKU")).to_be_focused()
    expect(page.get_by_label("SKU")).to_have_value("A-77")


def test_an_action_of_a_module_runs(page: Page) -> None:
    """Enter on a registered action calls its handler in this tab."""
    open_palette(page)
    page.keyboard.type("restock every")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Restocking")).to_be_visible()


def test_it_holds_nothing_the_user_may_not_do(sign_in: SignIn) -> None:
    """Pages and actions without permission are not even in the page."""
    page = sign_in(who="bob")
    open_palette(page)
    titles = page.locator(".w-palette__title").all_inner_texts()
    assert {"Products", "Categories", "Sign out"} <= set(titles)
    assert not {"Reports", "Vault", "Restock everything", "Inventory checks"} & set(titles)
    assert "Restock everything" not in page.content()


def test_an_action_is_checked_again_when_it_is_run(sign_in: SignIn) -> None:
    """A browser that asks for an action it was never offered is told no."""
    page = sign_in(who="bob")
    shell = page.locator(".w-shell").get_attribute("id")
    page.evaluate(f"getElement('{shell}'.slice(1)).$emit('action', 'inventory:Restock everything')")
    expect(page.get_by_text("This command is not available.")).to_be_visible()
    expect(page.get_by_text("Restocking")).to_have_count(0)


def test_the_question_mark_shows_the_shortcuts_but_not_while_typing(sign_in: SignIn) -> None:
    """Single keys are shortcuts only where they are not text, and can be switched off."""
    page = sign_in("/inventory")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    page.get_by_label("Name").fill("")
    page.get_by_label("Name").press("?")
    expect(page.get_by_label("Name")).to_have_value("?")
    expect(shortcuts).to_be_hidden()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    expect(shortcuts).to_be_visible()
    shortcuts.get_by_label("Shortcuts of a single key").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(shortcuts).to_be_hidden()


def test_records_are_found_on_the_server_as_the_user(page: Page, harness: Harness) -> None:
    """What modules find stands below pages and actions; one search that fails hides nothing of the others."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/_webos/palette" in request.url else None)
    open_palette(page)
    page.keyboard.type("bearing")
    records = page.get_by_role("group", name="Records").get_by_role("option")
    expect(records).to_have_text([re.compile("Ball bearing.*ada")])
    assert asked[-1].partition("?q=")[2] == "bearing"
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{harness.url}/inventory/products/7")
    assert "secret reason" not in page.content()


def test_records_are_found_by_whom_they_are_for(sign_in: SignIn) -> None:
    """A search that needs a permission is not asked for others."""
    page = sign_in(who="bob")
    open_palette(page)
    with page.expect_response(lambda answer: answer.url.endswith("?q=bearing")) as found:
        page.keyboard.type("bearing")
    assert found.value.json() == []
    expect(page.get_by_text("Nothing found for “bearing”")).to_be_visible()
