"""The protocol with one identity provider: authorization code flow with PKCE, state, nonce and issuer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from webos.auth.sso.attempt import OidcAttempt
from webos.auth.sso.discovery import Discovery, ProviderAddresses, read_object
from webos.auth.sso.errors import SsoRefusedError
from webos.auth.sso.id_token import check_id_token, key_kind, token_header
from webos.auth.sso.provider import OidcProvider

__all__ = ["OidcClient", "OidcIdentity", "oidc_http"]

_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcIdentity:
    """Who somebody is, as a provider says.

    Attributes:
        issuer: The provider's identity.
        subject: What the provider calls him, for ever.
        claims: All that the token says.
    """

    issuer: str
    subject: str
    claims: Mapping[str, Any] = field(repr=False)


def oidc_http() -> httpx.AsyncClient:
    """Return an HTTP client for providers: 10 s for each step, no redirects. Who takes it closes it."""
    return httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)


class OidcClient:
    """Sends browsers to a provider and checks what they bring back.

    Args:
        provider: The provider.
        http: Asks it.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self, provider: OidcProvider, http: httpx.AsyncClient, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._provider = provider
        self._http = http
        self._discovery = Discovery(provider, http, clock)

    async def begin(self, redirect_uri: str) -> tuple[str, OidcAttempt]:
        """Return where to send the browser, and what to remember until it comes back.

        Args:
            redirect_uri: Where the provider sends it back to.

        Raises:
            ProviderUnavailableError: The provider does not answer.
        """
        addresses = await self._discovery.addresses()
        attempt = OidcAttempt.begin(self._provider.name, redirect_uri)
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._provider.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{addresses.authorization}?{urlencode(query)}", attempt

    async def finish(self, attempt: OidcAttempt, brought: Mapping[str, str]) -> OidcIdentity:
        """Return who came back.

        Args:
            attempt: What was remembered; the caller has taken care that it is this browser's and is used once.
            brought: The query with which the browser came back.

        Raises:
            SsoRefusedError: It does not prove who somebody is, or the provider refused him.
            ProviderUnavailableError: The provider does not answer.
        """
        addresses = await self._discovery.addresses()
        code = self._checked_code(attempt, brought, addresses)
        answer = await read_object(self._http, self._exchange(attempt, code, addresses))
        token = answer.get("id_token")
        if not isinstance(token, str):
            why = "the provider gave no ID token"
            raise SsoRefusedError(why)
        algorithm, kid = token_header(token)
        key = await self._discovery.key(kid, key_kind(algorithm))
        claims = check_id_token(token, key, self._provider, attempt.nonce)
        return OidcIdentity(issuer=self._provider.issuer, subject=claims["sub"], claims=claims)

    def _checked_code(self, attempt: OidcAttempt, brought: Mapping[str, str], addresses: ProviderAddresses) -> str:
        if attempt.provider != self._provider.name:
            why = "the sign-in began with another provider"
            raise SsoRefusedError(why)
        if not compare_digest(brought.get("state", "").encode("utf-8", "surrogateescape"), attempt.state.encode()):
            why = "the state is another"
            raise SsoRefusedError(why)
        named = brought.get("iss")
        if (named is None and addresses.names_issuer) or named not in (None, self._provider.issuer):
            why = "another issuer sent the browser back"
            raise SsoRefusedError(why)
        code = brought.get("code", "")
        if "error" in brought or not code:
            why = "the provider refused, or gave no code"
            raise SsoRefusedError(why)
        return code

    def _exchange(self, attempt: OidcAttempt, code: str, addresses: ProviderAddresses) -> httpx.Request:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        secret, client = self._provider.client_secret, self._provider.client_id
        if secret is None or addresses.secret_in_body:
            form["client_id"] = client
        if secret is None:
            return self._http.build_request("POST", addresses.token, data=form)
        if addresses.secret_in_body:
            form["client_secret"] = secret.get_secret_value()
            return self._http.build_request("POST", addresses.token, data=form)
        request = self._http.build_request("POST", addresses.token, data=form)
        # RFC 6749, 2.3.1: both are form-encoded before they are put together.
        basic = httpx.BasicAuth(quote(client, safe=""), quote(secret.get_secret_value(), safe=""))
        return next(basic.auth_flow(request))
