"""The fixtures of the library, and the tripwire."""

from tests.integration.data.library import anna, bert, database, library, root, traits
from tests.tripwire import tripwire

__all__ = ["anna", "bert", "database", "library", "root", "traits", "tripwire"]
