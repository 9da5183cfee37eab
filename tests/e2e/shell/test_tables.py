"""Tables over rows that are at hand."""

import pytest
from playwright.sync_api import expect

from tests.e2e.shell.conftest import SignIn

pytestmark = pytest.mark.browser


def test_columns_and_their_kinds_come_from_the_rows(sign_in: SignIn) -> None:
    """Names become headings; numbers stand on the right."""
    page = sign_in("/inventory")
    grid = page.locator(".w-grid")
    expect(grid.locator(".ag-header-cell-text")).to_have_text(["SKU", "Name", "Price", "Stock", "Changed", "Active"])
    expect(grid.locator(".ag-row").first.locator(".ag-right-aligned-cell").first).to_have_text("3.49")
    expect(page.get_by_text("9 rows")).to_be_visible()


def test_the_filter_works_in_the_browser(sign_in: SignIn) -> None:
    """Typing narrows the rows without asking the server."""
    page = sign_in("/inventory")
    page.get_by_label("Filter Stock").fill("gask")
    expect(page.locator(".w-grid .ag-center-cols-container .ag-row")).to_have_count(1)
    expect(page.locator(".w-grid .ag-row").first).to_contain_text("Gasket")


def test_no_rows_say_so(sign_in: SignIn) -> None:
    """An empty table is a friendly card, not an empty frame."""
    page = sign_in("/inventory/categories")
    expect(page.get_by_text("No category yet.")).to_be_visible()


def test_nothing_in_a_row_is_taken_for_code(sign_in: SignIn) -> None:
    """Keys with a colon are run by NiceGUI and HTML by browsers: neither happens to data."""
    page = sign_in("/reports")
    row = page.locator(".w-grid .ag-center-cols-container .ag-row")
    expect(row).to_contain_text("window.pwned = true")
    expect(row).to_contain_text("<img src=x")
    expect(page.locator(".w-grid .ag-header-cell-text")).to_have_text(["A.b", ":x", "HTML"])
    assert page.evaluate("window.pwned") is None
