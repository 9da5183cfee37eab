"""The database for a command: that of the running instance, else one started for as long as the command takes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from webos.data.connection import Connection
from webos.data.embedded import EmbeddedServer
from webos.data.embedded.folder import DatabaseFolder
from webos.data.endpoint import Endpoint
from webos.kernel.settings import Settings
from webos.server.lock import AlreadyRunningError, InstanceLock

__all__ = ["open_database"]

_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.05


@asynccontextmanager
async def open_database(settings: Settings, *, purpose: str) -> AsyncIterator[Connection]:
    """Yield a connection to the database of the settings.

    Call it from the main thread: a local server that it starts ends with the thread.

    Args:
        settings: The settings of the process.
        purpose: Name of the command, for the message to those who find the data folder locked.

    Raises:
        AlreadyRunningError: Another command works on the data folder for more than a minute.
        StartupError: The database cannot be reached.
    """
    if settings.mongo_url is not None:
        async with _connected(Endpoint.from_url(settings.mongo_url), settings.database) as connection:
            yield connection
        return
    data_dir = settings.data_dir.resolve()
    found = await _lock_or_endpoint(data_dir, purpose)
    if isinstance(found, Endpoint):
        async with _connected(found, settings.database) as connection:
            yield connection
        return
    with found:
        server = EmbeddedServer(data_dir)
        try:
            async with _connected(await server.start(), settings.database) as connection:
                yield connection
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
        yield connection
    finally:
        await connection.close()
