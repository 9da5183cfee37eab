"""What somebody may ask for over HTTP who only looks at the system as another user."""

import re

__all__ = ["END_VIEW", "may_be_asked_by_viewers"]

END_VIEW = "/auth/view-as/end"
"""Where a view is ended."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# They read, though by POST: filters are too long for an address.
_QUERIES = re.compile(r"/api/webos/tables/[^/]+/(rows|total|rows/by-id)")
_POLLING = "/_nicegui_ws/"
_ENDINGS = frozenset({END_VIEW, "/auth/logout", "/login"})
_ACCOUNTS = ("/auth/", "/account/")


def may_be_asked_by_viewers(method: str, path: str) -> bool:
    """Return whether a request changes nothing and shows nothing of the user's account.

    Args:
        method: Its method; `GET` for a websocket.
        path: Its path, below the path the server is mounted under.
    """
    if path in _ENDINGS or path.startswith(_POLLING):
        return True
    if path.startswith(_ACCOUNTS) or path == "/account":
        return path == "/auth/me" and method in _READING
    return method in _READING or _QUERIES.fullmatch(path) is not None
