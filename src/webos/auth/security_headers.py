"""The headers that every answer carries."""

from collections.abc import Iterable

__all__ = ["SecurityHeaders"]

Header = tuple[bytes, bytes]

# NiceGUI needs inline script and eval, so this does not stop injected script; it stops everything from elsewhere.
_CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; frame-ancestors 'none'; form-action 'self'"
)
_CACHEABLE: tuple[Header, ...] = (
    (b"content-security-policy", _CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), browsing-topics=()",
    ),
)
_PRIVATE: tuple[Header, ...] = (*_CACHEABLE, (b"cache-control", b"no-store"))
_NAMES = frozenset(name for name, _ in _PRIVATE)


class SecurityHeaders:
    """Adds to an answer what it lacks."""

    __slots__ = ()

    def complete(self, headers: Iterable[Header], trace_id: str, *, cacheable: bool) -> list[Header]:
        """Return `headers` with the trace id and every security header that is not among them.

        Args:
            headers: What the route answers, names in lower case as ASGI has them; its own policy, where it has one,
                stays.
            trace_id: Trace of the request.
            cacheable: Whether the answer is the same for everybody; any other is never kept unless it says so itself.
        """
        answered = list(headers)
        present = dict(answered).keys()
        added = _CACHEABLE if cacheable else _PRIVATE
        if not _NAMES.isdisjoint(present):
            added = tuple(header for header in added if header[0] not in present)
        return [*answered, *added, (b"x-trace-id", trace_id.encode())]
