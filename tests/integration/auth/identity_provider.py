"""An identity provider for tests: a right one, which can be told to do each wrong thing."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

__all__ = ["CLIENT", "SECRET", "IdentityProvider"]

CLIENT = "webos & co"
SECRET = "s3cret:with/odd+signs"


@dataclass
class IdentityProvider:
    """A provider with one user, `u-1`.

    Attributes:
        issuer: Its own address.
        algorithm: What it signs with.
        claims: Claims it puts in, instead of the right ones; None leaves one out.
        published: What it says about itself, instead of what is right.
        forge: Makes the token from the claims, instead of signing it.
    """

    issuer: str
    algorithm: str = "RS256"
    kid: str = "k1"
    claims: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    forge: Callable[[dict[str, Any]], str] | None = None
    redirects: bool = False
    asked: dict[str, int] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()

    def app(self) -> FastAPI:
        """Return its routes."""
        app = FastAPI()
        app.add_api_route("/.well-known/openid-configuration", self.about)
        app.add_api_route("/keys", self.keys)
        app.add_api_route("/token", self.token, methods=["POST"])
        return app

    async def about(self) -> Response:
        """Publish the addresses."""
        self._count("about")
        if self.redirects:
            return RedirectResponse(f"{self.issuer}/elsewhere")
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_response_iss_parameter_supported": True,
            }
            | self.published
        )

    async def keys(self) -> dict[str, Any]:
        """Publish the key it signs with."""
        self._count("keys")
        return {"keys": [self.public_key()]}

    def public_key(self) -> dict[str, Any]:
        """Return the public key it signs with."""
        if self.algorithm == "ES256":
            text = ECAlgorithm.to_jwk(self.ec.public_key())
        elif self.algorithm == "EdDSA":
            text = OKPAlgorithm.to_jwk(self.ed.public_key())
        else:
            text = RSAAlgorithm.to_jwk(self.rsa.public_key())
        return {**json.loads(text), "kid": self.kid, "use": "sig"}

    def browse(self, address: str) -> dict[str, str]:
        """Sign in as a browser would, and return the query it comes back with."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes) + 1}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    async def token(self, request: Request) -> Response:
        """Exchange a code, once, for who knows the client's secret and the verifier."""
        form = dict(parse_qsl((await request.body()).decode()))
        basic = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        if basic != "webos%20%26%20co:s3cret%3Awith%2Fodd%2Bsigns":
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge.rstrip("=")
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "u-1", "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return JSONResponse({"id_token": self.forge(claims) if self.forge else self.sign(claims)})

    def sign(self, claims: dict[str, Any], key: Any = None, **header: Any) -> str:
        """Return a token."""
        kinds: dict[str, Any] = {"ES256": self.ec, "EdDSA": self.ed}
        own = kinds.get(self.algorithm, self.rsa)
        return jwt.encode(claims, key or own, self.algorithm, {"kid": self.kid, **header})

    def _count(self, what: str) -> None:
        self.asked[what] = self.asked.get(what, 0) + 1
