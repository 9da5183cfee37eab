"""What a user sees when a module fails: a card or a toast, never the shell in pieces, never internals."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.shell.conftest import Harness, SignIn

pytestmark = pytest.mark.browser


def toast(page: Page, severity: str) -> str:
    found = page.locator(f".w-toast--{severity}")
    expect(found).to_be_visible()
    return found.inner_text()


def test_a_page_that_raises_keeps_what_it_had_and_names_a_reference(sign_in: SignIn, harness: Harness) -> None:
    """The reference is the trace id under which the log has the traceback; the reason stays in the log."""
    page = sign_in("/ops/broken")
    expect(page.get_by_text("This part still stands.")).to_be_visible()
    card = page.get_by_role("main").get_by_role("alert")
    expect(card).to_contain_text("Something went wrong.")
    reference = card.locator("code").inner_text()
    assert re.fullmatch(r"[0-9a-f]{32}", reference)
    assert "secret reason" not in page.content()
    assert reference[:8] in harness.log
    assert "RuntimeError: the secret reason" in harness.log
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Contact").click()
    expect(page.get_by_role("heading", level=1, name="Contact")).to_be_visible()


def test_a_widget_that_raises_disturbs_no_other(page: Page) -> None:
    """The dashboard shows the other widgets, and a small card in its place."""
    expect(page.get_by_text("1,284")).to_be_visible()
    broken = page.locator(".w-widget", has_text="Broken widget")
    expect(broken.get_by_role("alert")).to_contain_text("Something went wrong.")


def test_an_expected_error_of_a_handler_is_told_in_its_words(sign_in: SignIn) -> None:
    """What a service raises on purpose becomes a toast with its message."""
    page = sign_in("/inventory")
    page.get_by_role("button", name="Conflict").click()
    assert "order 7 is approved, not pending" in toast(page, "warning")


def test_any_other_error_of_a_handler_shows_a_reference_only(sign_in: SignIn, harness: Harness) -> None:
    """The traceback is in the log, under the reference the user can name."""
    page = sign_in("/inventory")
    page.get_by_role("button", name="Crash").click()
    text = toast(page, "error")
    found = re.search(r"Reference ([0-9a-f]{8})", text)
    assert found is not None
    assert "secret" not in page.content()
    assert found.group(1) in harness.log


def test_handlers_that_modules_wire_by_hand_are_covered_too(sign_in: SignIn) -> None:
    """A plain NiceGUI button whose handler raises tells the user as well."""
    page = sign_in("/ops/kit")
    page.get_by_role("button", name="Raise in a handler").click()
    assert "a plain handler may raise too" in toast(page, "warning")


def test_a_button_turns_while_its_handler_works_and_works_once(sign_in: SignIn) -> None:
    """It cannot be pressed again meanwhile, and is as before afterwards."""
    page = sign_in("/inventory")
    button = page.get_by_role("button", name="Take long")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button).to_be_disabled()
    expect(button).to_be_enabled()
    expect(button).not_to_have_attribute("aria-busy", "true")
    expect(page.locator(".w-toast")).to_have_count(1)
    expect(page.locator(".w-toast")).to_contain_text("Finally")


def test_a_lost_connection_is_said(page: Page, harness: Harness) -> None:
    """The banner appears while the server cannot be reached, and goes when it can."""
    banner = page.locator("#popup")
    expect(banner).to_have_css("opacity", "0")
    page.evaluate("window.socket.disconnect()")
    expect(banner).to_have_css("opacity", "1")
    expect(banner).to_contain_text("Connection lost")
    page.evaluate("window.socket.connect()")
    expect(banner).to_have_css("opacity", "0")
    assert harness.url in page.url
