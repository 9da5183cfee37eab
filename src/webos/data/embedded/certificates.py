"""Certificates for one short run of the database server that lets nobody in but us."""

import datetime as dt
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Certificates"]

_VALID = dt.timedelta(days=1)
_HOST = ipaddress.ip_address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files of a certificate authority of our own, and of a server and a client that it vouches for.

    Attributes:
        authority: The authority's certificate.
        server: The server's certificate.
        server_key: The server's private key.
        client: The client's certificate and private key.
    """

    authority: Path
    server: Path
    server_key: Path
    client: Path

    @classmethod
    def create(cls, folder: Path) -> "Certificates":
        """Make new ones in a folder that only its owner can enter; they end after a day."""
        made = cls(*(folder / f"{name}.pem" for name in ("authority", "server", "server-key", "client")))
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("WebOS set-up")
        authority = _builder(name, name, key.public_key(), ca=True).sign(key, hashes.SHA256())
        _write(made.authority, _pem(authority))
        for role, usage in (("server", ExtendedKeyUsageOID.SERVER_AUTH), ("client", ExtendedKeyUsageOID.CLIENT_AUTH)):
            leaf_key = ec.generate_private_key(ec.SECP256R1())
            leaf = (
                _builder(_name(role), name, leaf_key.public_key(), ca=False)
                .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
                .add_extension(x509.SubjectAlternativeName([x509.IPAddress(_HOST)]), critical=False)
                .sign(key, hashes.SHA256())
            )
            if role == "server":
                _write(made.server, _pem(leaf))
                _write(made.server_key, _key_pem(leaf_key))
            else:
                _write(made.client, _pem(leaf) + _key_pem(leaf_key))
        return made

    def remove(self) -> None:
        """Delete the files."""
        for path in (self.authority, self.server, self.server_key, self.client):
            path.unlink(missing_ok=True)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # Clocks that are set back a little must not make the set-up fail.
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
