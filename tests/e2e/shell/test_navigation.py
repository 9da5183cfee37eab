"""Moving between pages: without a reload, with the browser's own buttons, and by address."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.shell.conftest import Harness, SignIn, Watch, wait_until_live

pytestmark = pytest.mark.browser


def test_a_click_in_the_sidebar_changes_the_page_without_a_reload(page: Page, harness: Harness) -> None:
    """The frame stays, the address, the title, the heading and the active entry follow."""
    page.evaluate("window.stayed = true")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Products").click()
    expect(page.get_by_role("heading", level=1, name="Products")).to_be_visible()
    expect(page).to_have_url(f"{harness.url}/inventory")
    expect(page).to_have_title("Products · Acme Tools")
    expect(page.locator("[aria-current=page]")).to_have_text(re.compile("Products"))
    assert page.evaluate("window.stayed")


def test_back_and_forward_walk_the_visited_pages(page: Page, harness: Harness) -> None:
    """The browser's buttons bring back page, title and active entry."""
    menu = page.get_by_role("navigation", name="Main")
    menu.get_by_role("link", name="Products").click()
    expect(page).to_have_url(f"{harness.url}/inventory")
    menu.get_by_role("link", name="Categories").click()
    expect(page).to_have_url(f"{harness.url}/inventory/categories")
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Products")).to_be_visible()
    expect(page).to_have_title("Products · Acme Tools")
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Welcome, Ada Lovelace")).to_be_visible()
    page.go_forward()
    expect(page.locator("[aria-current=page]")).to_have_text(re.compile("Products"))


def test_an_address_opens_its_page_directly_and_after_a_reload(sign_in: SignIn) -> None:
    """A deep link arrives with its content already in the first answer."""
    page = sign_in("/inventory/categories")
    expect(page.get_by_role("heading", level=1, name="Categories")).to_be_visible()
    expect(page.get_by_text("No category yet.")).to_be_visible()
    page.reload()
    wait_until_live(page)
    expect(page.get_by_text("No category yet.")).to_be_visible()
    expect(page).to_have_title("Categories · Acme Tools")


def test_parameters_of_path_and_query_reach_the_page(sign_in: SignIn) -> None:
    """They come as arguments of `build`, in the types it names, and the module's entry is the active one."""
    page = sign_in("/inventory/products/7?tab=history")
    expect(page.get_by_text("Product 7, history")).to_be_visible()
    expect(page.locator("[aria-current=page]")).to_have_text(re.compile("Products"))


def test_a_parameter_of_the_wrong_type_is_explained(sign_in: SignIn) -> None:
    """Letters where a number belongs are not found, and nothing is logged as a failure of the program."""
    page = sign_in("/inventory/products/seven")
    expect(page.get_by_role("alert").filter(has_text="is no number")).to_be_visible()


def test_an_unknown_address_offers_what_was_meant(sign_in: SignIn, watch: Watch) -> None:
    """The answer has status 404, and the shell with suggestions."""
    watch.expected.append("404")
    page = sign_in("/inventry")
    answer = page.request.get(page.url, headers={"accept": "text/html"})
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1, name="Page not found")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Products").click()
    expect(page.get_by_role("heading", level=1, name="Products")).to_be_visible()


def test_a_page_without_its_permission_is_refused_by_address(sign_in: SignIn, harness: Harness, watch: Watch) -> None:
    """The first request answers 403 and shows nothing of the page."""
    watch.expected.append("403")
    page = sign_in("/ops/vault")
    answer = page.request.get(f"{harness.url}/ops/vault", headers={"accept": "text/html"})
    assert answer.status == 403
    assert "treasure" not in answer.text()
    expect(page.get_by_role("heading", level=1)).to_have_text("You do not have access to this page")


def test_a_page_without_its_permission_is_refused_without_a_reload_too(page: Page) -> None:
    """Changing the page inside the browser meets the same check, which no middleware makes."""
    page.evaluate("emitEvent('sub_pages_navigate', '/ops/vault')")
    expect(page.get_by_role("heading", level=1)).to_have_text("You do not have access to this page")
    expect(page.get_by_text("treasure")).to_have_count(0)
    assert "Vault" not in page.get_by_role("navigation", name="Main").inner_text()


def test_the_sidebar_lists_only_what_the_user_may_open(sign_in: SignIn) -> None:
    """Bob may read the inventory and nothing else."""
    page = sign_in(who="bob")
    names = page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()
    assert [name.split("\n")[-1] for name in names] == ["Home", "Clock", "Products", "Categories"]


def test_pages_come_and_go_in_open_tabs(page: Page, harness: Harness) -> None:
    """A page that is added while the tab is open is listed and opens; one that is taken away is not found."""
    menu = page.get_by_role("navigation", name="Main")
    harness.tell("pages/fresh")
    menu.get_by_role("link", name="Fresh").click()
    expect(page.get_by_role("heading", level=1, name="fresh")).to_be_visible()
    harness.tell("pages/fresh", method="DELETE")
    expect(menu.get_by_role("link", name="Fresh")).to_have_count(0)
    page.evaluate("emitEvent('sub_pages_navigate', '/')")
    expect(page.get_by_role("heading", level=1, name="Welcome, Ada Lovelace")).to_be_visible()
    page.evaluate("emitEvent('sub_pages_navigate', '/fresh')")
    expect(page.get_by_role("heading", level=1, name="Page not found")).to_be_visible()


def test_a_slow_page_shows_its_frame_first(sign_in: SignIn) -> None:
    """Heading and shell do not wait for the content."""
    page = sign_in("/ops/slow")
    expect(page.get_by_role("heading", level=1, name="Slow")).to_be_visible()
    expect(page.get_by_text("Here at last.")).to_be_visible()


def test_a_program_that_calls_a_missing_path_gets_no_page(harness: Harness, page: Page) -> None:
    """A 404 for programs is a problem document, and leaves no client behind."""
    before = set(harness.state()["clients"])
    answer = page.request.get(f"{harness.url}/api/nothing", headers={"accept": "application/json"})
    assert answer.status == 404
    assert answer.json()["code"] == "webos.not_found"
    assert set(harness.state()["clients"]) <= before


def test_signing_out_is_a_post_that_ends_at_the_sign_in_page(page: Page, harness: Harness) -> None:
    """The user's menu names who is signed in and lets him leave."""
    page.get_by_role("button", name="Account of Ada Lovelace").click()
    account = page.get_by_role("group", name="Account")
    expect(account).to_contain_text("Admin")
    with page.expect_request(f"{harness.url}/auth/logout") as sent:
        account.get_by_role("button", name="Sign out").click()
    assert sent.value.method == "POST"
    expect(page).to_have_url(f"{harness.url}/login")


def test_a_group_of_the_sidebar_stays_folded(page: Page) -> None:
    """What was folded is folded again after a reload."""
    header = page.get_by_role("button", name="Inventory", exact=True)
    header.click()
    expect(header).to_have_attribute("aria-expanded", "false")
    page.reload()
    wait_until_live(page)
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Products")).to_be_hidden()


def test_the_sidebar_folds_to_a_rail_and_stays_so(page: Page) -> None:
    """The key `[` folds it; the browser remembers, before anything is painted."""
    page.keyboard.press("[")
    expect(page.locator(".w-sidebar")).to_have_css("width", "56px")
    page.reload()
    wait_until_live(page)
    expect(page.locator(".w-sidebar")).to_have_css("width", "56px")
    page.get_by_role("button", name="Unfold the sidebar").click()
    expect(page.locator(".w-sidebar")).to_have_css("width", "240px")


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_known_page_answers_whoever_can_take_a_page(page: Page, harness: Harness, accept: str) -> None:
    """A program without a preference gets a page that exists, but no page instead of a 404."""
    answer = page.request.get(f"{harness.url}/inventory", headers={"accept": accept})
    assert answer.status == 200
    assert "Products · Acme Tools" in answer.text()


def test_the_user_is_named_in_the_top_bar(page: Page) -> None:
    """By his initials; the whole name is the button's label."""
    avatar = page.get_by_role("button", name="Account of Ada Lovelace").locator(".w-avatar")
    assert avatar.evaluate("(element) => getComputedStyle(element, '::before').content") == '"AL"'
