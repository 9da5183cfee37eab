"""Forms made from models."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.shell.conftest import Harness, SignIn, wait_until_live

pytestmark = pytest.mark.browser


@pytest.fixture
def form(sign_in: SignIn) -> Locator:
    return sign_in("/inventory").get_by_role("form", name="Create Product")


def error_of(form: Locator, label: str) -> Locator:
    return form.locator(".w-field", has=form.page.get_by_label(label)).locator(".w-field__error")


def submit(form: Locator) -> None:
    form.get_by_role("button", name="Create Product").click()


def test_a_document_is_made_from_what_was_entered(form: Locator, harness: Harness) -> None:
    """Every kind of field arrives; then there is a toast and an empty form."""
    page = form.page
    form.get_by_label("SKU").fill("  N-1 ")
    form.get_by_label("Name").fill("Nut")
    form.get_by_label("Price").fill("0.10")
    form.get_by_label("Stock").fill("12")
    form.get_by_label("Status").select_option(label="On sale")
    form.get_by_label("Available from").fill("2024-05-01")
    form.get_by_label("Size").select_option(label="Large")
    form.get_by_label("Tags").fill("metal")
    form.get_by_label("Tags").press("Enter")
    form.get_by_label("Tags").press_sequentially("small,")
    form.get_by_label("Fragile").check()
    form.get_by_label("Description").fill("Two\nlines")
    form.get_by_role("combobox", name="Supplier").fill("balt")
    form.get_by_role("option", name="Baltic Bolts").click()
    submit(form)
    expect(page.locator(".w-toast--success")).to_contain_text("Product created")
    saved = harness.state()["saved"][-1]
    assert saved["sku"] == "N-1"
    assert saved["price"] == "0.10"
    assert saved["status"] == "on_sale"
    assert saved["available_from"] == "2024-05-01"
    assert saved["tags"] == ["metal", "small"]
    assert saved["is_fragile"] is True
    assert saved["description"] == "Two\nlines"
    assert saved["supplier"] == "65f000000000000000000002"
    expect(form.get_by_label("SKU")).to_have_value("")
    expect(form.get_by_label("SKU")).to_be_focused()
    expect(form.get_by_label("Stock")).to_have_value("0")
    expect(form.get_by_label("Status")).to_have_value("draft")
    expect(form.get_by_role("combobox", name="Supplier")).to_have_value("")


def test_every_wrong_field_says_what_is_wrong_with_it(form: Locator, harness: Harness) -> None:
    """Nothing is stored, what was typed stays, and the first wrong field has the focus."""
    before = len(harness.state()["saved"])
    form.get_by_label("Price").fill("-3")
    form.get_by_label("Stock").fill("many")
    submit(form)
    expect(error_of(form, "SKU")).to_have_text("Please fill this in.")
    expect(error_of(form, "Price")).to_have_text("Must be at least 0.")
    expect(error_of(form, "Stock")).to_have_text("Please enter a whole number.")
    expect(form.get_by_label("Price")).to_have_value("-3")
    expect(form.get_by_label("SKU")).to_be_focused()
    expect(form.get_by_label("SKU")).to_have_attribute("aria-invalid", "true")
    assert len(harness.state()["saved"]) == before


def test_a_field_is_checked_when_it_is_left(form: Locator) -> None:
    """The model's own validator speaks at the field; other fields are left alone until the form is sent."""
    form.get_by_label("Name").fill("Test")
    form.get_by_label("Name").blur()
    expect(error_of(form, "Name")).to_have_text("“Test” is no name for a product.")
    expect(form.locator(".w-field__error")).to_have_count(1)
    form.get_by_label("Name").fill("Nut")
    expect(form.locator(".w-field__error")).to_have_count(0)


def test_what_the_server_refuses_stands_at_its_field(form: Locator) -> None:
    """A value that is taken is told where it was entered, and nothing typed is lost."""
    form.get_by_label("SKU").fill("A-1")
    form.get_by_label("Name").fill("Nut")
    form.get_by_label("Price").fill("1")
    submit(form)
    expect(error_of(form, "SKU")).to_have_text("This value is already in use.")
    expect(form.get_by_label("Name")).to_have_value("Nut")
    expect(form.get_by_role("button", name="Create Product")).to_be_enabled()


def test_a_crash_while_saving_loses_nothing(form: Locator) -> None:
    """The form says that it failed, with a reference and without internals."""
    form.get_by_label("SKU").fill("BOOM")
    form.get_by_label("Name").fill("Nut")
    form.get_by_label("Price").fill("1")
    submit(form)
    problem = form.get_by_role("alert")
    expect(problem).to_contain_text("Something went wrong.")
    expect(problem).to_contain_text("Reference")
    assert "secret" not in form.page.content()
    expect(form.get_by_label("SKU")).to_have_value("BOOM")


def test_what_was_typed_survives_a_reload(form: Locator) -> None:
    """Until it is saved or cleared, it is still there after the page was loaded anew."""
    page = form.page
    form.get_by_label("Name").fill("Half a nut")
    form.get_by_role("combobox", name="Supplier").fill("acme")
    form.get_by_role("option", name="Acme Steel").click()
    page.reload()
    wait_until_live(page)
    expect(form.get_by_label("Name")).to_have_value("Half a nut")
    expect(form.get_by_role("combobox", name="Supplier")).to_have_value("Acme Steel")
    form.get_by_role("button", name="Clear", exact=True).last.click()
    page.reload()
    wait_until_live(page)
    expect(form.get_by_label("Name")).to_have_value("")


def test_a_link_is_chosen_by_keyboard(form: Locator) -> None:
    """Typing searches, arrows choose, Enter takes; what is typed but not chosen is no value."""
    supplier = form.get_by_role("combobox", name="Supplier")
    supplier.focus()
    expect(form.get_by_role("listbox").get_by_role("option")).to_have_text(
        ["Acme Steel", "Baltic Bolts", "Copper & Co"]
    )
    supplier.press("ArrowDown")
    supplier.press("Enter")
    expect(supplier).to_have_value("Baltic Bolts")
    supplier.fill("nobody")
    expect(form.get_by_text("Nothing found")).to_be_visible()
    supplier.press("Tab")
    expect(supplier).to_have_value("Baltic Bolts")


def test_somebody_who_may_not_write_is_told_instead(sign_in: SignIn) -> None:
    """There is a note where the form would be."""
    page = sign_in("/inventory", who="bob")
    expect(page.get_by_text("You cannot create Product entries")).to_be_visible()
    expect(page.get_by_role("form")).to_have_count(0)


def test_a_form_can_do_something_else_than_store(sign_in: SignIn) -> None:
    """`on_submit` gets the validated instance; what it refuses stands at its field."""
    page = sign_in("/ops/contact")
    form = page.get_by_role("form", name="Write to us")
    expect(form.get_by_label("Secret", exact=True)).to_have_attribute("type", "password")
    form.get_by_label("Email").fill("taken@example.com")
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".w-field__error")).to_have_text("This address is already known.")
    form.get_by_label("Email").fill("ada@example.com")
    form.get_by_label("Attributes").fill("{not json")
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".w-field__error")).to_have_text("This is not valid JSON.")
    form.get_by_label("Attributes").fill('{"colour": "red"}')
    form.get_by_label("At", exact=True).fill("2024-05-01T12:30")
    form.get_by_role("button", name="Send").click()
    expect(page.locator(".w-toast--success")).to_contain_text("Thanks, ada@example.com")


def test_a_password_is_never_kept_as_a_draft(sign_in: SignIn) -> None:
    """Other fields survive a reload; a secret is not written to the browser's storage."""
    page = sign_in("/ops/contact")
    form = page.get_by_role("form", name="Write to us")
    form.get_by_label("Secret", exact=True).fill("hunter2hunter2")
    form.get_by_label("Email").fill("ada@example.com")
    kept: str = page.evaluate("JSON.stringify({...sessionStorage})")
    assert "ada@example.com" in kept
    assert "hunter2" not in kept


def test_a_browser_cannot_write_fields_the_form_does_not_have(form: Locator, harness: Harness) -> None:
    """Additional values in the message are ignored."""
    page: Page = form.page
    identity = form.get_attribute("id")
    page.evaluate(
        f"getElement('{identity}'.slice(1)).$emit('save',"
        " {sku: 'X-1', name: 'Nut', price: '1', created_by: 'me', revision: 7, roles: ['admin']})"
    )
    expect(page.locator(".w-toast--success")).to_contain_text("Product created")
    assert not {"created_by", "revision", "roles"} & set(harness.state()["saved"][-1])
