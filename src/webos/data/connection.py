"""The connection to the database server, opened once for a process."""

from typing import Any, Self

import pymongo
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.asynchronous.mongo_client import AsyncMongoClient
from pymongo.errors import ConfigurationError as DriverConfigurationError
from pymongo.errors import ConnectionFailure, InvalidURI, OperationFailure, PyMongoError

from webos.data.endpoint import INVALID_URL, Endpoint
from webos.data.server_traits import ServerTraits
from webos.kernel.errors import StartupError

__all__ = ["Connection", "Endpoint"]

_OPEN_SECONDS = 5
# Longer than a restart of the local server takes, so that operations wait for it instead of failing.
_SELECTION_MS = 10_000
_AUTHENTICATION_FAILED = {13, 18, 8000}


class Connection:
    """A connection to the database server.

    Args:
        endpoint: The server. Nothing is connected before the first operation.
        database_name: The database that `raw` is.

    Raises:
        StartupError: The URL of the endpoint is not valid.

    Attributes:
        client: The driver's client, for sessions and change streams over all collections.
        raw: The database without the guard. Only the data layer and tests may use it.
        address: Host and port of the server, safe to show.
    """

    def __init__(self, endpoint: Endpoint, database_name: str) -> None:
        self.address = endpoint.address
        self.client = _client(endpoint)
        self.raw: AsyncDatabase[dict[str, Any]] = self.client[database_name]
        self._is_local = endpoint.url is None
        self._source = "database/account.json of the data folder" if endpoint.url is None else "WEBOS_MONGO_URL"

    @classmethod
    async def open(cls, endpoint: Endpoint, database_name: str) -> Self:
        """Connect and `check`.

        Args:
            endpoint: The server.
            database_name: The database to use on it.

        Raises:
            StartupError: As `check`, or the URL is not valid.
        """
        connection = cls(endpoint, database_name)
        try:
            await connection.check()
        except BaseException:
            await connection.close()
            raise
        return connection

    async def check(self) -> None:
        """Sign in and make sure that the server can do transactions and change streams.

        Raises:
            StartupError: The server does not answer within 5 seconds, refuses the account, or is a
                standalone server. The message names the address and says what to do.
        """
        try:
            with pymongo.timeout(_OPEN_SECONDS):
                hello = await self.client.admin.command("hello")
                # `hello` needs no account; this does.
                await self.raw.command("listCollections", nameOnly=True, authorizedCollections=True)
        except PyMongoError as error:
            raise StartupError(_explain(error, self.address, self._source)) from None
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            msg = (
                f"The database at {self.address} is a standalone server. WebOS needs transactions and change streams, "
                "which MongoDB has on replica sets only; one node is enough: start it with `mongod --replSet rs0`, run "
                "`rs.initiate()` in mongosh once, and add `?replicaSet=rs0` to WEBOS_MONGO_URL."
            )
            raise StartupError(msg)

    async def ping(self) -> None:
        """Ask the server for a sign of life.

        Raises:
            pymongo.errors.PyMongoError: It gives none.
        """
        await self.client.admin.command("ping")

    async def server_version(self) -> int:
        """Return the major version of the server."""
        return int((await self.client.server_info())["versionArray"][0])

    async def end_abandoned(self, traits: ServerTraits) -> None:
        """End what a process that was killed has left open in the server of this data folder.

        Its transactions keep changes from being told, on a server where they do. The sessions of others who use the
        server at this moment end as well; their transactions have to be tried again.

        Args:
            traits: The server's ways.
        """
        if self._is_local and traits.deaf_in_transactions:
            await self.client.admin.command({"killAllSessions": []})

    async def close(self) -> None:
        """Close all sockets to the server."""
        await self.client.close()


def _client(endpoint: Endpoint) -> AsyncMongoClient[dict[str, Any]]:
    options: dict[str, Any] = {
        "uuidRepresentation": "standard",
        "tz_aware": True,
        "serverSelectionTimeoutMS": _SELECTION_MS,
        "appname": "webos",
    }
    try:
        if endpoint.url is not None:
            return AsyncMongoClient(endpoint.url.get_secret_value(), **options)
        password = endpoint.password.get_secret_value() if endpoint.password is not None else None
        return AsyncMongoClient(
            endpoint.host,
            endpoint.port,
            username=endpoint.username,
            password=password,
            directConnection=True,
            **options,
        )
    except InvalidURI:
        raise StartupError(INVALID_URL) from None
    except (ValueError, PyMongoError) as error:
        # The driver's text may quote a part of the URL.
        msg = f"The address {endpoint.address} in WEBOS_MONGO_URL cannot be used ({type(error).__name__}); check its options."
        raise StartupError(msg) from None


def _explain(error: PyMongoError, address: str, source: str) -> str:
    refused = isinstance(error, OperationFailure) and error.code in _AUTHENTICATION_FAILED
    # The driver reports a refused account that it met while it looked for a server as a time-out.
    if refused or "authentication failed" in str(error).lower() or "requires authentication" in str(error).lower():
        return (
            f"The database at {address} refuses the account. "
            f"Check the user name, the password and `authSource` in {source}."
        )
    if isinstance(error, DriverConfigurationError):
        return f"The address {address} in {source} cannot be used: the name does not resolve or an option does not fit."
    if isinstance(error, ConnectionFailure) or error.timeout:
        return (
            f"The database at {address} does not answer within {_OPEN_SECONDS} seconds. "
            f"Start it, or correct {source}; a firewall or a replica set without a primary looks the same."
        )
    return f"The database at {address} cannot be used: {type(error).__name__}."
