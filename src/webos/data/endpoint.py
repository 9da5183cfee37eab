"""Where the database is and with what it is opened."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from webos.kernel.errors import StartupError

__all__ = ["INVALID_URL", "Endpoint"]

INVALID_URL = (
    "WEBOS_MONGO_URL is not a valid MongoDB address. It looks like mongodb://user:password@host:27017/?replicaSet=rs0; "
    "reserved characters in the user name and the password must be percent-encoded."
)
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")

_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A database server: a URL from the settings, or the host, port and account of a local server.

    Attributes:
        url: Address with everything in it; the other fields are unused then.
        host: Name or address of the server.
        port: TCP port of the server.
        username: Account to sign in with; None where the server asks for none.
        password: Password of the account.
    """

    url: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = 27017
    username: str | None = None
    password: SecretStr | None = None

    @classmethod
    def from_url(cls, url: SecretStr | str) -> Self:
        """Return the endpoint behind a `mongodb://` or `mongodb+srv://` address."""
        return cls(url=url if isinstance(url, SecretStr) else SecretStr(url))

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Return the endpoint that `write` left in a file.

        Args:
            path: The file.

        Raises:
            StartupError: The file cannot be read or holds no endpoint.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                host=str(content["host"]),
                port=int(content["port"]),
                username=str(content["username"]),
                password=SecretStr(str(content["password"])),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            # The error's text could quote the file, and with it the password.
            msg = f"the address of the local database cannot be read from {path} ({type(error).__name__})"
            raise StartupError(msg) from None

    @property
    def address(self) -> str:
        """Hosts and ports, safe to show: never the account.

        Raises:
            StartupError: The URL is not valid.
        """
        if self.url is None:
            return f"{self.host}:{self.port}"
        rest = self.url.get_secret_value().partition("://")[2]
        # A raw slash or question mark in a password ends the account too early; what follows must not be shown.
        authority, *behind = re.split(r"[/?]", rest, maxsplit=1)
        hosts = authority.rpartition("@")[2].split(",")
        if ("@" in "".join(behind) and "@" not in authority) or not all(_HOST.fullmatch(host) for host in hosts):
            raise StartupError(INVALID_URL)
        return ", ".join(hosts)

    def write(self, path: Path) -> None:
        """Keep the endpoint of a local server in a file that only its owner can read.

        Args:
            path: The file; it is replaced in one step, so that a reader sees the old or the new content.
        """
        content = {
            "host": self.host,
            "port": self.port,
            "username": self.username,
            "password": self.password.get_secret_value() if self.password is not None else None,
        }
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
