"""The cookie that carries a session's token."""

from datetime import timedelta
from typing import Self

from starlette.responses import Response

from webos.kernel.settings import Settings

__all__ = ["SessionCookie"]

_NAME = "webos_session"


class SessionCookie:
    """Writes and reads the session cookie: HttpOnly, SameSite=Lax, for the whole site.

    Args:
        lifetime: How long the browser keeps it.
        secure: Whether browsers reach the server by https only. The name then has the prefix `__Host-`, which no other
            host of the domain can set.
        name: Its name; that of sessions by default.

    Attributes:
        name: The cookie's name.
    """

    def __init__(self, lifetime: timedelta, *, secure: bool, name: str = _NAME) -> None:
        self.name = f"__Host-{name}" if secure else name
        self._lifetime = int(lifetime.total_seconds())
        self._secure = secure
        self._start = f"{self.name}=".encode()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the cookie that the settings ask for."""
        return cls(timedelta(hours=settings.session_hours), secure=settings.origin.startswith("https://"))

    def read(self, header: bytes | None) -> str | None:
        """Return the token in a `Cookie` header; an empty string where the cookie is there and empty.

        Args:
            header: The header's value, None where there is none.
        """
        if header is None:
            return None
        found = header.find(self._start)
        while found >= 0:
            if found == 0 or header[:found].rstrip().endswith(b";"):
                return header[found + len(self._start) :].partition(b";")[0].strip().decode("latin-1")
            found = header.find(self._start, found + 1)
        return None

    def write(self, response: Response, token: str) -> None:
        """Have the browser keep `token`."""
        response.set_cookie(
            self.name, token, max_age=self._lifetime, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        """Have the browser forget the token."""
        response.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="lax")
