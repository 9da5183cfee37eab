"""Access tokens: short-lived JWTs of API clients, each bound to a session."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

__all__ = ["ACCESS_TOKEN_SECONDS", "AccessTokens", "Claims"]

ACCESS_TOKEN_SECONDS = 15 * 60
"""How long an access token counts at most."""

_ALGORITHM = "HS256"
_AUDIENCE = "webos-api"
_CLAIMS = ("aud", "exp", "iat", "iss", "sid", "sub")
_LEAST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says.

    Attributes:
        user_id: Whose it is.
        session_id: Public id of the session it is bound to.
        expires_at: When it ends.
    """

    user_id: UUID
    session_id: str
    expires_at: datetime


class AccessTokens:
    """Issues and checks access tokens.

    Args:
        secret: The server's secret key, at least 32 bytes.
        issuer: Address of the server, which the tokens name.

    Raises:
        ValueError: The secret is too short.
    """

    def __init__(self, secret: bytes, issuer: str) -> None:
        if len(secret) < _LEAST_SECRET:
            msg = f"the secret key has fewer than {_LEAST_SECRET} bytes"
            raise ValueError(msg)
        # A key of its own: what signs browsers' storage must not sign tokens.
        self._key = hmac.digest(secret, b"webos access token 1", "sha256")
        self._key_id = hashlib.sha256(self._key).hexdigest()[:16]
        self._issuer = issuer

    def issue(self, user_id: UUID, session_id: str, session_ends: datetime) -> tuple[str, int]:
        """Return a token for a session, and for how many seconds it counts.

        Args:
            user_id: Whose session it is.
            session_id: Its public id.
            session_ends: When the session ends.
        """
        now = datetime.now(UTC)
        expires = min(now + timedelta(seconds=ACCESS_TOKEN_SECONDS), session_ends)
        claims = {
            "iss": self._issuer,
            "aud": _AUDIENCE,
            "sub": str(user_id),
            "sid": session_id,
            "iat": now,
            "exp": expires,
        }
        token = jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": self._key_id})
        return token, max(0, int((expires - now).total_seconds()))

    def check(self, token: str) -> Claims | None:
        """Return what a token says; None where it is not ours, not for this, changed or expired."""
        try:
            if jwt.get_unverified_header(token).get("kid") != self._key_id:
                return None
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=self._issuer,
                options={"require": list(_CLAIMS)},
            )
            return Claims(
                UUID(str(claims["sub"])), str(claims["sid"]), datetime.fromtimestamp(float(claims["exp"]), UTC)
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            return None
