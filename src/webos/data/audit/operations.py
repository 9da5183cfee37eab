"""What the entries of the record tell of."""

from typing import Final

__all__ = ["LASTING", "PURGE", "REVEAL"]

PURGE: Final = "purge"
"""A document was removed for good."""

REVEAL: Final = "reveal"
"""A secret was shown to somebody: nothing was changed."""

LASTING: Final = frozenset({PURGE, REVEAL})
"""What nobody can take back."""
