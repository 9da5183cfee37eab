"""One limit for each module and user, before any route: also of included routers and mounted applications."""

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webos.auth.limits.policy import RateLimits
from webos.auth.limits.store import Count, RateStore
from webos.auth.throttle import network_of
from webos.kernel.context import ANONYMOUS, ctx_user, current_trace_id
from webos.kernel.errors import TooManyRequestsError

__all__ = ["RateLimitMiddleware", "asking"]

_API = "/api/"


class RateLimitMiddleware:
    """Refuses requests to `/api/<module>` beyond the module's limit, and tells all others what is left.

    Signed-in users are counted by themselves, whatever they send with; visitors by where they come from.

    Args:
        app: The application.
        limits: The limits of the modules.
        store: Counts.
    """

    def __init__(self, app: ASGIApp, *, limits: RateLimits, store: RateStore) -> None:
        self._app = app
        self._limits = limits
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer 429."""
        module = _module(scope) if scope["type"] == "http" else ""
        limit = self._limits.of(module) if module else None
        count = await self._store.hit(limit, module, asking(scope)) if limit is not None else None
        if limit is None or count is None:
            await self._app(scope, receive, send)
            return
        headers = _headers(module, limit.amount, limit.get_expiry(), count)
        if not count.allowed:
            await _refuse(send, headers, count.seconds)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        await self._app(scope, receive, send_counted)


def asking(scope: Scope) -> str:
    """Return under what name the requests of whoever asks are counted."""
    user = ctx_user.get(ANONYMOUS)
    if user.is_authenticated:
        # Whoever looks as somebody else must not use up what that one may ask.
        return f"user:{getattr(user, 'viewer', '') or user.id}"
    client = scope.get("client")
    return f"address:{network_of(str(client[0])) if client else ''}"


def _module(scope: Scope) -> str:
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(f"{root}/"):
        path = path[len(root) :]
    return path[len(_API) :].partition("/")[0] if path.startswith(_API) else ""


def _headers(module: str, quota: int, window: int, count: Count) -> list[tuple[bytes, bytes]]:
    """Return the headers of draft-ietf-httpapi-ratelimit-headers."""
    name = "".join(letter for letter in module if letter.isalnum() or (letter in "_-" and letter.isascii()))
    return [
        (b"ratelimit-policy", f'"{name}";q={quota};w={window}'.encode("ascii", "replace")),
        (b"ratelimit", f'"{name}";r={count.remaining};t={count.seconds}'.encode("ascii", "replace")),
    ]


async def _refuse(send: Send, headers: list[tuple[bytes, bytes]], seconds: int) -> None:
    error = TooManyRequestsError(
        user_message=f"That was more than you may ask at once. Please try again in {seconds} "
        f"second{'' if seconds == 1 else 's'}."
    )
    body = orjson.dumps(error.problem(current_trace_id()))
    own = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(seconds).encode()),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body})
