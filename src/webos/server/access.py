"""The database for a command: that of the running instance, else one started for as long as the command takes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from webos.data.backup import finish_restore
from webos.data.connection import Connection
from webos.data.embedded import EmbeddedServer
from webos.data.embedded.folder import DatabaseFolder
from webos.data.endpoint import Endpoint
from webos.kernel.settings import Settings
from webos.server.lock import AlreadyRunningError, InstanceLock

__all__ = ["open_database", "open_endpoint"]

_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.05


@asynccontextmanager
async def open_database(settings: Settings, *, purpose: str) -> AsyncIterator[Connection]:
    """Yield a connection to the database of the settings.

    Args:
        settings: The settings of the process.
        purpose: As for `open_endpoint`.

    Raises:
        AlreadyRunningError: As `open_endpoint`.
        StartupError: The database cannot be reached.
    """
    async with (
        open_endpoint(settings, purpose=purpose) as (endpoint, _),
        _connected(endpoint, settings.database) as connection,
    ):
        yield connection


@asynccontextmanager
async def open_endpoint(settings: Settings, *, purpose: str) -> AsyncIterator[tuple[Endpoint, bool]]:
    """Yield where the database of the settings is while the block runs, and whether a server may be using it.

    Call it from the main thread: a local server that it starts ends with the thread.

    Args:
        settings: The settings of the process.
        purpose: Name of the command, for the message to those who find the data folder locked.

    Raises:
        AlreadyRunningError: Another command works on the data folder for more than a minute.
        StartupError: A local server cannot be started.
    """
    if settings.mongo_url is not None:
        yield Endpoint.from_url(settings.mongo_url), True
        return
    data_dir = settings.data_dir.resolve()
    found = await _lock_or_endpoint(data_dir, purpose)
    if isinstance(found, Endpoint):
        yield found, True
        return
    with found:
        server = EmbeddedServer(data_dir)
        try:
            yield await server.start(), False
        finally:
            await server.stop()


async def _lock_or_endpoint(data_dir: Path, purpose: str) -> InstanceLock | Endpoint:
    """Return the lock, or where the instance that holds it keeps its database."""
    file = DatabaseFolder.below(data_dir).endpoint
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return InstanceLock.acquire(data_dir, purpose=purpose)
        except AlreadyRunningError as error:
            # A command takes its database away when it ends; only a server's can be shared.
            if error.holder is not None and error.holder.is_server and file.exists():
                return Endpoint.from_file(file)
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(_POLL_SECONDS)


@asynccontextmanager
async def _connected(endpoint: Endpoint, database: str) -> AsyncIterator[Connection]:
    connection = await Connection.open(endpoint, database)
    try:
        await finish_restore(connection.raw)
        yield connection
    finally:
        await connection.close()
