"""Who is asking: one ASGI middleware for pages, API, websockets and NiceGUI's polling."""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

import orjson
from fastapi import FastAPI
from loguru import logger
from pymongo.errors import PyMongoError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webos.auth.bearer import BearerResolver, presented
from webos.auth.caller import Caller, ctx_caller
from webos.auth.cookie import SessionCookie
from webos.auth.factors.enrolling import ENROLMENT, may_be_asked_by_enrolling
from webos.auth.factors.errors import EnrolmentNeededError
from webos.auth.forwarded import TrustedProxies
from webos.auth.hosts import KnownHosts
from webos.auth.open_paths import FORMS_OF_VISITORS, OpenPaths
from webos.auth.origin import OriginCheck
from webos.auth.resolver import SessionResolver, SignIn
from webos.auth.safe_next import safe_next
from webos.auth.security_headers import SecurityHeaders
from webos.auth.trace import trace_id_of
from webos.auth.view_only import may_be_asked_by_viewers
from webos.kernel.context import ANONYMOUS, ctx_trace_id, ctx_user
from webos.kernel.errors import NotSignedInError, RequestRefusedError, UnavailableError, ViewOnlyError, WebOSError
from webos.kernel.settings import Settings

__all__ = ["IdentityMiddleware", "install_identity"]

_READING = frozenset({"GET", "HEAD"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLLING = "/_nicegui_ws/"
_ANSWER_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})
_DENIAL = "websocket.http.response"
# NiceGUI builds addresses from it; nobody between the browser and us is known to set it honestly.
_UNTRUSTED = b"x-forwarded-prefix"


class IdentityMiddleware:
    """Finds out who is asking and lets nobody in whom it does not know.

    It sets the user, the trace id and `scope["state"]["sign_in"]` (a `SignIn` or None), refuses requests that
    other sites caused, sends visitors to the sign-in page, and puts the security headers on every answer. Wrap the whole
    application in it, outside of its error handling, so that no answer escapes.

    Args:
        app: The application.
        sessions: Tells who is behind a token.
        settings: The settings of the process.
        bearers: Tells who is behind an access token or an API key; None where neither is taken.
        is_public: Whether a path is open to visitors beyond those that always are; asked at every request of a visitor.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: SessionResolver,
        settings: Settings,
        bearers: BearerResolver | None = None,
        is_public: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._bearers = bearers
        self._cookie = SessionCookie.of(settings)
        self._origin = OriginCheck(settings.origin)
        self._hosts = KnownHosts(settings.trusted_hosts, settings.public_url)
        self._proxies = TrustedProxies(settings.trusted_proxies)
        self._open = OpenPaths(is_public)
        self._security = SecurityHeaders()
        self._base = urlsplit(settings.public_url or "").path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, one websocket, or the lifespan."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if self._base and not scope.get("root_path"):
            _mount_below(scope, self._base)
        headers = _headers(scope)
        self._proxies.apply(scope, headers)
        path = _route_path(scope)
        trace_id = trace_id_of(headers.get(b"traceparent"))
        cacheable = self._open.without_user(scope.get("method", ""), path)

        async def send_complete(message: Message) -> None:
            if message["type"] in _ANSWER_STARTS:
                complete = self._security.complete(message.get("headers", ()), trace_id, cacheable=cacheable)
                message = {**message, "headers": complete}
            await send(message)

        trace_token = ctx_trace_id.set(trace_id)
        user_token = ctx_user.set(ANONYMOUS)
        caller_token = ctx_caller.set(Caller(scope))
        try:
            try:
                self._hosts.demand(headers, path)
                sign_in = None if cacheable else await self._admit(scope, headers, path)
            except WebOSError as error:
                await _refuse(scope, headers, send_complete, error)
                return
            if (
                sign_in is not None
                and sign_in.principal.viewer
                and not may_be_asked_by_viewers(scope.get("method", "GET"), path)
            ):
                await _refuse(scope, headers, send_complete, ViewOnlyError())
                return
            if sign_in is not None and sign_in.enrolling and not may_be_asked_by_enrolling(path):
                await _refuse(scope, headers, send_complete, EnrolmentNeededError())
                return
            scope.setdefault("state", {})["sign_in"] = sign_in
            if sign_in is not None:
                ctx_user.set(sign_in.principal)
            await self._app(scope, receive, send_complete)
        finally:
            ctx_caller.reset(caller_token)
            ctx_user.reset(user_token)
            ctx_trace_id.reset(trace_token)

    async def _admit(self, scope: Scope, headers: Mapping[bytes, bytes], path: str) -> SignIn | None:
        """Return who is asking, None for a visitor who may go on.

        Raises:
            RequestRefusedError: Another site caused the request.
            NotSignedInError: A visitor may not go there.
            UnavailableError: The database does not tell who is asking.
        """
        websocket = scope["type"] == "websocket"
        live = websocket or path.startswith(_POLLING)
        method = "GET" if websocket else scope["method"]
        # They act without a session: a page of another site must not send them either.
        by_form = method == "POST" and path in FORMS_OF_VISITORS
        # The interface belongs to a browser's session; pages of other sites cannot send these headers.
        bearer = presented(headers) if self._bearers is not None and not path.startswith(_POLLING) else None
        if bearer is not None and not by_form:
            return await self._admit_program(bearer, scope)
        token = self._cookie.read(headers.get(b"cookie"))
        acting = token is not None and (live or method not in _SAFE)
        if (acting or by_form) and not self._origin.permits(scope, headers):
            claimed = self._origin.claimed(headers)
            logger.warning(
                "refused {} {!r} from {!r}; if that is this server, set WEBOS_PUBLIC_URL", method, path, claimed
            )
            raise RequestRefusedError(user_message="The request did not come from a page of this site.")
        sign_in = self._sessions.peek(token) if token else None
        if sign_in is not None:
            return sign_in
        open_to_visitors = self._open.public(path) if live else self._open.to_visitors(path)
        if token:
            try:
                sign_in = await self._sessions.resolve(token)
            except PyMongoError as error:
                if not open_to_visitors:
                    msg = f"the database does not answer: {type(error).__name__}"
                    raise UnavailableError(msg) from None
        if sign_in is None and not open_to_visitors:
            raise NotSignedInError
        return sign_in

    async def _admit_program(self, bearer: str, scope: Scope) -> SignIn:
        """Return for whom a program acts.

        Raises:
            NotSignedInError: What it sent opens nothing, also where a visitor might go on: it shall notice.
            UnavailableError: The database does not tell.
        """
        if self._bearers is None:
            raise NotSignedInError
        try:
            sign_in = await self._bearers.resolve(bearer, Caller(scope).address)
        except PyMongoError as error:
            msg = f"the database does not answer: {type(error).__name__}"
            raise UnavailableError(msg) from None
        if sign_in is None:
            msg = "The access token or API key is not valid"
            raise NotSignedInError(msg)
        return sign_in


def install_identity(
    web: FastAPI,
    *,
    sessions: SessionResolver,
    settings: Settings,
    bearers: BearerResolver | None = None,
    is_public: Callable[[str], bool] = lambda _path: False,
) -> None:
    """Wrap all of `web` in the identity middleware, also its handler of unexpected errors.

    `add_middleware` would leave that handler outside: its answers had no trace id and no security headers.

    Args:
        web: The application, before its first request.
        sessions: As for `IdentityMiddleware`.
        settings: The same.
        bearers: The same.
        is_public: The same.
    """
    build = web.build_middleware_stack

    def build_wrapped() -> ASGIApp:
        return IdentityMiddleware(build(), sessions=sessions, settings=settings, bearers=bearers, is_public=is_public)

    web.build_middleware_stack = build_wrapped  # type: ignore[method-assign]  # the place Starlette asks for the whole


def _headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers by name, and take out of the scope what must not be believed."""
    pairs: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(pairs)
    if len(headers) != len(pairs):
        cookies = [value for name, value in pairs if name == b"cookie"]
        if len(cookies) > 1:
            headers[b"cookie"] = b"; ".join(cookies)
    if _UNTRUSTED in headers:
        scope["headers"] = [pair for pair in pairs if pair[0] != _UNTRUSTED]
    return headers


def _mount_below(scope: Scope, base: str) -> None:
    """Tell the application the path it is reached under, whether or not the proxy has cut it off."""
    scope["root_path"] = base
    if scope["path"] != base and not scope["path"].startswith(f"{base}/"):
        scope["path"] = base + scope["path"]
        if "raw_path" in scope:
            scope["raw_path"] = base.encode() + scope["raw_path"]


def _route_path(scope: Scope) -> str:
    """Return the path as the router sees it: without the prefix the server is mounted under."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and (path == root or path.startswith(f"{root}/")):
        return path[len(root) :] or "/"
    return path


async def _refuse(scope: Scope, headers: Mapping[bytes, bytes], send: Send, error: WebOSError) -> None:
    if scope["type"] == "websocket" and _DENIAL not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": error.title})
        return
    prefix = "http.response" if scope["type"] == "http" else _DENIAL
    if isinstance(error, NotSignedInError) and _wants_page(scope, headers):
        status, answer, body = 303, [(b"location", _sign_in_page(scope))], b""
    elif isinstance(error, EnrolmentNeededError) and _wants_page(scope, headers):
        root: str = scope.get("root_path", "")
        status, answer, body = 303, [(b"location", f"{root}{ENROLMENT}".encode())], b""
    elif isinstance(error, ViewOnlyError) and _wants_page(scope, headers):
        # The account of whom one looks as is nothing to see; the start page says why.
        status, answer, body = 303, [(b"location", f"{scope.get('root_path', '')}/".encode())], b""
    else:
        body = orjson.dumps(error.problem(ctx_trace_id.get("")))
        status, answer = error.status, [(b"content-type", b"application/problem+json")]
    answer.append((b"content-length", str(len(body)).encode()))
    await send({"type": f"{prefix}.start", "status": status, "headers": answer})
    await send({"type": f"{prefix}.body", "body": body})


def _wants_page(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    return (
        scope.get("method") in _READING
        and b"text/html" in headers.get(b"accept", b"")
        and not _route_path(scope).startswith(_POLLING)
    )


def _sign_in_page(scope: Scope) -> bytes:
    root: str = scope.get("root_path", "")
    query: bytes = scope.get("query_string", b"")
    wanted = quote(_route_path(scope)) + (f"?{query.decode('latin-1')}" if query else "")
    target = safe_next(wanted)
    suffix = f"?next={quote(target, safe='/')}" if target != "/" else ""
    return f"{root}/login{suffix}".encode("latin-1", "replace")
