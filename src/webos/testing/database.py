"""Fixtures for a real database: one server for a test session, one fresh database for a test."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from webos.data.connection import Connection
    from webos.data.endpoint import Endpoint
    from webos.testing.commands import CommandListener, CommandLog

__all__ = ["command_listener", "commands", "mongo", "mongo_endpoint"]


@pytest.fixture(scope="session")
def command_listener() -> "CommandListener":
    """Return what hears the commands of every client that is made from now on."""
    from pymongo import monitoring

    from webos.testing.commands import CommandListener

    listener = CommandListener()
    monitoring.register(listener)
    return listener


@pytest.fixture
def commands(command_listener: "CommandListener") -> "CommandLog":
    """Return a log of what is sent to the database: `with commands.once_each(): ...` finds a query for each row."""
    from webos.testing.commands import CommandLog

    return CommandLog(command_listener)


@pytest.fixture(scope="session")
def mongo_endpoint(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Endpoint]":
    """Yield a database server for the whole session: `WEBOS_TEST_MONGO_URL`, else a local one in a temporary folder.

    The local one listens because it says so itself; no other server can be mistaken for it. It does not
    wait for the disk.
    """
    # Imported here: the plugin is loaded in every test session of an environment, with or without WebOS tests.
    from webos.data.embedded import EmbeddedServer
    from webos.data.endpoint import Endpoint

    url = os.environ.get("WEBOS_TEST_MONGO_URL")
    if url:
        yield Endpoint.from_url(url)
        return
    server = EmbeddedServer(tmp_path_factory.mktemp("mongo"), durable=False)
    endpoint = asyncio.run(server.start())
    yield endpoint
    asyncio.run(server.stop())


@pytest_asyncio.fixture
async def mongo(mongo_endpoint: "Endpoint", command_listener: "CommandListener") -> "AsyncIterator[Connection]":
    """Yield an open connection on a fresh database, which is dropped afterwards."""
    from webos.data.connection import Connection

    del command_listener  # it only hears clients that are made after it
    connection = await Connection.open(mongo_endpoint, f"test_{token_hex(8)}")
    yield connection
    await connection.client.drop_database(connection.raw.name)
    await connection.close()
