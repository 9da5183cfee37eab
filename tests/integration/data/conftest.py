"""The fixtures of the library."""

from tests.integration.data.library import anna, bert, database, kind, library, root, shelf, stored, traits

__all__ = ["anna", "bert", "database", "kind", "library", "root", "shelf", "stored", "traits"]
