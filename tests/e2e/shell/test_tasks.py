"""Background tasks in the top bar and in pages."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.shell.conftest import Harness, SignIn

pytestmark = pytest.mark.browser


def job(harness: Harness, **fields: Any) -> None:
    harness.tell("job", {"user": "ada", "id": "job-1", "title": "Import flights", **fields})


def test_progress_moves_in_the_page_and_in_the_top_bar(sign_in: SignIn, harness: Harness) -> None:
    """Both follow the task until it is done."""
    job(harness, percent=10, message="Reading")
    page = sign_in("/ops/tasks")
    in_page = page.get_by_role("main").get_by_role("progressbar", name="Import flights")
    expect(in_page).to_have_attribute("aria-valuenow", "10")
    job(harness, percent=42.5, message="11,340 of 27,004 rows")
    expect(in_page).to_have_attribute("aria-valuenow", "42.5")
    expect(page.get_by_text("11,340 of 27,004 rows")).to_be_visible()
    page.get_by_role("button", name="Background tasks: 1 running").click()
    menu = page.get_by_role("group", name="Background tasks")
    expect(menu.get_by_role("progressbar", name="Import flights")).to_have_attribute("aria-valuenow", "42.5")
    job(harness, percent=100, state="done")
    expect(menu).to_contain_text("Done")
    expect(page.get_by_role("button", name="Background tasks", exact=True)).to_be_visible()


def test_a_task_can_be_cancelled(sign_in: SignIn, harness: Harness) -> None:
    """The button at its row stops it; then it says so."""
    job(harness, percent=10)
    page = sign_in("/inventory")
    page.get_by_role("button", name="Background tasks: 1 running").click()
    page.get_by_role("button", name="Cancel Import flights").click()
    expect(page.get_by_role("group", name="Background tasks")).to_contain_text("Cancelled")


def test_nobody_sees_the_tasks_of_others(sign_in: SignIn, harness: Harness) -> None:
    """Bob's top bar stays empty, and he cannot cancel what he was never shown."""
    job(harness, percent=10)
    page = sign_in(who="bob")
    job(harness, percent=20)
    page.get_by_role("button", name="Background tasks", exact=True).click()
    expect(page.get_by_text("Nothing is running.")).to_be_visible()
    shell = page.locator(".w-shell").get_attribute("id")
    page.evaluate(f"getElement('{shell}'.slice(1)).$emit('stop', 'job-1')")
    expect(page.locator(".w-toast--warning")).to_contain_text("no task")
    ada = sign_in("/ops/tasks")
    expect(ada.get_by_role("main").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "20")


def test_a_task_that_is_gone_says_so(sign_in: SignIn) -> None:
    """Instead of waiting for ever."""
    page = sign_in("/ops/tasks/gone")
    expect(page.get_by_text("There is no such task any more.")).to_be_visible()
