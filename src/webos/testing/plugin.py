"""The pytest plugin: fixtures on real parts. It is on in every test session of an environment with the package."""

from importlib.util import find_spec

from webos.testing.servers import live_server

__all__ = ["live_server"]

# A project that tests nothing asynchronous need not have it, and must not fail because of us.
if find_spec("pytest_asyncio") is not None:
    from webos.testing.database import command_listener, commands, mongo, mongo_endpoint

    __all__ += ["command_listener", "commands", "mongo", "mongo_endpoint"]
