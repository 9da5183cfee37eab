"""Who acts in an event of the interface: looked up anew for each, for a page outlives the session it was loaded in."""

import asyncio
import contextvars
import inspect
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from loguru import logger
from nicegui import background_tasks, core
from nicegui.client import Client
from starlette.requests import HTTPConnection

from webos.kernel.context import Principal, acting_as, ctx_trace_id, ctx_user, new_trace_id
from webos.kernel.messenger import Severity
from webos.ui.tabs import Tab, Tabs

__all__ = ["IdentityGuard", "SessionSource", "SignIn"]

_HANDLE_EVENT = Client.handle_event
_ACCEPT_HANDSHAKE = Client.accept_handshake
_MOST_WAITING = 1000
# Long enough for the last message to reach the browser before its client is deleted.
_FAREWELL_SECONDS = 0.2
_TO_LOGIN = (
    "window.onbeforeunload = null;"
    "{ const root = window.path_prefix || '';"
    "  const here = location.pathname.startsWith(root) ? location.pathname.slice(root.length) : location.pathname;"
    "  location.replace(root + '/login?next=' + encodeURIComponent((here || '/') + location.search)); }"
)


class SignIn(Protocol):
    """A valid session."""

    @property
    def principal(self) -> Principal:
        """Who signed in, with the permissions of this moment."""

    @property
    def session_id(self) -> str:
        """Public id of the session; it opens nothing."""


class SessionSource(Protocol):
    """Where sessions are looked up."""

    def peek(self, token: str) -> SignIn | None:
        """Return the session of `token` where that is known without asking the database."""

    async def resolve(self, token: str) -> SignIn | None:
        """Return the session of `token`, or None where it has ended or never was."""


class IdentityGuard:
    """Runs each event of a page as the user its session belongs to now, under a trace id of its own.

    A session that has ended executes nothing: its tab is sent to the sign-in page. The events of one tab keep
    their order, also when the session has to be looked up first.

    Args:
        sessions: Where sessions are looked up.
        tabs: The open tabs.
    """

    def __init__(self, sessions: SessionSource, tabs: Tabs) -> None:
        self._sessions = sessions
        self._tabs = tabs

    def install(self, origins: list[str]) -> None:
        """Take over NiceGUI's event dispatch.

        Args:
            origins: Origins whose pages may open a websocket.
        """
        guard = self

        def handle_event(client: Client, msg: dict[str, Any]) -> None:
            guard.handle(client, msg)

        def accept_handshake(client: Client, socket_id: str, tab_id: str, environ: dict[str, Any] | None) -> bool:
            return guard.is_same_session(client, environ) and _ACCEPT_HANDSHAKE(client, socket_id, tab_id, environ)

        Client.handle_event = handle_event  # type: ignore[method-assign,assignment]  # there is no hook; see the regression test
        Client.accept_handshake = accept_handshake  # type: ignore[method-assign,assignment]  # the same
        core.sio.on("event", self._on_event)
        core.sio.eio.cors_allowed_origins = origins

    def handle(self, client: Client, msg: dict[str, Any]) -> None:
        """Handle one event of `client`, now or as soon as its session is looked up."""
        tab = self._tabs.of(client)
        if tab.closed:
            return
        if tab.waiting is not None:
            if len(tab.waiting) < _MOST_WAITING:
                tab.waiting.append(msg)
            return
        sign_in = self._sessions.peek(tab.token) if tab.token else None
        if sign_in is None:
            tab.waiting = deque([msg])
            background_tasks.create(self._catch_up(tab), name="look up the session of a tab")
        else:
            self._run(tab, msg, sign_in)

    def is_same_session(self, client: Client, environ: dict[str, Any] | None) -> bool:
        """Return whether a websocket comes from the session that loaded the page: a client's id is no proof."""
        scope = (environ or {}).get("asgi.scope")
        if scope is None or scope.get("type") not in {"http", "websocket"}:
            return environ is None or scope is None
        return self._tabs.token_of(HTTPConnection(scope)) == self._tabs.of(client).token

    async def run_as_owner(self, tab: Tab, handler: Callable[[], Any]) -> None:
        """Call `handler` as whom the tab's session belongs to now; a session that has ended closes its tab.

        Args:
            tab: The tab.
            handler: Sync or async.
        """
        if tab.closed:
            return
        sign_in = self._sessions.peek(tab.token) or await self._sessions.resolve(tab.token)
        if sign_in is None or sign_in.principal.id != tab.user_id:
            await self._close(tab)
            return
        with acting_as(sign_in.principal, new_trace_id()):
            result = handler()
            if inspect.isawaitable(result):
                await result

    async def close_tabs(self, belongs: Callable[[Tab], bool]) -> None:
        """Send the tabs that `belongs` names to the sign-in page; they execute nothing from now on."""
        await asyncio.gather(*(self._close(tab) for tab in self._tabs if belongs(tab)))

    async def close_ended(self, concerned: Callable[[Tab], bool] = lambda _tab: True) -> None:
        """Look up the session of every open tab and close those whose session has ended.

        Args:
            concerned: Which tabs to look at; all by default.
        """
        ended = [tab for tab in self._tabs if not tab.closed and concerned(tab) and not await self._is_of_its_user(tab)]
        # Together, for each takes the time of a farewell.
        await asyncio.gather(*(self._close(tab) for tab in ended))

    async def _is_of_its_user(self, tab: Tab) -> bool:
        """Return whether the session of a tab is still that of who loaded it."""
        sign_in = await self._sessions.resolve(tab.token) if tab.token else None
        return sign_in is not None and sign_in.principal.id == tab.user_id

    def _on_event(self, sid: str, msg: dict[str, Any]) -> None:
        """Take an event from the socket that shook hands as this client, and from no other."""
        client = Client.instances.get(msg.get("client_id", ""))
        if client is not None and sid in client._socket_to_document_id:  # noqa: SLF001 - there is no public way to ask
            client.handle_event(msg)

    def _run(self, tab: Tab, msg: dict[str, Any], sign_in: SignIn) -> None:
        if sign_in.principal.id != tab.user_id:
            background_tasks.create(self._close(tab), name="close the tab of another user")
            return
        contextvars.copy_context().run(self._dispatch, tab.client, msg, sign_in.principal)

    @staticmethod
    def _dispatch(client: Client, msg: dict[str, Any], user: Principal) -> None:
        ctx_user.set(user)
        ctx_trace_id.set(new_trace_id())
        _HANDLE_EVENT(client, msg)

    async def _catch_up(self, tab: Tab) -> None:
        try:
            sign_in = await self._sessions.resolve(tab.token) if tab.token else None
        except Exception:  # noqa: BLE001 - without the session store nobody can be let in
            logger.exception("a session could not be looked up; the events of its tab were dropped")
            tab.waiting = None
            tab.toast(Severity.ERROR, "This did not work, please try again.", "The server cannot check your sign-in.")
            return
        if sign_in is None:
            tab.waiting = None
            await self._close(tab)
            return
        waiting = tab.waiting or deque()
        while waiting and not tab.closed:
            self._run(tab, waiting.popleft(), sign_in)
        tab.waiting = None

    async def _close(self, tab: Tab) -> None:
        if tab.closed:
            return
        tab.closed = True
        client = tab.client
        if client.is_deleted:
            return
        sockets = list(client._socket_to_document_id)  # noqa: SLF001 - there is no public way to ask
        client.run_javascript(_TO_LOGIN)
        await asyncio.sleep(_FAREWELL_SECONDS)
        if client.id in Client.instances:
            # A browser that is gone already has had its client's deletion put off; that must not come a second time.
            for document_id in list(client._delete_tasks):  # noqa: SLF001 - there is no public way to do it
                client._cancel_delete_task(document_id)  # noqa: SLF001 - the same
            client.delete()
        for sid in sockets:
            await core.sio.disconnect(sid)
