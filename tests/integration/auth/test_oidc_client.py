"""The OpenID Connect protocol against a provider that can do each wrong thing."""

import base64
import dataclasses
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from tests.integration.auth.identity_provider import CLIENT, SECRET, IdentityProvider
from tests.integration.auth.site import Clock, served
from webos.auth.sso.client import OidcClient, OidcIdentity, oidc_http
from webos.auth.sso.errors import ProviderUnavailableError, SsoRefusedError
from webos.auth.sso.provider import OidcProvider
from webos.kernel.errors import ConfigurationError

BACK = "http://testserver/auth/sso/acme/callback"


@dataclasses.dataclass
class Pair:
    """A provider and the client that asks it."""

    idp: IdentityProvider
    client: OidcClient
    clock: Clock

    async def sign_in(self, **brought: str) -> OidcIdentity:
        """Sign in, with a query changed on its way back."""
        address, attempt = await self.client.begin(BACK)
        return await self.client.finish(attempt, self.idp.browse(address) | brought)


def _provider(issuer: str, **changes: Any) -> OidcProvider:
    options: dict[str, Any] = {"name": "acme", "client_id": CLIENT, "client_secret": SecretStr(SECRET)}
    return OidcProvider(issuer=issuer, **(options | changes))


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    """Yield a running provider and a client for it."""
    made: list[IdentityProvider] = []

    def build(address: str) -> Any:
        made.append(IdentityProvider(address))
        return made[0].app()

    clock = Clock()
    async with served(build) as address, oidc_http() as http:
        yield Pair(made[0], OidcClient(_provider(address), http, clock=clock), clock)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_sign_in_names_issuer_and_subject(pair: Pair, algorithm: str) -> None:
    """A right sign-in says who it is, with each of the allowed algorithms."""
    pair.idp.algorithm = algorithm
    pair.idp.claims = {"email": "u@acme.test", "groups": ["staff"]}
    identity = await pair.sign_in()
    assert (identity.issuer, identity.subject) == (pair.idp.issuer, "u-1")
    assert identity.claims["groups"] == ["staff"]


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ["x"]},
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
)
async def test_claims_that_do_not_fit_are_refused(pair: Pair, claims: dict[str, Any]) -> None:
    """Each wrong or missing claim of a well-signed token is refused, with an answer that does not tell why."""
    pair.idp.claims = claims
    with pytest.raises(SsoRefusedError) as caught:
        await pair.sign_in()
    assert caught.value.status == 401
    assert caught.value.user_message == "Signing in did not work. Please try again"


@pytest.mark.parametrize("claims", [{"aud": [CLIENT]}, {"aud": [CLIENT, "b"], "azp": CLIENT}, {"azp": CLIENT}])
async def test_audiences_that_fit_are_taken(pair: Pair, claims: dict[str, Any]) -> None:
    """A list of audiences is taken where this server is the party."""
    pair.idp.claims = claims
    assert (await pair.sign_in()).subject == "u-1"


@pytest.mark.parametrize("seconds", [-50, 50])
async def test_clocks_may_differ_a_little(pair: Pair, seconds: int) -> None:
    """A token that ended, or will be made, within a minute is taken."""
    now = int(time.time())
    pair.idp.claims = {"exp": now + 10 + seconds, "iat": now + seconds}
    assert (await pair.sign_in()).subject == "u-1"


def _raw(header: dict[str, Any], claims: dict[str, Any], key: bytes | None) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signed = b".".join(parts)
    signature = hmac.digest(key, signed, hashlib.sha256) if key else b""
    return f"{signed.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize("attack", ["none", "None", "hmac-pem", "hmac-secret", "stranger", "own-key", "cut", "text"])
async def test_forged_signatures_are_refused(pair: Pair, attack: str) -> None:
    """No algorithm, the public key or the client's secret as a password, a stranger's key: all are refused."""
    idp = pair.idp
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = idp.rsa.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    symmetric = {"alg": "HS256", "kid": "k1"}
    idp.forge = {
        "none": lambda claims: _raw({"alg": "none", "kid": "k1"}, claims, None),
        "None": lambda claims: _raw({"alg": "RS256", "kid": "k1"}, claims, None),
        "hmac-pem": lambda claims: _raw(symmetric, claims, pem),
        "hmac-secret": lambda claims: _raw(symmetric, claims, SECRET.encode()),
        "stranger": lambda claims: idp.sign(claims, stranger),
        "own-key": lambda claims: idp.sign(claims, stranger, jwk={"kty": "RSA"}, jku="https://evil.test/keys"),
        "cut": lambda claims: idp.sign(claims)[:-8],
        "text": lambda _: "no token",
    }[attack]
    with pytest.raises(SsoRefusedError):
        await pair.sign_in()


@pytest.mark.parametrize(
    "brought",
    [
        {"state": "another"},
        {"state": ""},
        {"state": "\udcff"},
        {"iss": "https://evil.test"},
        {"iss": ""},
        {"error": "access_denied"},
        {"code": ""},
        {"code": "guessed"},
    ],
)
async def test_what_comes_back_must_fit(pair: Pair, brought: dict[str, str]) -> None:
    """Another state, another issuer, a refusal, no code or a guessed one do not sign in."""
    with pytest.raises(SsoRefusedError):
        await pair.sign_in(**brought)


async def test_issuer_must_be_named_where_it_is_promised(pair: Pair) -> None:
    """A provider that says it names itself must do so; one that does not need not."""
    address, attempt = await pair.client.begin(BACK)
    brought = pair.idp.browse(address)
    del brought["iss"]
    with pytest.raises(SsoRefusedError):
        await pair.client.finish(attempt, brought)
    pair.idp.published = {"authorization_response_iss_parameter_supported": False}
    pair.clock.advance(3601)
    assert (await pair.client.finish(attempt, brought)).subject == "u-1"


async def test_attempt_does_not_serve_another(pair: Pair) -> None:
    """A code of one sign-in does not finish another's, nor one that began with another provider."""
    mine, my_attempt = await pair.client.begin(BACK)
    _, other = await pair.client.begin(BACK)
    brought = pair.idp.browse(mine)
    for wrong in (
        dataclasses.replace(my_attempt, provider="evil"),
        other,
        dataclasses.replace(other, state=my_attempt.state),
    ):
        with pytest.raises(SsoRefusedError):
            await pair.client.finish(wrong, brought)


async def test_code_serves_once(pair: Pair) -> None:
    """The provider's refusal of a used code is a refusal, not an outage."""
    address, attempt = await pair.client.begin(BACK)
    brought = pair.idp.browse(address)
    await pair.client.finish(attempt, brought)
    with pytest.raises(SsoRefusedError):
        await pair.client.finish(attempt, brought)


async def test_keys_are_remembered_and_fetched_again(pair: Pair) -> None:
    """A new key id is looked up, but made-up ids do not ask the provider again and again."""
    await pair.sign_in()
    await pair.sign_in()
    assert pair.idp.asked == {"about": 1, "keys": 1}
    pair.clock.advance(31)
    pair.idp.kid = "k2"
    assert (await pair.sign_in()).subject == "u-1"
    assert pair.idp.asked["keys"] == 2
    pair.idp.forge = lambda claims: pair.idp.sign(claims, kid="made-up")
    for _ in range(3):
        with pytest.raises(SsoRefusedError):
            await pair.sign_in()
    assert pair.idp.asked["keys"] == 2


@pytest.mark.parametrize(
    "published",
    [
        {"issuer": "https://evil.test"},
        {"token_endpoint": "http://evil.test/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_provider_that_is_not_itself_is_unavailable(pair: Pair, published: dict[str, Any]) -> None:
    """Another issuer, or an address that is missing or not safe, ends the sign-in before it begins."""
    pair.idp.published = published
    with pytest.raises(ProviderUnavailableError):
        await pair.client.begin(BACK)


async def test_redirects_and_wrong_secrets_are_outages(pair: Pair) -> None:
    """A redirect is not followed; a secret that the provider refuses is for the administrator, not the user."""
    pair.idp.redirects = True
    with pytest.raises(ProviderUnavailableError):
        await pair.client.begin(BACK)
    pair.idp.redirects = False
    async with oidc_http() as http:
        client = OidcClient(_provider(pair.idp.issuer, client_secret=SecretStr("wrong")), http)
        address, attempt = await client.begin(BACK)
        with pytest.raises(ProviderUnavailableError):
            await client.finish(attempt, pair.idp.browse(address))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Acme/../x"},
        {"issuer": "http://acme.test"},
        {"issuer": "https://user@acme.test"},
        {"issuer": "https://acme.test?x"},
        {"issuer": "https://[x"},
        {"client_id": ""},
        {"scopes": ("email",)},
    ],
)
def test_unsafe_providers_are_not_set_up(changes: dict[str, Any]) -> None:
    """A provider without https, name, client id or `openid` is a mistake in the configuration."""
    options = {"issuer": "https://acme.test"} | changes
    with pytest.raises(ConfigurationError):
        _provider(**options)


async def test_secrets_do_not_show(pair: Pair) -> None:
    """What is remembered and what is set up show no secret when they are printed."""
    address, attempt = await pair.client.begin(BACK)
    shown = repr(attempt) + repr(_provider(pair.idp.issuer))
    for secret in (attempt.state, attempt.nonce, attempt.verifier, SECRET):
        assert secret not in shown
    assert attempt.verifier not in address
