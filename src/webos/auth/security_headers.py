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
_ALWAYS: tuple[Header, ...] = (
    (b"content-security-policy", _CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), browsing-topics=()",
    ),
)
_NEVER_KEEP: Header = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Adds to an answer what it lacks."""

    __slots__ = ()

    def complete(self, headers: Iterable[Header], trace_id: str, *, cacheable: bool) -> list[Header]:
        """Return `headers` with the trace id and every security header that is not among them.

        Args:
            headers: What the route answers; its own policy, where it has one, stays.
            trace_id: Trace of the request.
            cacheable: Whether the answer is the same for everybody; any other is never kept unless it says so itself.
        """
        complete = list(headers)
        present = {name.lower() for name, _ in complete}
        complete.extend(header for header in _ALWAYS if header[0] not in present)
        if not cacheable and b"cache-control" not in present:
            complete.append(_NEVER_KEEP)
        complete.append((b"x-trace-id", trace_id.encode()))
        return complete
