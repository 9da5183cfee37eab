"""Recovery codes: what opens an account whose app or passkey is lost, each once."""

import hashlib
from secrets import choice
from uuid import UUID

__all__ = ["RECOVERY_CODES", "hash_code", "new_codes"]

RECOVERY_CODES = 10
"""How many are made together."""

# Without what looks alike. Sixteen of them are 80 bits, so that a quick hash of a code is enough.
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS = 4
_GROUP = 4
_LONGEST = 64


def new_codes() -> list[str]:
    """Return new codes as people read them."""
    return [
        "-".join("".join(choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    ]


def hash_code(user_id: UUID, code: str) -> str:
    """Return the hash under which a code is kept; capitals, spaces and hyphens do not count.

    Args:
        user_id: Whose code it is.
        code: What was entered.
    """
    bare = "".join(letter for letter in code[:_LONGEST].lower() if letter.isalnum())
    return hashlib.sha256(user_id.bytes + bare.encode("utf-8", "surrogateescape")).hexdigest()
