"""By what somebody has proved who he is."""

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["Proof", "is_twofold"]


class Proof(StrEnum):
    """Ways to prove who one is; a session keeps which of them were used, and when."""

    PASSWORD = "password"  # noqa: S105 - names a way
    SSO = "sso"
    LDAP = "ldap"
    LINK = "link"
    APP = "app"
    RECOVERY = "recovery"
    PASSKEY = "passkey"


# A passkey asks for the user's finger, face or PIN itself: it is two factors by itself.
_SECOND = frozenset({Proof.APP.value, Proof.RECOVERY.value, Proof.PASSKEY.value})


def is_twofold(proofs: Iterable[str]) -> bool:
    """Return whether there is a second factor among what was proved."""
    return any(str(proof) in _SECOND for proof in proofs)
