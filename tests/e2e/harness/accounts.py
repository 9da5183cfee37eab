# ruff: noqa: D101, D102, EM101, TRY003 - the stage of the browser tests, read beside them
"""Sessions in memory, and the middleware that keeps strangers out."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from webos.kernel.context import Principal, ctx_trace_id, ctx_user, new_trace_id

COOKIE = "webos_session"
_OPEN = ("/login", "/auth/", "/test/", "/_webos/", "/_nicegui/", "/favicon.ico")


def person(username: str, name: str, roles: tuple[str, ...], grants: set[str]) -> Principal:
    return Principal(
        id=uuid5(NAMESPACE_URL, username),
        username=username,
        role_names=roles,
        grants=frozenset(grants),
        display_name=name,
    )


PEOPLE = {
    "ada": person("ada", "Ada Lovelace", ("Admin", "Buyer"), {"inventory.*", "analytics.*", "ops.*"}),
    "bob": person("bob", "Bob Martin", ("Viewer",), {"inventory.read"}),
}


@dataclass(frozen=True)
class HeldSession:
    principal: Principal
    session_id: str


class MemorySessions:
    """Sessions by token. `fresh` says whether `peek` knows them without asking."""

    def __init__(self) -> None:
        self.held = {f"token-{name}": HeldSession(user, f"session-{name}") for name, user in PEOPLE.items()}
        self.fresh = True
        self.failing = False

    def peek(self, token: str) -> HeldSession | None:
        return self.held.get(token) if self.fresh else None

    async def resolve(self, token: str) -> HeldSession | None:
        if self.failing:
            raise ConnectionError("the session store is away")
        return self.held.get(token)


class Gate:
    """Sets the user of a request, and sends strangers to the sign-in page."""

    def __init__(self, app: ASGIApp, sessions: MemorySessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        token = HTTPConnection(scope).cookies.get(COOKIE, "")
        held = await self._sessions.resolve(token) if not self._sessions.failing else self._sessions.held.get(token)
        if held is None:
            if scope["type"] == "http" and not scope["path"].startswith(_OPEN):
                await RedirectResponse("/login", 303)(scope, receive, send)
                return
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["user"] = held.principal
        tokens = ctx_user.set(held.principal), ctx_trace_id.set(new_trace_id())
        try:
            await self._app(scope, receive, send)
        finally:
            ctx_user.reset(tokens[0])
            ctx_trace_id.reset(tokens[1])
