"""The open browser tabs, and who sits at each."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui.client import Client
from nicegui.slot import Slot
from starlette.requests import HTTPConnection

from webos.kernel.context import ANONYMOUS, ctx_user
from webos.kernel.messenger import Severity

if TYPE_CHECKING:
    from webos.ui.shell import Shell

__all__ = ["ReadToken", "Tab", "Tabs"]

ReadToken = Callable[[HTTPConnection], str | None]
"""Reads the session token that a connection carries."""

_QUASAR_TYPES = {
    Severity.INFO: "info",
    Severity.SUCCESS: "positive",
    Severity.WARNING: "warning",
    Severity.ERROR: "negative",
}


@dataclass(eq=False, slots=True)
class Tab:
    """One tab, from the load of its page until it is closed.

    Attributes:
        client: NiceGUI's side of it.
        token: The session token its page was loaded with.
        user_id: Who loaded the page.
        viewer: Who looks at the system as that user in this tab; empty where he does himself.
        shell: The frame around its pages; None on pages that modules serve by themselves.
        waiting: Events that wait for the session to be looked up; None while none does.
        closed: Whether its session has ended: it may do nothing any more.
    """

    client: Client
    token: str = field(repr=False)
    user_id: UUID
    viewer: str = ""
    shell: "Shell | None" = None
    waiting: deque[dict[str, Any]] | None = None
    closed: bool = False

    def toast(self, severity: Severity, message: str, detail: str = "") -> None:
        """Show a short message in this tab.

        Args:
            severity: How it looks and how long it stays.
            message: Plain text.
            detail: A second, smaller line.
        """
        if self.client.is_deleted:
            return
        if self.shell is not None:
            self.shell.toast(severity, message, detail)
            return
        options = {"message": message, "caption": detail, "type": _QUASAR_TYPES[severity], "position": "bottom-right"}
        self.client.outbox.enqueue_message("notify", options, self.client.id)


class Tabs:
    """All open tabs of this process.

    Args:
        read_token: Reads the session token of a connection.
    """

    def __init__(self, read_token: ReadToken) -> None:
        self._read_token = read_token
        self._tabs: dict[str, Tab] = {}

    def of(self, client: Client) -> Tab:
        """Return the tab of a client. Its session and user are those of the request that loaded the page."""
        tab = self._tabs.get(client.id)
        if tab is None:
            sign_in = getattr(client.request.state, "sign_in", None)
            user = sign_in.principal if sign_in is not None else ctx_user.get(ANONYMOUS)
            tab = Tab(client, self._read_token(client.request) or "", user.id, getattr(user, "viewer", ""))
            self._tabs[client.id] = tab
            client.on_delete(lambda: self._forget(client.id))
        return tab

    def current(self) -> Tab | None:
        """Return the tab whose page is being built or whose event is being handled, if any."""
        for slot in reversed(Slot.get_stack()):
            return self._tabs.get(slot.parent.client.id)
        return None

    def of_user(self, user_id: UUID) -> list[Tab]:
        """Return all open tabs of a user."""
        return [tab for tab in self if tab.user_id == user_id and not tab.closed]

    def token_of(self, connection: HTTPConnection) -> str:
        """Return the session token of a connection, empty without one."""
        return self._read_token(connection) or ""

    def __iter__(self) -> Iterator[Tab]:
        return iter(list(self._tabs.values()))

    def _forget(self, client_id: str) -> None:
        self._tabs.pop(client_id, None)
