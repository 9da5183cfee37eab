"""Who acts in an event: the regression tests of our hold on NiceGUI's event dispatch."""

import inspect
import json

import pytest
from nicegui import core
from nicegui.client import Client
from playwright.sync_api import Page, expect

from tests.e2e.shell.conftest import Harness, SignIn, until

pytestmark = pytest.mark.browser

RESTOCK = "Restock A-1"


def acted(harness: Harness) -> list[str]:
    found: list[str] = harness.state()["acted"]
    return found


def test_nicegui_still_has_what_we_hold_on_to() -> None:
    """A new version of NiceGUI that dispatches events otherwise must be looked at before it is allowed."""
    assert list(inspect.signature(Client.handle_event).parameters) == ["self", "msg"]
    assert list(inspect.signature(Client.accept_handshake).parameters) == ["self", "socket_id", "tab_id", "environ"]
    assert "_socket_to_document_id" in inspect.getsource(Client.accept_handshake)
    assert "event" in core.sio.handlers["/"]
    assert hasattr(core.sio.eio, "cors_allowed_origins")


def test_each_event_runs_as_the_user_under_a_trace_of_its_own(sign_in: SignIn, harness: Harness) -> None:
    """Two clicks are two traces, and both are Ada's."""
    page = sign_in("/inventory")
    before = len(acted(harness))
    for number in (1, 2):
        page.get_by_role("button", name=RESTOCK).click()
        expect(page.locator(".w-toast")).to_have_count(number)
    fresh = [line.split() for line in acted(harness)[before:]]
    assert [name for name, _ in fresh] == ["ada", "ada"]
    assert len({trace for _, trace in fresh}) == 2


def test_a_session_that_has_ended_executes_nothing(sign_in: SignIn, harness: Harness) -> None:
    """The click does nothing but send the tab to the sign-in page; its client is deleted."""
    page = sign_in("/inventory", who="bob")
    before = len(acted(harness))
    client = page.evaluate("window.clientId")
    assert client in harness.state()["tabs"]
    harness.tell("sessions", {"revoke": ["bob"]})
    page.get_by_role("button", name=RESTOCK).click()
    page.wait_for_url("**/login?next=%2Finventory")
    assert len(acted(harness)) == before
    until(lambda: client not in harness.state()["clients"])
    assert client not in harness.state()["tabs"]


def test_changing_the_page_after_the_session_ended_shows_nothing(sign_in: SignIn, harness: Harness) -> None:
    """A sub-page is an event too."""
    page = sign_in(who="bob")
    harness.tell("sessions", {"revoke": ["bob"]})
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Products").click()
    page.wait_for_url("**/login**")


def test_open_tabs_can_be_closed_from_outside(sign_in: SignIn, harness: Harness) -> None:
    """Without any event: the tabs of ended sessions go to the sign-in page, others stay."""
    ada = sign_in("/inventory")
    bob = sign_in("/inventory", who="bob")
    harness.tell("sessions", {"revoke": ["bob"]})
    harness.tell("close-ended")
    bob.wait_for_url("**/login**")
    ada.get_by_role("button", name=RESTOCK).click()
    expect(ada.locator(".w-toast--success")).to_contain_text("Operation complete for ada")


def test_events_keep_their_order_while_the_session_is_looked_up(sign_in: SignIn, harness: Harness) -> None:
    """With nothing remembered every event has to ask; what was typed arrives in the order it was typed."""
    page = sign_in("/ops/kit")
    harness.tell("sessions", {"fresh": False})
    page.get_by_label("Name").fill("")
    page.get_by_label("Name").press_sequentially("in this very order", delay=0)
    page.get_by_role("button", name="Raise in a handler").click()
    expect(page.locator(".w-toast--warning")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("in this very order")


def test_without_the_session_store_nothing_runs_and_the_user_is_told(sign_in: SignIn, harness: Harness) -> None:
    """Nobody is let in on a guess; once the store answers again, the same tab works on."""
    page = sign_in("/inventory")
    before = len(acted(harness))
    harness.tell("sessions", {"fresh": False, "failing": True})
    page.get_by_role("button", name=RESTOCK).click()
    expect(page.locator(".w-toast--error")).to_contain_text("This did not work, please try again.")
    assert len(acted(harness)) == before
    harness.tell("sessions", {"failing": False})
    page.get_by_role("button", name=RESTOCK).click()
    expect(page.locator(".w-toast--success")).to_be_visible()


def test_the_id_of_another_tab_is_no_pass(sign_in: SignIn, harness: Harness) -> None:
    """Bob knows the client id of Ada's tab: neither an event nor a handshake in her name is taken from him."""
    ada = sign_in("/inventory")
    bob = sign_in("/inventory", who="bob")
    stolen: str = ada.evaluate("window.clientId")
    element, listener = button_of(ada)
    before = len(acted(harness))
    bob.evaluate(
        """([client, element, listener]) => socket.emit("event",
            {id: element, client_id: client, listener_id: listener, args: []})""",
        [stolen, element, listener],
    )
    accepted = bob.evaluate(
        """(client) => new Promise((resolve) => {
            const other = io(location.origin.replace("http", "ws"), {path: "/_nicegui_ws/socket.io", forceNew: true,
                transports: ["websocket"], query: {client_id: client}});
            other.on("connect", () => other.emit("handshake", {client_id: client, tab_id: "x", document_id: "y"}, resolve));
        })""",
        stolen,
    )
    assert accepted is False
    # His own events still work, so the forged one was refused and not merely slow.
    bob.get_by_role("button", name=RESTOCK).click()
    expect(bob.locator(".w-toast--success")).to_be_visible()
    assert [line.split()[0] for line in acted(harness)[before:]] == ["bob"]


def button_of(page: Page) -> tuple[int, str]:
    button = page.get_by_role("button", name=RESTOCK)
    identity = int((button.get_attribute("id") or "c0")[1:])
    events = page.evaluate(f"mounted_app.elements[{identity}].events")
    return identity, str(json.loads(json.dumps(events))[0]["listener_id"])


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), (None, 200)])
def test_a_page_of_another_site_gets_no_websocket(
    page: Page, harness: Harness, origin: str | None, status: int
) -> None:
    """A foreign origin is refused; our own passes."""
    answer = page.request.get(
        f"{harness.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling", headers={"origin": origin or harness.url}
    )
    assert answer.status == status


def test_what_runs_by_the_clock_ends_with_the_session(sign_in: SignIn, harness: Harness) -> None:
    """`every` acts as the owner of the session, and no more once it has ended; the tab goes to the sign-in page."""
    page = sign_in("/ops/clock", who="bob")
    expect(page.get_by_text("bob 3")).to_be_visible()
    harness.tell("sessions", {"revoke": ["bob"]})
    ticks = harness.state()["ticks"]
    page.wait_for_url("**/login**")
    # One call may have been under way when the session ended.
    assert harness.state()["ticks"] <= ticks + 1
