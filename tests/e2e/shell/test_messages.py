"""Toasts: to whom, where, and as what."""

import pytest
from playwright.sync_api import expect

from tests.e2e.shell.conftest import Harness, SignIn, wait_until_live

pytestmark = pytest.mark.browser


def test_what_happens_elsewhere_is_told_in_every_tab_of_that_user_only(sign_in: SignIn, harness: Harness) -> None:
    """A notification from the background reaches both tabs of Ada and none of Bob."""
    first = sign_in("/inventory")
    second = first.context.new_page()
    second.goto(first.url)
    wait_until_live(second)
    bob = sign_in(who="bob")
    harness.tell("notify/ada", {"severity": "info", "text": "The import is done"})
    for tab in (first, second):
        expect(tab.locator(".w-toast--info")).to_have_text("infoThe import is doneclose")
    harness.tell("notify/bob", {"severity": "warning", "text": "For Bob"})
    expect(bob.locator(".w-toast--warning")).to_be_visible()
    expect(bob.locator(".w-toast")).to_have_count(1)


def test_what_an_event_causes_is_told_in_its_tab_only(sign_in: SignIn) -> None:
    """Pressing a button in one tab does not disturb the other."""
    first = sign_in("/inventory")
    second = first.context.new_page()
    second.goto(first.url)
    wait_until_live(second)
    first.get_by_role("button", name="Restock A-1").click()
    expect(first.locator(".w-toast--success")).to_be_visible()
    second.get_by_role("button", name="Conflict").click()
    expect(second.locator(".w-toast--warning")).to_be_visible()
    expect(second.locator(".w-toast--success")).to_have_count(0)


def test_a_message_is_text_and_never_markup(sign_in: SignIn, harness: Harness) -> None:
    """HTML in a message is shown as it was written, and nothing of it runs."""
    page = sign_in()
    evil = '<img src=x onerror="window.pwned=1"><b>bold</b> `${1+1}` </script>'
    harness.tell("notify/ada", {"severity": "error", "text": evil})
    toast = page.locator(".w-toast--error .w-toast__text")
    expect(toast).to_have_text(evil)
    expect(toast.locator("img, b")).to_have_count(0)
    assert page.evaluate("window.pwned") is None


def test_screen_readers_hear_it(sign_in: SignIn, harness: Harness) -> None:
    """Toasts stand in a live region that was there before; errors interrupt."""
    page = sign_in()
    expect(page.get_by_role("region", name="Notifications")).to_have_attribute("aria-live", "polite")
    harness.tell("notify/ada", {"severity": "error", "text": "Broken"})
    expect(page.get_by_role("region", name="Notifications").get_by_role("alert")).to_contain_text("Broken")


def test_a_toast_can_be_dismissed_and_leaves_by_itself(sign_in: SignIn, harness: Harness) -> None:
    """Errors stay longer than successes, and whatever the pointer rests on stays."""
    page = sign_in()
    harness.tell("notify/ada", {"severity": "success", "text": "Short"})
    harness.tell("notify/ada", {"severity": "error", "text": "Long"})
    page.get_by_text("Long", exact=True).hover()
    expect(page.get_by_text("Short", exact=True)).to_have_count(0)
    expect(page.get_by_text("Long", exact=True)).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".w-toast")).to_have_count(0)
