"""What counts as an e-mail address."""

import re

from webos.kernel.errors import InvalidInputError

__all__ = ["check_address", "fold_address"]

_LONGEST = 254
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Internal hosts such as `mail.local` or `localhost` are addresses too: internal tools have internal mail.
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL})@{_LABEL}(\.{_LABEL})*")
_LONGEST_LOCAL = 64


def check_address(address: str, field: str = "email") -> str:
    """Return an address without the spaces around it.

    Args:
        address: What was entered.
        field: Name of the input, for the message.

    Raises:
        InvalidInputError: It is no e-mail address.
    """
    found = address.strip()
    match = _ADDRESS.fullmatch(found) if len(found) <= _LONGEST else None
    if match is None or len(match["local"]) > _LONGEST_LOCAL:
        raise InvalidInputError(fields={field: "Enter an e-mail address such as ada@example.com"})
    return found


def fold_address(address: str) -> str:
    """Return the form in which two spellings of one address are equal."""
    return address.strip().casefold()
