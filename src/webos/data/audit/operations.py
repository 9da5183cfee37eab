"""What the entries of the record tell of."""

from typing import Final

__all__ = ["LASTING", "PURGE", "REVEAL", "REVEALED"]

PURGE: Final = "purge"
"""A document was removed for good."""

REVEAL: Final = "reveal"
"""A secret was shown to somebody: nothing was changed."""

REVEALED: Final = "revealed"
"""Where the entry of a reveal has its document: not among those that were changed, which are checked against what is stored."""

LASTING: Final = frozenset({PURGE, REVEAL})
"""What nobody can take back."""
