"""An authenticator in software, which tests can also have answer wrongly."""

import hashlib
import struct
from secrets import token_bytes
from typing import Any

import cbor2
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

__all__ = ["Authenticator"]

_PRESENT_AND_VERIFIED = 0x05
_PRESENT = 0x01
_HAS_KEY = 0x40


class Authenticator:
    """One passkey of one user, at one site.

    Attributes:
        origin: Where the browser says that it is.
        host: What the browser hands to the passkey as the site.
        verifies: Whether it asks its user for a PIN.
        count: How often it was used.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.host = "localhost"
        self.verifies = True
        self.count = 1
        self._id = token_bytes(32)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, options: dict[str, Any]) -> str:
        """Answer the question for a new passkey."""
        numbers = self._key.public_key().public_numbers()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        credential = bytes(16) + struct.pack(">H", len(self._id)) + self._id + key
        data = self._data(_HAS_KEY) + credential
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer({"clientDataJSON": client, "attestationObject": attested})

    def use(self, options: dict[str, Any], *, challenge: str = "") -> str:
        """Answer the question for a proof.

        Args:
            options: The question.
            challenge: What to answer instead of what was asked.
        """
        self.count += 1
        client, data = self._client("webauthn.get", challenge or options["challenge"]), self._data(0)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer({"clientDataJSON": client, "authenticatorData": data, "signature": signature})

    def _data(self, flags: int) -> bytes:
        flags |= _PRESENT_AND_VERIFIED if self.verifies else _PRESENT
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        return orjson.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False})

    def _answer(self, response: dict[str, bytes]) -> str:
        identity = bytes_to_base64url(self._id)
        encoded = {name: bytes_to_base64url(value) for name, value in response.items()}
        return orjson.dumps({"id": identity, "rawId": identity, "type": "public-key", "response": encoded}).decode()
