"""The customers' modules analytics, inventory, vault and warehouse, unmodified, as their users see them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pymongo
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.product.conftest import Product, SignIn
from webos.data.embedded.folder import DatabaseFolder
from webos.data.endpoint import Endpoint

pytestmark = pytest.mark.browser


def cell(page: Page, row: int, column: str) -> Locator:
    return page.locator(f".w-explorer .ag-row[row-index='{row}'] [col-id='{column}']").first


def row_of(page: Page, text: str) -> Locator:
    return page.locator(".w-explorer .ag-row", has=page.get_by_text(text, exact=True))


def toast(page: Page, text: str) -> Locator:
    return page.locator(".w-toast", has_text=text)


def create_product(page: Page, sku: str, name: str, price: str) -> None:
    form = page.get_by_role("form", name="Create Product")
    form.get_by_label("SKU").fill(sku)
    form.get_by_label("Name").fill(name)
    form.get_by_label("Price").fill(price)
    form.get_by_role("button", name="Create Product").click()
    expect(toast(page, "Product created")).to_be_visible()


@pytest.fixture
def stored(product: Product) -> Iterator[pymongo.database.Database[dict[str, object]]]:
    """The database as it is, to see what was really stored."""
    endpoint = Endpoint.from_file(DatabaseFolder.below(product.server.data_dir).endpoint)
    with pymongo.MongoClient[dict[str, object]](
        endpoint.host,
        endpoint.port,
        username=endpoint.username,
        password=endpoint.password.get_secret_value() if endpoint.password else None,
        directConnection=True,
        uuidRepresentation="standard",
    ) as client:
        yield client["webos"]


def test_a_product_is_created_restocked_and_its_move_recorded(
    product: Product, sign_in: SignIn, stored: pymongo.database.Database[dict[str, object]]
) -> None:
    """A product that is created shows in the grid; restocking it toasts and leaves a move by the same user."""
    password = product.add_user("storekeeper", "inventory.*")
    page = sign_in("/inventory", "storekeeper", password)
    expect(page.get_by_role("heading", name="Products", level=1)).to_be_visible()
    create_product(page, "A-1", "Anchor bolt", "2.50")
    expect(row_of(page, "Anchor bolt").locator("[col-id='stock']")).to_have_text("0")
    page.get_by_role("button", name="Restock A-1").click()
    expect(toast(page, "Operation complete")).to_be_visible()
    expect(row_of(page, "Anchor bolt").locator("[col-id='stock']")).to_have_text("10")
    keeper = stored["webos_users"].find_one({"username": "storekeeper"})
    assert keeper is not None
    made = stored["inventory.Product"].find_one({"sku": "A-1"})
    assert made is not None
    assert made["created_by"] == keeper["_id"]
    moves = list(stored["warehouse.StockMove"].find({"sku": "A-1"}))
    assert [(move["quantity"], move["created_by"]) for move in moves] == [(10, keeper["_id"])]


def test_an_edit_is_stored_and_seen_by_others_at_once(sign_in: SignIn) -> None:
    """An edited cell toasts, survives a reload, and changes in another browser without one."""
    first = sign_in("/inventory")
    create_product(first, "E-1", "Edited", "1.00")
    second = sign_in("/inventory")
    name = row_of(first, "E-1").locator("[col-id='name']")
    expect(row_of(second, "E-1")).to_be_visible()
    name.dblclick()
    first.keyboard.press("Control+A")
    first.keyboard.type("Renamed")
    first.keyboard.press("Enter")
    expect(toast(first, "Saved")).to_be_visible()
    expect(row_of(second, "E-1").locator("[col-id='name']")).to_have_text("Renamed")
    first.reload()
    expect(row_of(first, "E-1").locator("[col-id='name']")).to_have_text("Renamed")


def test_an_invalid_edit_is_refused_with_its_reason_and_put_back(sign_in: SignIn) -> None:
    """A value the model does not allow is not stored; the reason is told and the old value stands again."""
    page = sign_in("/inventory")
    create_product(page, "I-1", "Invalid", "1.00")
    stock = row_of(page, "I-1").locator("[col-id='stock']")
    stock.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("-5")
    page.keyboard.press("Enter")
    expect(toast(page, "Stock: Should be greater than or equal to 0")).to_be_visible()
    expect(stock).to_have_text("0")
    page.reload()
    expect(row_of(page, "I-1").locator("[col-id='stock']")).to_have_text("0")


def test_undo_takes_an_edit_back(sign_in: SignIn) -> None:
    """Ctrl+Z after an edit stores the former value again."""
    page = sign_in("/inventory")
    create_product(page, "U-1", "Undone", "1.00")
    stock = row_of(page, "U-1").locator("[col-id='stock']")
    stock.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(stock).to_have_text("7")
    expect(toast(page, "Saved")).to_have_count(1)
    page.keyboard.press("Control+Z")
    expect(stock).to_have_text("0")
    expect(toast(page, "Saved")).to_have_count(2)
    page.reload()
    expect(row_of(page, "U-1").locator("[col-id='stock']")).to_have_text("0")


def test_who_may_only_read_cannot_write_anywhere(product: Product, sign_in: SignIn) -> None:
    """Without the write permission cells do not open, the form is closed, and the API answers 403."""
    admin = sign_in("/inventory")
    create_product(admin, "R-1", "Read only", "1.00")
    password = product.add_user("visitor", "inventory.read")
    page = sign_in("/inventory", "visitor", password)
    name = row_of(page, "R-1").locator("[col-id='name']")
    name.dblclick()
    expect(page.locator(".ag-cell-inline-editing")).to_have_count(0)
    expect(page.get_by_role("button", name="Create Product")).to_have_count(0)
    cookie = next(each for each in page.context.cookies() if each["name"] == "webos_session")
    row_id = row_of(page, "R-1").get_attribute("row-id")
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{product.url}/api/webos/tables/inventory.Product/rows/{row_id}",
        data=json.dumps({"changes": {"name": "Hacked"}}).encode(),
        headers={
            "content-type": "application/json",
            "cookie": f"webos_session={cookie['value']}",
            "origin": product.url,
        },
        method="PATCH",
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)  # noqa: S310 - our own address
    assert refused.value.code == 403
    assert json.load(refused.value)["code"] == "webos.permission_denied"


def test_the_palette_leads_to_a_page(sign_in: SignIn) -> None:
    """Ctrl+K, a few letters and Enter open a page without a mouse."""
    page = sign_in("/")
    page.keyboard.press("Control+K")
    page.keyboard.type("catg")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Categories", level=1)).to_be_visible()


def test_the_admin_panel_shows_what_modules_add(sign_in: SignIn) -> None:
    """The page and the widget of a customer's admin.py stand in the admin panel."""
    page = sign_in("/admin")
    expect(page.get_by_role("heading", name="Administration", level=1)).to_be_visible()
    expect(page.locator(".w-widget", has_text="Products")).to_be_visible()
    page.goto(f"{page.url}/inventory-checks")
    expect(page.get_by_text("Every product has a price")).to_be_visible()


def test_categories_are_linked_through_a_picker(sign_in: SignIn) -> None:
    """A product is linked to a category by typing its name, and the grid shows that name."""
    page = sign_in("/inventory/categories")
    page.evaluate(
        """fetch("/api/webos/tables/inventory.Category",
        {method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify({name: "Fasteners"})})"""
    )
    page.goto(page.url.removesuffix("/categories"))
    form = page.get_by_role("form", name="Create Product")
    form.get_by_role("combobox", name="Category").fill("fast")
    form.get_by_role("option", name="Fasteners").click()
    create_product(page, "L-1", "Linked", "1.00")
    expect(row_of(page, "L-1").locator("[col-id='category']")).to_have_text("Fasteners")


def test_the_vault_keeps_passwords_to_their_owner(
    product: Product, sign_in: SignIn, stored: pymongo.database.Database[dict[str, object]]
) -> None:
    """A password is typed behind dots, shown on demand, stored sealed, and neither in the grid nor on the way to it."""
    secret = "correct horse battery staple"
    page = sign_in("/vault", "keeper", product.add_user("keeper"))
    answers: list[str] = []
    page.on("response", lambda answer: answers.append(answer.url))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: answers.append(str(frame))))
    form = page.get_by_role("form", name="Create Entry")
    form.get_by_label("Site").fill("example.com")
    form.get_by_label("Login").fill("keeper")
    password = form.get_by_label("Password", exact=False).first
    expect(password).to_have_attribute("type", "password")
    form.get_by_role("button", name="Create Entry").click()
    expect(form.get_by_text("Please fill this in.")).to_be_visible()
    password.fill(secret)
    form.get_by_role("button", name="Show Password").click()
    expect(password).to_have_attribute("type", "text")
    form.get_by_role("button", name="Create Entry").click()
    expect(toast(page, "Entry created")).to_be_visible()
    expect(password).to_have_value("")
    expect(password).to_have_attribute("type", "password")
    expect(row_of(page, "example.com").locator("[col-id='login']")).to_have_text("keeper")
    expect(page.locator(".w-explorer [col-id='password']")).to_have_count(0)
    login = row_of(page, "example.com").locator("[col-id='login']")
    login.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("changed")
    page.keyboard.press("Enter")
    expect(toast(page, "Saved")).to_be_visible()

    entry = stored["vault.Entry"].find_one({"site": "example.com"})
    assert entry is not None
    assert entry["login"] == "changed"
    assert set(entry["password"]) == {"key", "nonce", "text"}  # type: ignore[call-overload]  # it is a mapping
    assert secret not in page.content()
    assert not any(secret in answer for answer in answers)
    assert secret not in product.server.output
    for name in stored.list_collection_names():
        for row in stored[name].find():
            assert secret not in str(row)
    other = sign_in("/vault", "neighbour", product.add_user("neighbour"))
    expect(other.get_by_role("form", name="Create Entry")).to_be_visible()
    expect(other.locator(".w-explorer .ag-row")).to_have_count(0)
    counted = product.webos("secrets", "status")
    assert "1 values  for new values" in counted


def test_a_report_is_kept_and_only_for_whom_it_was_made(
    product: Product, sign_in: SignIn, stored: pymongo.database.Database[dict[str, object]]
) -> None:
    """The report over another module's data stays for its time, and another user gets one of his own."""
    page = sign_in("/inventory")
    if stored["inventory.Product"].find_one({"sku": "A-1"}) is None:
        create_product(page, "A-1", "Anchor bolt", "2.50")
    page.get_by_role("button", name="Restock A-1").click()
    expect(toast(page, "Operation complete").first).to_be_visible()
    page.goto(f"{product.url}/analytics")
    moved = page.get_by_role("row", name="A-1").get_by_role("gridcell").nth(1)
    expect(moved).to_be_visible()
    before = moved.inner_text()
    page.goto(f"{product.url}/inventory")
    page.get_by_role("button", name="Restock A-1").click()
    expect(toast(page, "Operation complete").first).to_be_visible()
    page.goto(f"{product.url}/analytics")
    expect(moved).to_have_text(before)
    password = product.add_user("analyst", "analytics.read")
    other = sign_in("/analytics", "analyst", password)
    anew = other.get_by_role("row", name="A-1").get_by_role("gridcell").nth(1)
    expect(anew).to_have_text(str(int(before) + 10))
