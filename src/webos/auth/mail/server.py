"""The mail server of the settings, and handing a message to it."""

import ipaddress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

__all__ = ["SmtpServer"]

_PORTS = {"smtp": 25, "smtps": 465, "starttls": 587}
_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A server that takes mail.

    Attributes:
        host: Its name or address.
        port: Its port.
        username: Name to sign in with; None for no sign-in.
        password: Its password.
        use_tls: Whether the connection is encrypted from the start.
        start_tls: Whether it must become encrypted; None where it does so if the server can.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_tls: bool = False
    start_tls: bool | None = None

    @classmethod
    def from_url(cls, url: SecretStr) -> Self:
        """Return the server that a checked address names, such as `smtps://user:password@mail.example.com`.

        `starttls://` insists on encryption. `smtp://` encrypts where the server can, and insists on it
        before it sends a password to another machine.

        Args:
            url: The address.
        """
        parts = urlsplit(url.get_secret_value())
        host = parts.hostname or ""
        username = unquote(parts.username) if parts.username else None
        insists = parts.scheme == "starttls" or (
            parts.scheme == "smtp" and username is not None and not _is_own_machine(host)
        )
        return cls(
            host=host,
            port=parts.port or _PORTS[parts.scheme],
            username=username,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else True if insists else None,
        )

    async def send(self, message: EmailMessage) -> None:
        """Hand a message over.

        Raises:
            aiosmtplib.SMTPException: The server does not take it.
            OSError: The server cannot be reached.
        """
        await aiosmtplib.send(
            message,
            hostname=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            use_tls=self.use_tls,
            start_tls=self.start_tls,
            timeout=_SECONDS,
        )


def _is_own_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
