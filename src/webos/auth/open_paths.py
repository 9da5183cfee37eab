"""What a visitor may reach without signing in. Everything else is closed."""

import re
from collections.abc import Callable

__all__ = ["FORMS_OF_VISITORS", "OpenPaths"]

FORMS_OF_VISITORS = frozenset(
    {
        "/auth/login",
        "/auth/register",
        "/auth/join",
        "/auth/forgot",
        "/auth/reset",
        "/auth/verify",
        "/auth/second-factor",
        "/auth/second-factor/passkey",
        "/auth/passkey/ask",
        "/auth/passkey",
    }
)
"""Where people without a session send forms; by `GET` each but the first shows its page."""

_SIGN_IN = FORMS_OF_VISITORS | {"/login", "/auth/logout", "/auth/token"}
_WITHOUT_USER = frozenset({"/healthz", "/readyz", "/favicon.ico"})
_OWN_ASSETS = "/_webos/static/"
# Only what ships with NiceGUI: below the same prefix are uploads and files that pages hand out.
_NICEGUI_ASSETS = re.compile(r"/_nicegui/\d[^/]*/(static|libraries|components|resources|esm)/")
_API = "/api/"
_READING = frozenset({"GET", "HEAD"})


class OpenPaths:
    """The list of what is open.

    Args:
        is_public: Whether a path belongs to a public router; asked at every request of a visitor.
    """

    def __init__(self, is_public: Callable[[str], bool]) -> None:
        self.public = is_public

    @staticmethod
    def without_user(method: str, path: str) -> bool:
        """Return whether the answer is the same for everybody, so that nobody has to be looked up."""
        if method not in _READING:
            return False
        if not path.startswith("/_"):
            return path in _WITHOUT_USER
        return path.startswith(_OWN_ASSETS) or _NICEGUI_ASSETS.match(path) is not None

    def to_visitors(self, path: str) -> bool:
        """Return whether a request without a user may go on to `path`.

        Routes of the API pass: each of them asks for the user itself, unless its router is public.
        """
        return path in _SIGN_IN or path.startswith(_API) or self.public(path)
