"""How much one may send in one request."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import orjson
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webos.kernel.context import current_trace_id
from webos.kernel.errors import WebOSError

__all__ = ["BodyLimitMiddleware", "BodyTooLargeError", "accepts_large_body"]

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "__webos_body_limit__"
# Files that people hand to a page; NiceGUI streams them to the disk.
_UPLOADS = "/_nicegui/client/"
_MEGABYTE = 1024 * 1024
# Without one of these headers they have no body.
_BARE = frozenset({"GET", "HEAD", "OPTIONS"})
_SAYING = frozenset({b"content-length", b"transfer-encoding"})
_LINGER_BYTES = 8 * _MEGABYTE
_LINGER_SECONDS = 1.0


class BodyTooLargeError(WebOSError):
    """What was sent is larger than is taken there."""

    code = "webos.body_too_large"
    status = 413
    title = "That is too large"


def accepts_large_body(megabytes: int | None = None) -> Callable[[F], F]:
    """Let a route take more than others do; it stands below the route's decorator.

    Args:
        megabytes: How much it takes; what `WEBOS_UPLOAD_LIMIT_MB` says where None.

    Raises:
        ValueError: That is no size.
    """
    if megabytes is not None and megabytes < 1:
        msg = "a body has a limit of at least 1 MB"
        raise ValueError(msg)

    def mark(function: F) -> F:
        setattr(function, _ATTRIBUTE, 0 if megabytes is None else megabytes)
        return function

    return mark


class BodyLimitMiddleware:
    """Ends requests whose body is too large as soon as that is known, whether or not they say how long it is.

    The body is counted when it is read: by then the route is known, and with it what it takes.

    Args:
        app: The application.
        limit_mb: Megabytes that routes take.
        upload_mb: Megabytes that routes for uploads take.
    """

    def __init__(self, app: ASGIApp, *, limit_mb: int, upload_mb: int) -> None:
        self._app = app
        self._limit = limit_mb * _MEGABYTE
        self._upload = upload_mb * _MEGABYTE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer 413."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        request = _Request(self, scope, receive, send)
        try:
            await self._app(scope, request.receive, request.send)
        except _TooLargeError:
            if request.started:
                raise
        if request.too_large and not request.started:
            await _drain(receive)
            await _refuse(send, request.limit)

    def limit_of(self, scope: Scope) -> int:
        """Return how many bytes the route takes that a request has come to."""
        marked: int | None = getattr(scope.get("endpoint"), _ATTRIBUTE, None)
        if marked is not None:
            return marked * _MEGABYTE if marked else self._upload
        path: str = scope["path"]
        is_upload = path.removeprefix(scope.get("root_path", "")).startswith(_UPLOADS)
        return self._upload if is_upload else self._limit


class _TooLargeError(HTTPException):
    """Stops who reads; an `HTTPException`, for FastAPI answers 400 to any other while it reads a body."""

    def __init__(self) -> None:
        super().__init__(BodyTooLargeError.status, BodyTooLargeError.title)


class _Request:
    def __init__(self, limits: BodyLimitMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        self._limits, self._scope, self._receive, self._send = limits, scope, receive, send
        self._read = 0
        self.limit = 0
        self.started = False
        self.too_large = False

    async def receive(self) -> Message:
        if not self.limit:
            self.limit = self._limits.limit_of(self._scope)
            if _announced(self._scope) > self.limit:
                self._stop()
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self.limit:
                self._stop()
        return message

    async def send(self, message: Message) -> None:
        # Whatever an application makes of it, the answer is that it was too large.
        if self.too_large and not self.started:
            return
        self.started = True
        await self._send(message)

    def _stop(self) -> None:
        self.too_large = True
        raise _TooLargeError


def _has_body(scope: Scope) -> bool:
    return scope["method"] not in _BARE or any(name in _SAYING for name, _ in scope["headers"])


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _drain(receive: Receive) -> None:
    """Read a little of what is still on its way: a browser whose bytes are thrown away does not read the answer."""
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while read < _LINGER_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body"):
                    return


async def _refuse(send: Send, limit: int) -> None:
    error = BodyTooLargeError(user_message=f"At most {limit // _MEGABYTE} MB can be sent here at once.")
    body = orjson.dumps(error.problem(current_trace_id()))
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        # What is still on its way is not read.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
