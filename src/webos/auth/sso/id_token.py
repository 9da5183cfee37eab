"""ID tokens: every claim that OpenID Connect Core 3.1.3.7 asks to check."""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, NoReturn

import jwt

from webos.auth.sso.errors import SsoRefusedError
from webos.auth.sso.provider import OidcProvider

__all__ = ["check_id_token", "key_kind", "token_header"]

_LEEWAY = 60
_KEY_TYPES: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
}
_LONGEST_SUBJECT = 255


def token_header(token: str) -> tuple[str, str | None]:
    """Return the algorithm and the key id that a token names, neither of them proved.

    Raises:
        SsoRefusedError: It is no token, or its algorithm is not one that only the provider can sign with.
    """
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        _refuse("is no token")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _KEY_TYPES or not isinstance(kid, str | None):
        _refuse("has an algorithm or a key id that is not allowed")
    return algorithm, kid


def key_kind(algorithm: str) -> str:
    """Return the type of the keys that an allowed algorithm signs with."""
    return _KEY_TYPES[algorithm][0]


def check_id_token(token: str, key: Mapping[str, Any], provider: OidcProvider, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token that a provider has made for this sign-in.

    Args:
        token: The token.
        key: The provider's public key that the token names, as in its key set.
        provider: The provider.
        nonce: What was asked for.

    Raises:
        SsoRefusedError: Signature, issuer, audience, times, nonce or subject do not fit.
    """
    algorithm, _ = token_header(token)
    kind, curve = _KEY_TYPES[algorithm]
    if key.get("kty") != kind or (curve is not None and key.get("crv") != curve):
        _refuse("names a key of another kind")
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        _refuse("names a key that is not for its signature")
    try:
        claims = jwt.decode(
            token,
            jwt.PyJWK.from_dict(dict(key), algorithm=algorithm).key,
            algorithms=[algorithm],
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=_LEEWAY,
            options={"require": ["iss", "aud", "exp", "iat", "sub"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        _refuse(type(error).__name__)
    audience, party = claims["aud"], claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (None, provider.client_id):
        _refuse("was made for another party")
    found = claims.get("nonce")
    if not isinstance(found, str) or not compare_digest(found.encode("utf-8", "surrogateescape"), nonce.encode()):
        _refuse("has another nonce")
    if not 0 < len(claims["sub"]) <= _LONGEST_SUBJECT:
        _refuse("names nobody")
    return claims


def _refuse(why: str) -> NoReturn:
    msg = f"the ID token {why}"
    raise SsoRefusedError(msg) from None
