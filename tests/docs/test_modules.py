"""The modules of the documents run, and do what the documents say."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.product.conftest import Product, SignIn

pytestmark = pytest.mark.browser


def form(page: Page, title: str) -> Locator:
    return page.get_by_role("form", name=title)


def row_of(page: Page, text: str) -> Locator:
    return page.locator(".w-explorer .ag-row", has=page.get_by_text(text, exact=True))


def toast(page: Page, text: str) -> Locator:
    return page.locator(".w-toast", has_text=text)


def create(page: Page, model: str, **values: str) -> None:
    for label, value in values.items():
        form(page, f"Create {model}").get_by_label(label.replace("_", " ")).fill(value)
    form(page, f"Create {model}").get_by_role("button", name=f"Create {model}").click()
    expect(toast(page, f"{model} created")).to_be_visible()


def ask(product: Product, page: Page, path: str, method: str = "GET") -> tuple[int, Any]:
    """Ask the API with the session of a page, as a program does."""
    cookie = next(each for each in page.context.cookies() if each["name"] == "webos_session")
    headers = {"cookie": f"webos_session={cookie['value']}", "origin": product.url}
    request = urllib.request.Request(f"{product.url}{path}", headers=headers, method=method)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - the same
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_all_modules_of_the_documents_run(documented_modules: dict[str, Path], sign_in: SignIn) -> None:
    """Every module that a document shows starts without an error."""
    page = sign_in("/admin/modules")

    assert {"library", "helpdesk", "payroll", "billing"} <= documented_modules.keys()
    for name in documented_modules:
        item = page.locator(".w-list__item", has=page.get_by_text(re.compile(rf"^{name} \d")))
        expect(item.get_by_text("Running", exact=True)).to_be_visible()


def test_the_module_of_the_readme(sign_in: SignIn) -> None:
    """Authors and books are created in the forms, books pick their author by name, and the grid shows both."""
    page = sign_in("/library")
    create(page, "Author", Name="Ursula K. Le Guin")
    books = form(page, "Create Book")
    books.get_by_label("Title").fill("The Dispossessed")
    books.get_by_label("Author").fill("Ursula")
    page.get_by_role("option", name="Ursula K. Le Guin").click()
    books.get_by_role("button", name="Create Book").click()

    expect(row_of(page, "The Dispossessed").locator("[col-id='pages']")).to_have_text("100")
    expect(row_of(page, "The Dispossessed").locator("[col-id='author']")).to_have_text("Ursula K. Le Guin")


def test_the_tutorial(product: Product, sign_in: SignIn) -> None:
    """What the tutorial promises comes true: role, forms, task, service, errors, event."""
    product.webos("role", "set", "agent", "helpdesk.*")
    product.webos(
        "user",
        "create",
        "ada",
        "--role",
        "agent",
        "--display-name",
        "Ada Lovelace",
        "--password-stdin",
        given="ada-lovelace",
    )
    page = sign_in("/helpdesk", "ada", "ada-lovelace")
    create(page, "Ticket", Subject="The printer is on fire")
    expect(row_of(page, "The printer is on fire").locator("[col-id='priority']")).to_have_text("Normal")

    desk = sign_in("/helpdesk/desk", "ada", "ada-lovelace")
    expect(desk.get_by_text("The desk is calm.")).to_be_visible()
    desk.get_by_role("button", name="Raise priorities").click()
    expect(row_of(page, "The printer is on fire").locator("[col-id='priority']")).to_have_text("High")

    ticket = row_of(page, "The printer is on fire").get_attribute("row-id")
    assert ask(product, page, "/api/helpdesk/situation") == (200, {"situation": "calm"})
    paths = ask(product, page, "/openapi.json")[1]["paths"]
    assert {"/api/helpdesk/situation", "/api/webos/tables/{model}/rows"} <= paths.keys()
    assert ask(product, page, f"/api/helpdesk/tickets/{ticket}/close", "POST") == (204, None)
    expect(toast(page, "Closed: The printer is on fire")).to_be_visible()
    status, problem = ask(product, page, f"/api/helpdesk/tickets/{ticket}/close", "POST")
    assert (status, problem["code"]) == (409, "helpdesk.ticket_closed")
    assert set(problem) == {"type", "title", "status", "detail", "code", "trace_id"}


def test_a_role_opens_its_module_only(product: Product, sign_in: SignIn) -> None:
    """Who may read payroll sees its page of nothing else, and a table without his permission stays closed."""
    password = product.add_user("clerk", "payroll.read")
    page = sign_in("/", "clerk", password)
    expect(page.get_by_role("link", name="Tickets")).to_have_count(0)
    rows = "/api/webos/tables/{}/options"

    assert ask(product, page, rows.format("payroll.Employee"))[0] == 200
    assert ask(product, page, rows.format("payroll.Salary"))[0] == 403
    assert ask(product, page, rows.format("helpdesk.Ticket"))[0] == 403


def test_the_hooks(product: Product, sign_in: SignIn) -> None:
    """Each hook of the example does its part.

    `startup` has made an invoice, `register_routes` counts it, `register_settings` has a currency, `register_ui` put a widget on
    the home page and `register_admin_ui` a page and a widget into the admin panel. `register_demo` brings ten invoices.
    """
    page = sign_in("/")
    expect(page.get_by_text("1 invoices")).to_be_visible()
    assert ask(product, page, "/api/billing/count") == (200, 1)
    assert ask(product, page, "/api/billing/currency") == (200, "EUR")
    page.goto(f"{product.url}/admin")
    expect(page.get_by_text("1 invoices")).to_be_visible()
    page.goto(f"{product.url}/admin/invoice-checks")
    expect(page.get_by_role("heading", name="Invoice checks", level=1)).to_be_visible()
    product.webos("demo", "load")
    assert ask(product, page, "/api/billing/count") == (200, 11)


def test_the_routes_of_a_model(product: Product, sign_in: SignIn) -> None:
    """The routes that the document makes in one line are there, with their filters, and answer."""
    page = sign_in("/")
    paths = ask(product, page, "/openapi.json")[1]["paths"]
    parameters = {each["name"] for each in paths["/api/dispatch/parcels"]["get"]["parameters"]}

    assert {"status", "weight__gte", "number__startswith", "sort", "cursor", "limit"} <= parameters
    assert set(paths["/api/dispatch/depots/{identity}"]) == {"get", "patch", "delete"}
    query = "status=sent&weight__gte=3&number__startswith=A&sort=-weight&limit=100"
    assert ask(product, page, f"/api/dispatch/parcels?{query}") == (200, {"items": [], "next": None})
    assert ask(product, page, "/api/dispatch/parcels?colour=red")[0] == 422
