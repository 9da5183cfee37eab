"""What an identity provider publishes about itself: its addresses and its public keys."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from webos.auth.sso.errors import ProviderUnavailableError, SsoRefusedError
from webos.auth.sso.provider import OidcProvider, is_safe_address

__all__ = ["Discovery", "ProviderAddresses", "read_object"]

_LASTS = 3600.0
_KEYS_AGAIN = 30.0
_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAddresses:
    """Where a provider is asked, and how.

    Attributes:
        authorization: Where browsers are sent.
        token: Where codes are exchanged.
        keys: Where its public keys are.
        names_issuer: Whether it names itself when it sends a browser back (RFC 9207).
        secret_in_body: Whether it takes the client's secret in the form only.
    """

    authorization: str
    token: str
    keys: str
    names_issuer: bool
    secret_in_body: bool


class Discovery:
    """Fetches and remembers what a provider publishes, for an hour; its keys again where one is not known.

    Args:
        provider: The provider.
        http: Asks it; follows no redirects.
        clock: Monotonic time in seconds.
    """

    def __init__(self, provider: OidcProvider, http: httpx.AsyncClient, clock: Callable[[], float]) -> None:
        self._provider = provider
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._addresses: tuple[float, ProviderAddresses] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] | None = None

    async def addresses(self) -> ProviderAddresses:
        """Return where the provider is asked.

        Raises:
            ProviderUnavailableError: It does not answer, or its answer is not its own.
        """
        async with self._lock:
            return await self._fresh_addresses()

    async def key(self, kid: str | None, kind: str) -> Mapping[str, Any]:
        """Return the public key with an id; without an id, the only one of a kind.

        Args:
            kid: The key's id; None where the token names none.
            kind: The key's type: `RSA`, `EC`, `OKP`.

        Raises:
            ProviderUnavailableError: The provider does not answer.
            SsoRefusedError: It has no such key.
        """
        async with self._lock:
            now = self._clock()
            if self._keys is None or now - self._keys[0] >= _LASTS:
                await self._fetch_keys()
            found = self._find(kid, kind)
            # Tokens with made-up key ids must not make this server ask the provider at every one of them.
            if found is None and self._keys is not None and now - self._keys[0] >= _KEYS_AGAIN:
                await self._fetch_keys()
                found = self._find(kid, kind)
        if found is None:
            why = "the ID token names a key that the provider does not have"
            raise SsoRefusedError(why)
        return found

    def _find(self, kid: str | None, kind: str) -> Mapping[str, Any] | None:
        keys = self._keys[1] if self._keys is not None else []
        fitting = [key for key in keys if key.get("kty") == kind and (kid is None or key.get("kid") == kid)]
        return fitting[0] if len(fitting) == 1 else None

    async def _fetch_keys(self) -> None:
        document = await self._get((await self._fresh_addresses()).keys)
        keys = document.get("keys")
        if not isinstance(keys, list):
            raise ProviderUnavailableError
        self._keys = (self._clock(), [key for key in keys if isinstance(key, dict)])

    async def _fresh_addresses(self) -> ProviderAddresses:
        if self._addresses is None or self._clock() - self._addresses[0] >= _LASTS:
            document = await self._get(f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration")
            self._addresses = (self._clock(), self._checked(document))
        return self._addresses[1]

    def _checked(self, document: Mapping[str, Any]) -> ProviderAddresses:
        if document.get("issuer") != self._provider.issuer:
            msg = f"the identity provider {self._provider.name} names another issuer than it was set up with"
            raise ProviderUnavailableError(msg)
        found = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        safe = [address for address in found if isinstance(address, str) and is_safe_address(address)]
        if len(safe) != len(found):
            msg = f"the identity provider {self._provider.name} publishes an address that is missing or not https"
            raise ProviderUnavailableError(msg)
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return ProviderAddresses(
            authorization=safe[0],
            token=safe[1],
            keys=safe[2],
            names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
            secret_in_body="client_secret_basic" not in methods,
        )

    async def _get(self, address: str) -> dict[str, Any]:
        return await read_object(self._http, self._http.build_request("GET", address))


async def read_object(http: httpx.AsyncClient, request: httpx.Request) -> dict[str, Any]:
    """Return the JSON object that answers a request, of at most 1 MB.

    Raises:
        SsoRefusedError: The provider refuses what was sent to it, such as a code that was used before.
        ProviderUnavailableError: There is no answer, it is a redirect or an error, or it is no such object.
    """
    body = bytearray()
    try:
        answer = await http.send(request, stream=True, follow_redirects=False)
        try:
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _LONGEST:
                    break
        finally:
            await answer.aclose()
        document = json.loads(body) if answer.status_code == httpx.codes.OK and len(body) <= _LONGEST else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError):
        document = None
    else:
        if request.method == "POST" and answer.status_code == httpx.codes.BAD_REQUEST:
            why = "the provider refused the code"
            raise SsoRefusedError(why)
    if not isinstance(document, dict):
        msg = f"{request.url.host} gave no answer that could be used"
        raise ProviderUnavailableError(msg)
    return document
