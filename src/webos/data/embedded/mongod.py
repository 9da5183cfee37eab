"""MongoDB's own `mongod`, run as a replica set of one node.

Written to MongoDB's manual (keyfile authentication, localhost exception, `replSetInitiate`); it has not been
run against a real `mongod`.
"""

import asyncio
import base64
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from webos.data.embedded.folder import DatabaseFolder
from webos.data.embedded.process import ServerProcess, unused_port
from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError

if TYPE_CHECKING:
    from pymongo import MongoClient

__all__ = ["Mongod"]

_SET_NAME = "webos"
_PRIMARY_SECONDS = 60.0
# The id of the log message "Waiting for connections"; ids of messages are stable over versions.
_WAITING_FOR_CONNECTIONS = '"id":23016'


@dataclass(frozen=True, slots=True)
class Mongod:
    """The installed program.

    Attributes:
        path: Where it is.
    """

    name: ClassVar[str] = "mongod"
    path: Path

    @classmethod
    def find(cls) -> "Mongod | None":
        """Return the program on PATH, else None."""
        found = shutil.which(cls.name)
        return cls(Path(found)) if found is not None else None

    def command(self, folder: DatabaseFolder, port: int, *, durable: bool) -> list[str]:  # noqa: ARG002 - always is
        """Return the command that starts it on its storage; its journal makes acknowledged writes durable."""
        return self._command(folder, folder.storage(self.name), port)

    def says_ready(self, log: str, port: int) -> bool:  # noqa: ARG002 - it logs its own port only
        """Whether the log of a run says that it listens."""
        return _WAITING_FOR_CONNECTIONS in log

    async def create_storage(self, folder: DatabaseFolder, account: Endpoint) -> None:
        """Make the storage with the account in it, complete or not at all.

        The localhost exception lets the first user be made without an account, and nothing after it: that ours
        was made proves that nobody else's was.
        """
        self._write_key(folder)
        draft = folder.begin_storage(self.name)
        port = unused_port()
        process = ServerProcess(self._command(folder, draft, port), folder.log)
        folder.pid.write_text(f"{process.pid}\n", encoding="ascii")
        try:
            await process.ready(lambda log: self.says_ready(log, port))
            await asyncio.to_thread(_create_account, port, account)
        finally:
            await process.stop()
        folder.finish_storage(self.name)

    async def after_start(self, folder: DatabaseFolder, endpoint: Endpoint) -> None:  # noqa: ARG002 - needs no file
        """Make the node the primary under the port it has now."""
        await asyncio.to_thread(_become_primary, endpoint)

    def _command(self, folder: DatabaseFolder, storage: Path, port: int) -> list[str]:
        return [
            str(self.path),
            *("--dbpath", str(storage)),
            *("--bind_ip", "127.0.0.1"),
            *("--port", str(port)),
            *("--replSet", _SET_NAME),
            *("--keyFile", str(folder.key)),
            *("--wiredTigerCacheSizeGB", "0.5"),
            "--nounixsocket",
        ]

    def _write_key(self, folder: DatabaseFolder) -> None:
        folder.key.unlink(missing_ok=True)
        descriptor = os.open(folder.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(500)))


def _create_account(port: int, account: Endpoint) -> None:
    from pymongo import MongoClient

    assert account.password is not None  # noqa: S101 - the caller has just made it
    with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
        _initiate(client, port)
        client.admin.command("createUser", account.username, pwd=account.password.get_secret_value(), roles=["root"])


def _become_primary(endpoint: Endpoint) -> None:
    from pymongo import MongoClient

    password = endpoint.password.get_secret_value() if endpoint.password is not None else None
    with MongoClient[dict[str, Any]](
        endpoint.host, endpoint.port, username=endpoint.username, password=password, directConnection=True
    ) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        address = f"{endpoint.host}:{endpoint.port}"
        if config["members"][0]["host"] != address:
            config["members"][0]["host"] = address
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
        _wait_for_primary(client)


def _initiate(client: "MongoClient[dict[str, Any]]", port: int) -> None:
    members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
    client.admin.command("replSetInitiate", {"_id": _SET_NAME, "members": members})
    _wait_for_primary(client)


def _wait_for_primary(client: "MongoClient[dict[str, Any]]") -> None:
    deadline = time.monotonic() + _PRIMARY_SECONDS
    while not client.admin.command("hello").get("isWritablePrimary"):
        if time.monotonic() > deadline:
            msg = "the local mongod did not become the primary of its replica set"
            raise StartupError(msg)
        time.sleep(0.05)
