"""Proof that a request comes from our own pages and not from another site (CSRF)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

__all__ = ["OriginCheck"]

_HTTP_OF = {"ws": "http", "wss": "https"}


class OriginCheck:
    """Tells requests of our own pages from those of other sites.

    Browsers say by `Sec-Fetch-Site` where a request comes from; those that do not, and plain http, leave `Origin`, and
    for reading requests `Referer`. A page can forge none of them. A request without any is refused: a program
    has to send `Origin`.

    Args:
        own_origin: Scheme, host and port under which browsers reach the server.
    """

    def __init__(self, own_origin: str) -> None:
        self._own = own_origin.lower()

    def permits(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
        """Return whether the request comes from our own pages, or from the user himself.

        Args:
            scope: The ASGI scope.
            headers: The request's headers, names in lower case.
        """
        site = headers.get(b"sec-fetch-site")
        if site is not None:
            return site in {b"same-origin", b"none"}
        origin = self.claimed(headers)
        if origin is None:
            return False
        if origin == self._own:
            return True
        scheme = scope.get("scheme", "http")
        host = headers.get(b"host", b"").decode("latin-1").lower()
        return bool(host) and origin == f"{_HTTP_OF.get(scheme, scheme)}://{host}"

    @staticmethod
    def claimed(headers: Mapping[bytes, bytes]) -> str | None:
        """Return the origin a request names, in lower case; None where it names none."""
        origin = headers.get(b"origin")
        if origin is not None:
            return origin.decode("latin-1").lower()
        referer = headers.get(b"referer")
        if referer is None:
            return None
        try:
            parts = urlsplit(referer.decode("latin-1"))
        except ValueError:
            return None
        return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else None
