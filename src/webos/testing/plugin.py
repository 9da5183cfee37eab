"""The pytest plugin: fixtures on a real database. It is on as soon as the package is installed."""

from webos.testing.database import mongo, mongo_endpoint

__all__ = ["mongo", "mongo_endpoint"]
