"""An identity provider as it is set up."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr

from webos.kernel.errors import ConfigurationError

__all__ = ["OidcProvider", "is_safe_address"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """An identity provider that speaks OpenID Connect.

    Attributes:
        name: Name in addresses: small letters, digits and `-`.
        issuer: Its identity, exactly as it writes it in its tokens.
        client_id: What it calls this server.
        client_secret: Proves to it that this is that server; None where PKCE alone does.
        scopes: What it is asked for; `openid` is always among it.

    Raises:
        ConfigurationError: The name does not fit, or the issuer is not an https address (http on this host only).
    """

    name: str
    issuer: str
    client_id: str
    client_secret: SecretStr | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            msg = "The name of an identity provider is made of small letters, digits and -, at most 32"
            raise ConfigurationError(msg)
        if not is_safe_address(self.issuer) or not self.client_id or "openid" not in self.scopes:
            msg = f"The identity provider {self.name} needs an https issuer, a client id, and the scope openid"
            raise ConfigurationError(msg)


def is_safe_address(address: object) -> bool:
    """Return whether an address is https, or http on this host, and carries no user name, query or fragment."""
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
