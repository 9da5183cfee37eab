"""Second factors in a real browser: an app, a passkey from a virtual authenticator, and the dialog that asks again."""

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect
from pymongo import MongoClient

from tests.e2e.product.conftest import Product
from tests.e2e.shell.conftest import Watch
from tests.integration.auth.test_cli_user import address as address_of
from webos.auth.factors.totp import code_at
from webos.data.endpoint import Endpoint
from webos.testing.servers import LiveServer

_PASSKEY_OPTIONS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Site(Product):
    """A product that is reached by a name, for passkeys need one, and whose database tests can reach."""

    def __init__(self, server: LiveServer, environment: dict[str, str]) -> None:
        super().__init__(server, environment)
        self.url = server.url.replace("127.0.0.1", "localhost")
        self._database = environment["WEBOS_DATABASE"]
        self._address = environment["WEBOS_MONGO_URL"]

    def grow_old(self) -> None:
        """Let everybody's proofs be an hour older."""
        with MongoClient[dict[str, Any]](self._address) as client:
            past = {"$set": {"proved_at": datetime.now(UTC) - timedelta(hours=1)}}
            client[self._database]["webos_sessions"].update_many({}, past)


@pytest.fixture(scope="module")
def site(mongo_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield a running product without further modules."""
    environment: dict[str, str | None] = {
        "WEBOS_MONGO_URL": address_of(mongo_endpoint),
        "WEBOS_DATABASE": f"test_{secrets.token_hex(8)}",
        "WEBOS_ADMIN_PASSWORD": "an-administrators-password",
    }
    server = LiveServer(tmp_path_factory.mktemp("factors") / "data", environment=environment)
    known = {"WEBOS_DATA_DIR": str(server.data_dir), "WEBOS_PORT": str(server.port)}
    server.start().wait_ready()
    running = Site(server, {name: value for name, value in environment.items() if value is not None} | known)
    try:
        yield running
    finally:
        assert server.stop() == 0, server.output
        with MongoClient[dict[str, Any]](address_of(mongo_endpoint)) as client:
            client.drop_database(str(environment["WEBOS_DATABASE"]))


class Person:
    """Somebody with an account, at a browser of his own that has a virtual authenticator."""

    def __init__(self, site: Site, context: BrowserContext, name: str) -> None:
        self.name = name
        self.password = site.add_user(name)
        self.url = site.url
        self.page: Page = context.new_page()
        self.devtools: CDPSession = context.new_cdp_session(self.page)
        self.devtools.send("WebAuthn.enable")
        made = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": _PASSKEY_OPTIONS})
        self.authenticator = made["authenticatorId"]

    def give_password(self, path: str = "/account") -> None:
        """Sign in with the password."""
        self.page.goto(f"{self.url}/login?next={path}")
        self.page.get_by_label("User name").fill(self.name)
        self.page.get_by_label("Password", exact=True).fill(self.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def add_passkey(self) -> None:
        """Add a passkey on the account page, up to the recovery codes."""
        self.page.get_by_role("button", name="Add: Passkey").click()
        self.page.get_by_label("Name").fill("My laptop")
        self.page.get_by_role("button", name="Add the passkey").click()
        expect(self.page.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()

    def recognise(self, *, user: bool) -> None:
        """Let the authenticator recognise its user from now on, or not."""
        state = {"authenticatorId": self.authenticator, "isUserVerified": user}
        self.devtools.send("WebAuthn.setUserVerified", state)

    def sign_out(self) -> None:
        """Forget the session."""
        self.page.context.clear_cookies()


@pytest.fixture
def person(site: Site, browser: Browser, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Person]:
    """Yield somebody with an account of his own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    name = re.sub(r"\W", "", request.node.name.removeprefix("test_"))[:30]
    somebody = Person(site, context, name)
    watch.over(somebody.page)
    # What is refused is answered with a status that Chromium notes by itself.
    watch.expected.append("status of 4")
    yield somebody
    context.close()
    watch.foreign = [url for url in watch.foreign if not url.startswith(site.url)]


def test_a_passkey_is_added_signs_in_alone_and_is_removed(person: Person) -> None:
    """A passkey signs in without a password, serves as the second factor after one, and is gone once removed."""
    page = person.page
    person.give_password()
    person.add_passkey()
    codes = page.locator("#codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("My laptop")).to_be_visible()
    expect(page.get_by_text("10 of them are unused")).to_be_visible()

    person.sign_out()
    page.goto(f"{person.url}/login?next=/account")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()

    person.sign_out()
    person.give_password()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    person.recognise(user=False)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("That was cancelled")).to_be_visible()
    person.recognise(user=True)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{person.url}/account")

    page.get_by_role("button", name="Remove: My laptop").click()
    page.get_by_role("button", name="Remove the passkey").click()
    page.wait_for_url(f"{person.url}/account")
    expect(page.get_by_role("button", name="Add: Passkey")).to_be_visible()
    person.sign_out()
    page.goto(f"{person.url}/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This passkey does not work here")).to_be_visible()


def test_an_app_is_set_up_and_its_code_asked_for_without_javascript(
    person: Person, browser: Browser, site: Site
) -> None:
    """Setting up an app and signing in with its code are plain forms, which work where scripts are off."""
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{site.url}/login?next=/auth/factors/app")
    plain.get_by_label("User name").fill(person.name)
    plain.get_by_label("Password", exact=True).fill(person.password)
    plain.get_by_role("button", name="Sign in", exact=True).click()
    assert plain.locator(".qr svg path").count() >= 1
    plain.get_by_text("You cannot scan it?").click()
    secret = plain.locator("#secret").inner_text().replace(" ", "")
    plain.get_by_label("Code", exact=True).fill(code_at(secret, datetime.now(UTC)))
    plain.get_by_role("button", name="Set up the app").click()
    expect(plain.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    with plain.expect_download() as download:
        plain.get_by_role("link", name="Download").click()
    assert download.value.path().read_text().count("-") >= 30

    context.clear_cookies()
    plain.goto(f"{site.url}/login?next=/auth/password")
    plain.get_by_label("User name").fill(person.name)
    plain.get_by_label("Password", exact=True).fill(person.password)
    plain.get_by_role("button", name="Sign in", exact=True).click()
    plain.get_by_label("Code", exact=True).fill(code_at(secret, datetime.now(UTC) + timedelta(seconds=30)))
    plain.get_by_role("button", name="Continue").click()
    expect(plain.get_by_role("heading", name="Change your password")).to_be_visible()
    context.close()


def test_the_dialog_asks_again_and_goes_on(site: Site, person: Person) -> None:
    """What needs a recent proof asks for it in a dialog, and then does what was asked for; cancelling does nothing."""
    page = person.page
    person.give_password()
    page.wait_for_function("window.did_handshake === true")
    site.grow_old()

    page.get_by_role("textbox", name=re.compile("^Name")).fill("reports")
    page.get_by_role("textbox", name=re.compile("^Permissions")).fill("*")
    page.get_by_role("button", name="Make the key").click()
    dialog = page.get_by_role("dialog", name="Please confirm that it is you")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("You have no API keys.")).to_be_visible()

    page.get_by_role("button", name="Make the key").click()
    dialog.get_by_label("Password").fill("wrong password")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_text("This is not your password")).to_be_visible()
    dialog.get_by_label("Password").fill(person.password)
    dialog.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Copy the key now")).to_be_visible()
