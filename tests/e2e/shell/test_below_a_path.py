"""The interface under a path of the public address, as behind a proxy that serves several applications."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.shell.conftest import Harness, SignIn, Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def page(sign_in: SignIn, harness_below: Harness) -> Page:
    return sign_in("/", at=harness_below)


def test_everything_stays_below_it(page: Page, harness_below: Harness) -> None:
    """Files, pages, the websocket: nothing asks for a path beside ours."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Products").click()
    expect(page).to_have_url(f"{harness_below.url}/inventory")
    expect(page.get_by_role("heading", level=1, name="Products")).to_be_visible()
    assert [url for url in asked if not url.startswith((f"{harness_below.url}/", "data:", "blob:"))] == []
    expect(page.locator(".w-sidebar")).to_have_css("width", "240px")


def test_links_lead_below_it_in_a_new_tab_too(page: Page, harness_below: Harness) -> None:
    """Their addresses are complete, in the sidebar and in the page."""
    for link in page.get_by_role("link", name=re.compile("Products")).all():
        assert link.evaluate("(element) => element.href") == f"{harness_below.url}/inventory"
    page.get_by_role("main").get_by_role("link", name=re.compile("Products")).click()
    expect(page).to_have_url(f"{harness_below.url}/inventory")


def test_an_unknown_page_below_it_is_not_found_there(sign_in: SignIn, harness_below: Harness, watch: Watch) -> None:
    """The message names the path within the application."""
    watch.expected.append("404")
    page = sign_in("/inventry", at=harness_below)
    expect(page.get_by_text("There is nothing at /inventry.")).to_be_visible()


def test_who_is_signed_out_comes_back_to_where_he_was(sign_in: SignIn, harness_below: Harness) -> None:
    """The sign-in page is told the path within the application."""
    page = sign_in("/inventory", who="bob", at=harness_below)
    harness_below.tell("sessions", {"revoke": ["bob"]})
    page.get_by_role("button", name="Restock A-1").click()
    page.wait_for_url(f"{harness_below.url}/login?next=%2Finventory")
