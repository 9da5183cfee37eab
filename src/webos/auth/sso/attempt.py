"""A sign-in under way at an identity provider."""

import base64
import hashlib
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Self

__all__ = ["OidcAttempt"]

_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcAttempt:
    """What a sign-in must bring back. Who keeps it binds it to one browser and uses it once.

    Attributes:
        provider: Name of the provider it began with.
        redirect_uri: Where the provider sends the browser back to.
        state: Comes back with the browser.
        nonce: Comes back inside the token.
        verifier: Proves that the code is fetched by who asked for it (PKCE).
    """

    provider: str
    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def begin(cls, provider: str, redirect_uri: str) -> Self:
        """Return a new one, which nobody can guess."""
        return cls(
            provider=provider,
            redirect_uri=redirect_uri,
            state=token_urlsafe(_BYTES),
            nonce=token_urlsafe(_BYTES),
            verifier=token_urlsafe(_BYTES),
        )

    @property
    def challenge(self) -> str:
        """The verifier's S256 challenge."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
