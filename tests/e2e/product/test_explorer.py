"""The explorer in a browser: filters, views, records, changes of many rows, files, the clipboard, keys."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.product.conftest import ADMIN_PASSWORD, Product, SignIn
from tests.e2e.shell.conftest import Watch
from tests.e2e.shell.test_accessibility import findings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

TABLE = "/api/webos/tables/inventory.Product"
EVIL = '"><img src=x onerror="window.pwned=1">{{constructor.constructor("window.pwned=1")()}}'


def ask(page: Page, method: str, path: str, body: Any = None) -> Any:
    """Ask the server as the user of the page."""
    origin = page.evaluate("location.origin")
    answer = page.request.fetch(f"{origin}{path}", method=method, data=body, headers={"origin": origin})
    assert answer.ok, answer.text()
    return answer.json() if answer.text() else None


def fill(page: Page, prefix: str, number: int = 4, **values: Any) -> list[str]:
    """Store products whose names begin with `prefix`, the first one last, which the table shows first."""
    products = [
        {"sku": f"{prefix}-{index}", "name": f"{prefix} {index}", "price": str(index), "stock": index, **values}
        for index in reversed(range(number))
    ]
    return [ask(page, "POST", TABLE, product)["row"]["id"] for product in products]


def explorer(page: Page) -> Locator:
    return page.locator(".w-explorer")


def names(page: Page) -> Locator:
    return explorer(page).locator(".ag-center-cols-container .ag-row [col-id='name']")


def named(page: Page, text: str) -> Locator:
    return names(page).filter(has_text=text)


def search(page: Page, words: str, rows: int) -> None:
    page.get_by_label("Search products").fill(words)
    if rows:
        expect(names(page)).to_contain_text([words] * rows)
    expect(explorer(page).get_by_role("status").first).to_have_text(f"{rows} {'row' if rows == 1 else 'rows'}")


def button(page: Page, name: str) -> Locator:
    return explorer(page).get_by_role("button", name=name, exact=True)


def toast(page: Page, text: str) -> Locator:
    return page.locator(".w-toast", has_text=text)


def tick(page: Page, row: int) -> None:
    explorer(page).get_by_label(f"Select row {row + 1}", exact=True).click()


def build_filter(page: Page) -> None:
    """Build: the name ends with 3, or the stock is 1."""
    page.get_by_role("button", name="Filter").click()
    panel = page.get_by_role("dialog", name="Filter")
    panel.get_by_label("Field").select_option("name")
    panel.get_by_label("Operator").select_option("endsWith")
    panel.get_by_label("Value").fill("3")
    panel.get_by_role("button", name="Group").click()
    panel.get_by_label("Join").select_option("or")
    group = panel.get_by_role("group", name="Group")
    group.get_by_label("Field").select_option("stock")
    group.get_by_label("Operator").select_option("inRange")
    group.get_by_label("Value", exact=True).fill("1")
    group.get_by_label("Upper value").fill("1")
    panel.get_by_role("button", name="Apply filter").click()
    expect(panel).to_have_count(0)


def test_nested_filters_become_chips_views_and_links(product: Product, sign_in: SignIn) -> None:
    """A filter with a group is built, shown as chips, kept as a shared view, and a link shows the same to somebody else."""
    # As somebody of his own: how he leaves the columns is kept for him.
    page = sign_in("/inventory", "planner", product.add_user("planner", "inventory.*"))
    fill(page, "Fil")
    search(page, "Fil", 4)
    build_filter(page)
    expect(names(page)).to_have_text(["Fil 1", "Fil 3"])
    expect(explorer(page).get_by_text("Stock is between 1 and 1")).to_be_visible()
    page.locator(".ag-header-cell[col-id='name']").click()
    page.locator(".ag-header-cell[col-id='name']").click()
    expect(names(page)).to_have_text(["Fil 3", "Fil 1"])

    button(page, "Columns").click()
    page.get_by_role("checkbox", name="Price").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator(".ag-header-cell[col-id='price']")).to_have_count(0)
    page.get_by_role("button", name="All rows").click()
    page.get_by_role("menuitem", name="Save as a new view").click()
    dialog = page.get_by_role("dialog", name="Save view")
    dialog.get_by_label("Name").fill(f"Shared {EVIL}"[:80])
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Save").click()
    expect(toast(page, "View saved")).to_be_visible()
    link = page.url
    assert "view=" in link

    reader = sign_in("/inventory", "viewer", product.add_user("viewer", "inventory.read"))
    reader.goto(link)
    expect(names(reader)).to_have_text(["Fil 3", "Fil 1"])
    expect(reader.locator(".ag-header-cell[col-id='price']")).to_have_count(0)
    reader.get_by_role("button", name="Remove filter Name ends with 3").click()
    expect(names(reader)).to_have_text(["Fil 1"])
    assert "where=" in reader.url
    for name in ("Add", "Edit", "Delete"):
        expect(button(reader, name)).to_have_count(0)
    expect(explorer(reader).get_by_role("checkbox", name="Select")).to_have_count(0)
    button(reader, "More").click()
    expect(reader.get_by_role("menuitem")).to_have_text(["downloadExport…", "linkCopy link to this view"])
    reader.goto(reader.url)
    expect(names(reader)).to_have_text(["Fil 1"])

    page.reload()
    expect(names(page)).to_have_text(["Fil 3", "Fil 1"])
    assert page.evaluate("window.pwned") is None
    assert reader.evaluate("window.pwned") is None


def test_a_wrong_filter_says_what_is_wrong(sign_in: SignIn, watch: Watch) -> None:
    """What the server refuses is told in the panel or in the place of the rows, and one can go on from there."""
    watch.expected += ["422"]
    page = sign_in("/inventory")
    page.get_by_role("button", name="Filter").click()
    panel = page.get_by_role("dialog", name="Filter")
    panel.get_by_label("Field").select_option("price")
    panel.get_by_label("Value").fill("cheap")
    panel.get_by_role("button", name="Apply filter").click()
    expect(panel.get_by_role("alert")).to_have_text("Price: A number was expected.")
    page.goto(page.url.partition("?")[0] + '?where={"join":"and","items":[{"field":"nope","type":"blank"}]}')
    wrong = {"join": "and", "items": [{"field": "stock", "type": "equals", "filter": "x"}]}
    page.goto(page.url.partition("?")[0] + f"?where={json.dumps(wrong)}")
    expect(explorer(page).get_by_role("alert")).to_contain_text("A number was expected")
    explorer(page).get_by_role("alert").get_by_role("button", name="Clear filters").click()
    expect(explorer(page).get_by_role("alert")).to_have_count(0)


def test_a_record_opens_beside_the_grid(sign_in: SignIn, watch: Watch) -> None:
    """Keys lead from row to row; fields are edited, the past is shown and brought back, links lead both ways."""
    page = sign_in("/inventory")
    watch.expected += ["422"]
    category = ask(page, "POST", "/api/webos/tables/inventory.Category", {"name": f"Cat {EVIL}"})["row"]["id"]
    fill(page, "Rec", category=category)
    search(page, "Rec", 4)
    named(page, "Rec 0").click()
    page.keyboard.press("Space")
    panel = page.get_by_role("complementary", name="Record")
    expect(panel.get_by_role("heading")).to_have_text("Rec 0")
    page.keyboard.press("j")
    expect(panel.get_by_role("heading")).to_have_text("Rec 1")
    expect(panel).to_contain_text("2 of 4")
    page.keyboard.press("k")
    expect(panel.get_by_role("heading")).to_have_text("Rec 0")
    panel.get_by_role("button", name="Edit Stock").click()
    panel.get_by_label("Stock").fill("-4")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("greater than or equal to 0")
    panel.get_by_label("Stock").fill("44")
    page.keyboard.press("Enter")
    expect(page.locator(".ag-row", has=page.get_by_text("Rec 0", exact=True)).locator("[col-id='stock']")).to_have_text(
        "44"
    )
    panel.get_by_role("tab", name="History").click()
    expect(panel.locator(".w-record__diff").first).to_have_text("Stock0 → 44")
    panel.get_by_role("button", name="Restore this version").click()
    expect(toast(page, "Version 1 is restored")).to_be_visible()
    panel.get_by_role("tab", name="Details").click()
    expect(panel.locator("dd").filter(has_text="44")).to_have_count(0)
    panel.get_by_role("button", name=f"Cat {EVIL}", exact=True).click()
    expect(panel.get_by_role("heading")).to_have_text(f"Cat {EVIL}")
    panel.get_by_role("tab", name="Links").click()
    panel.get_by_role("button", name="Product · Category 4").click()
    panel.get_by_role("button", name="Rec 2").click()
    expect(panel.get_by_role("heading")).to_have_text("Rec 2")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert "row=" not in page.url
    named(page, "Rec 3").click()
    page.keyboard.press("Space")
    expect(panel.get_by_role("heading")).to_have_text("Rec 3")
    page.reload()
    expect(panel.get_by_role("heading")).to_have_text("Rec 3")
    assert page.evaluate("window.pwned") is None


def test_rows_are_added_duplicated_deleted_and_brought_back(sign_in: SignIn) -> None:
    """A new row opens, a duplicate begins with its values, and a deletion is undone from its message or from the trash."""
    page = sign_in("/inventory")
    fill(page, "Life", 1)
    search(page, "Life", 1)
    button(page, "Add").click()
    form = page.get_by_role("dialog", name="Add product")
    for label, value in (("Sku", "Life-new"), ("Name", "Life new"), ("Price", "3")):
        form.get_by_label(label).fill(value)
    form.get_by_role("button", name="Add", exact=True).click()
    panel = page.get_by_role("complementary", name="Record")
    expect(panel.get_by_role("heading")).to_have_text("Life new")
    panel.get_by_role("button", name="Duplicate").click()
    copy = page.get_by_role("dialog", name="Duplicate product")
    expect(copy.get_by_label("Name")).to_have_value("Life new")
    copy.get_by_label("Sku").fill("Life-copy")
    copy.get_by_label("Name").fill("Life copy")
    copy.get_by_role("button", name="Add", exact=True).click()
    expect(panel.get_by_role("heading")).to_have_text("Life copy")
    panel.get_by_role("button", name="Delete").click()
    expect(named(page, "Life copy")).to_have_count(0)
    toast(page, "Product deleted").get_by_role("button", name="Undo").click()
    expect(named(page, "Life copy")).to_have_count(1)
    named(page, "Life copy").click()
    page.keyboard.press("Space")
    panel.get_by_role("button", name="Delete").click()
    expect(named(page, "Life copy")).to_have_count(0)
    button(page, "More").click()
    page.get_by_role("menuitem", name="Trash").click()
    trash = page.get_by_role("dialog", name="Trash of products")
    trash.get_by_label("Select Life-copy").check()
    trash.get_by_role("button", name="Restore 1").click()
    expect(trash.get_by_text("Life copy")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(named(page, "Life copy")).to_have_count(1)


def test_all_rows_of_a_filter_are_changed_and_taken_back(sign_in: SignIn) -> None:
    """All matching rows but one get a value after a preview, in the background; one press takes it back; others are left."""
    page = sign_in("/inventory")
    fill(page, "Many", 5)
    search(page, "Many", 5)
    tick(page, 0)
    explorer(page).get_by_role("button", name="Select all 5 matching").click()
    tick(page, 0)
    chosen = explorer(page).get_by_role("group", name="Chosen rows")
    expect(chosen).to_contain_text("4 of 5 matching selected")
    chosen.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Edit 4 rows")
    dialog.get_by_label("Field").select_option("stock")
    dialog.get_by_label("New value").fill("70")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.locator("tbody tr").first).to_have_text("Many 1Stock170")
    dialog.get_by_role("button", name="Change 4 rows").click()
    expect(dialog.get_by_role("status")).to_contain_text("4 changed", timeout=15_000)
    expect(explorer(page).locator(".ag-row [col-id='stock']")).to_have_text(["0", "70", "70", "70", "70"])
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.get_by_role("status")).to_contain_text("4 taken back", timeout=15_000)
    page.keyboard.press("Escape")
    expect(explorer(page).locator(".ag-row [col-id='stock']")).to_have_text(["0", "1", "2", "3", "4"])
    tick(page, 1)
    tick(page, 2)
    chosen.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete 2 rows")
    expect(dialog).to_contain_text("Many 2")
    dialog.get_by_role("button", name="Delete 2 rows").click()
    expect(dialog.get_by_role("status")).to_contain_text("2 deleted", timeout=15_000)
    page.keyboard.press("Escape")
    expect(names(page)).to_have_text(["Many 0", "Many 3", "Many 4"])


def test_rows_go_out_as_a_file_and_come_in_as_one(sign_in: SignIn, tmp_path: Path) -> None:
    """The filtered rows are downloaded; a file with other headings is mapped, checked, imported and undone."""
    page = sign_in("/inventory")
    fill(page, "File", 2, name=EVIL)
    search(page, "constructor", 2)
    for kind, suffix in (("CSV", ".csv"), ("Excel", ".xlsx"), ("JSON lines", ".jsonl")):
        button(page, "More").click()
        page.get_by_role("menuitem", name="Export").click()
        dialog = page.get_by_role("dialog", name="Export")
        dialog.get_by_label(kind).check()
        with page.expect_download() as download:
            dialog.get_by_role("button", name="Export").click()
        path = Path(download.value.path())
        assert download.value.suggested_filename.endswith(suffix)
        if kind == "CSV":
            rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
            assert [row["SKU"] for row in rows] == ["File-0", "File-1"]
        expect(dialog).to_have_count(0)

    file = tmp_path / "prices.csv"
    file.write_text(
        f'Number,name,Cost,Junk\nImp-1,"{EVIL.replace(chr(34), chr(34) * 2)}",3,x\nImp-2,Imp two,dear,y\nImp-3,Imp three,5,z\n'
    )
    button(page, "More").click()
    page.get_by_role("menuitem", name="Import").click()
    dialog = page.get_by_role("dialog", name="Import products")
    dialog.locator("input[type=file]").set_input_files(file)
    dialog.get_by_label("Field of Number").select_option("sku")
    dialog.get_by_label("Field of Cost").select_option("price")
    expect(dialog.get_by_label("Field of name")).to_have_value("name")
    dialog.get_by_role("button", name="Check").click()
    expect(dialog.locator("tbody tr")).to_have_count(1)
    expect(dialog.locator("tbody tr")).to_contain_text("dear")
    dialog.get_by_role("button", name="Import 2 rows").click()
    expect(dialog.get_by_role("status")).to_contain_text("The import is complete", timeout=20_000)
    dialog.get_by_role("button", name="Undo import").click()
    expect(dialog.get_by_role("status")).to_contain_text("taken back", timeout=20_000)
    page.keyboard.press("Escape")
    search(page, "Imp", 0)
    assert page.evaluate("window.pwned") is None


def test_blocks_of_cells_are_copied_and_pasted(sign_in: SignIn, watch: Watch) -> None:
    """A block goes to the clipboard as a spreadsheet takes it; one comes in whole or not at all, and is undone."""
    page = sign_in("/inventory")
    watch.expected += ["422"]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fill(page, "Clip", 3)
    search(page, "Clip", 3)
    named(page, "Clip 0").click()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(f"Shift+{key}")
    page.keyboard.press("Control+C")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.replace("\r\n", "\n") == "Clip 0\t0\t0\nClip 1\t1\t1"

    stock = explorer(page).locator(".ag-row [col-id='stock']")
    page.evaluate("navigator.clipboard.writeText('7\\n-8')")
    stock.first.click()
    page.keyboard.press("Control+V")
    refused = page.get_by_role("dialog", name="Nothing was pasted")
    expect(refused.locator("tbody tr")).to_have_count(1)
    expect(refused.locator("tbody tr")).to_contain_text("2Stock-8")
    page.keyboard.press("Escape")
    expect(stock).to_have_text(["0", "1", "2"])
    page.evaluate("navigator.clipboard.writeText('7\\r\\n8\\r\\n')")
    stock.first.click()
    page.keyboard.press("Control+V")
    expect(stock).to_have_text(["7", "8", "2"])
    toast(page, "2 rows changed").get_by_role("button", name="Undo").click()
    expect(stock).to_have_text(["0", "1", "2"])


def test_two_who_change_the_same_choose(sign_in: SignIn, watch: Watch) -> None:
    """Who edits what somebody else has just changed sees all three values, and his own is stored only if he says so."""
    watch.expected += ["409"]
    page = sign_in("/inventory")
    (identity,) = fill(page, "Two", 1)
    search(page, "Two", 1)
    stock = explorer(page).locator(".ag-row [col-id='stock']")
    stock.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("5")
    ask(page, "PATCH", f"{TABLE}/rows/{identity}", {"changes": {"stock": 9}})
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Somebody else changed this, too")
    expect(dialog.locator("dd")).to_have_text(["5", "9", "0"])
    dialog.get_by_role("button", name="Store mine").click()
    expect(dialog).to_have_count(0)
    expect(stock).to_have_text("5")
    assert ask(page, "POST", f"{TABLE}/rows/by-id", {"ids": [identity]})["rows"][0]["stock"] == 5


def test_rows_that_arrive_leave_an_open_editor_alone(sign_in: SignIn) -> None:
    """What is being typed into a cell stays while rows that were asked for before arrive, and is stored."""
    page = sign_in("/inventory")
    (identity,) = fill(page, "Slow", 1)
    search(page, "Slow", 1)
    page.wait_for_load_state("networkidle")
    held: list[Route] = []
    page.route(f"**{TABLE}/rows", lambda route: held.append(route), times=1)  # noqa: PLW0108 - it wants a function
    fill(page, "Other", 1)
    while not held:
        page.wait_for_timeout(20)
    stock = explorer(page).locator(".ag-row [col-id='stock']")
    expect(stock).to_have_text("0")
    stock.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("7")
    with page.expect_response(f"**{TABLE}/rows"):
        held[0].continue_()
    expect(stock.locator("input")).to_have_value("7")
    page.keyboard.press("Enter")
    expect(toast(page, "Saved")).to_be_visible()
    assert ask(page, "POST", f"{TABLE}/rows/by-id", {"ids": [identity]})["rows"][0]["stock"] == 7


def test_everything_that_opens_is_accessible(sign_in: SignIn) -> None:
    """Axe finds nothing serious in menus, dialogs and the record, on a desk in light and on a phone in dark colours."""
    page = sign_in("/inventory", "admin", ADMIN_PASSWORD)
    fill(page, "Axe", 2)
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.evaluate("(theme) => localStorage.setItem('webos-theme', theme)", scheme)
        page.set_viewport_size({"width": width, "height": 844})
        page.reload()
        search(page, "Axe", 2)
        button(page, "Columns").click()
        assert findings(page) == []
        page.keyboard.press("Escape")
        for opener, dialog in (("Filter", "Filter"), ("Add", "Add product")):
            button(page, opener).click()
            expect(page.get_by_role("dialog", name=dialog)).to_be_visible()
            assert findings(page) == [], dialog
            page.keyboard.press("Escape")
            expect(button(page, opener)).to_be_focused()
        for item, dialog in (("Export", "Export"), ("Import", "Import products"), ("Trash", "Trash of products")):
            button(page, "More").click()
            page.get_by_role("menuitem", name=item).click()
            expect(page.get_by_role("dialog", name=dialog)).to_be_visible()
            assert findings(page) == [], dialog
            page.keyboard.press("Escape")
        tick(page, 0)
        button(page, "Edit").click()
        expect(page.get_by_role("dialog", name="Edit 1 row")).to_be_visible()
        assert findings(page) == []
        page.keyboard.press("Escape")
        button(page, "Clear").click()
        names(page).first.click()
        page.keyboard.press("Space")
        expect(page.get_by_role("complementary", name="Record").get_by_role("heading")).to_contain_text("Axe")
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("Escape")
