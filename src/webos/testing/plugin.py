"""The pytest plugin: fixtures on a real database. It is on as soon as the package is installed."""

from webos.testing.database import mongo, mongo_endpoint
from webos.testing.servers import live_server

__all__ = ["live_server", "mongo", "mongo_endpoint"]
