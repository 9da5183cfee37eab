"""Security case 18: which access tokens count."""

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest

from webos.auth.access_token import ACCESS_TOKEN_SECONDS, AccessTokens

SECRET = b"s" * 32
ISSUER = "https://tools.example.com"
USER = uuid4()
LATER = datetime.now(UTC) + timedelta(days=1)


def forged(changes: dict[str, Any], key: bytes | None = None, algorithm: str = "HS256", **headers: Any) -> str:
    """Return a token like ours, with some claims changed; None takes a claim away."""
    ours, _ = AccessTokens(SECRET, ISSUER).issue(USER, "s1", LATER)
    claims = jwt.decode(ours, options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    head = {"kid": jwt.get_unverified_header(ours)["kid"]} | headers
    own = hmac.digest(SECRET, b"webos access token 1", "sha256")
    if algorithm == "none":
        return jwt.encode(claims, None, algorithm=algorithm, headers=head)  # type: ignore[arg-type]  # as it wants it for none
    return jwt.encode(claims, key or own, algorithm=algorithm, headers=head)


def test_round_trip() -> None:
    """What was issued is checked: the user, the session, and an end within 15 minutes."""
    tokens = AccessTokens(SECRET, ISSUER)
    token, seconds = tokens.issue(USER, "s1", LATER)
    claims = tokens.check(token)
    assert claims is not None
    assert (claims.user_id, claims.session_id) == (USER, "s1")
    assert ACCESS_TOKEN_SECONDS - 5 <= seconds <= ACCESS_TOKEN_SECONDS
    assert claims.expires_at <= datetime.now(UTC) + timedelta(seconds=ACCESS_TOKEN_SECONDS)
    assert tokens.check(forged({})) is not None


def test_token_ends_with_its_session() -> None:
    """A token does not outlive the session it is bound to."""
    _, seconds = AccessTokens(SECRET, ISSUER).issue(USER, "s1", datetime.now(UTC) + timedelta(seconds=60))
    assert seconds <= 60


@pytest.mark.parametrize(
    "token",
    [
        forged({"aud": "elsewhere"}),
        forged({"iss": "https://evil.test"}),
        forged({"exp": datetime.now(UTC) - timedelta(seconds=1)}),
        forged({"sub": "nobody"}),
        *(forged({claim: None}) for claim in ("aud", "exp", "iat", "iss", "sid", "sub")),
        forged({}, key=b"k" * 32),
        forged({}, algorithm="none"),
        forged({}, kid="other"),
        forged({}, kid=""),
        "",
        "a.b.c",
        "ä",
        "x" * 3000,
    ],
)
def test_refused(token: str) -> None:
    """Changed, foreign, expired and incomplete tokens do not count; nor does `none` as the algorithm."""
    assert AccessTokens(SECRET, ISSUER).check(token) is None


def test_other_secret() -> None:
    """A token of a server with another secret does not count."""
    token, _ = AccessTokens(b"t" * 32, ISSUER).issue(USER, "s1", LATER)
    assert AccessTokens(SECRET, ISSUER).check(token) is None


def test_short_secret() -> None:
    """A secret of fewer than 32 bytes is refused."""
    with pytest.raises(ValueError, match="32 bytes"):
        AccessTokens(b"s" * 31, ISSUER)
