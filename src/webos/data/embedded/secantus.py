"""`secantusd-rs`, the server from the extra `embedded`: MongoDB's protocol on WiredTiger, one process."""

import asyncio
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from webos.data.embedded.folder import DatabaseFolder
from webos.data.embedded.process import ServerProcess, unused_port
from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError

if TYPE_CHECKING:
    from pymongo import MongoClient

__all__ = ["Secantus"]

_NAME = "secantusd-rs"


@dataclass(frozen=True, slots=True)
class Secantus:
    """The installed program.

    Attributes:
        path: Where it is.
    """

    name: ClassVar[str] = _NAME
    path: Path

    @classmethod
    def find(cls) -> "Secantus | None":
        """Return the program of this Python environment, else the one on PATH, else None."""
        candidates = [
            # The wheel's own binary: the script beside Python only becomes it, a tenth of a second later.
            Path(sysconfig.get_path("platlib")) / "secantusdb.scripts" / _NAME,
            Path(sys.executable).parent / _NAME,
            Path(shutil.which(_NAME) or os.devnull),
        ]
        return next((cls(path) for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)

    def command(self, folder: DatabaseFolder, port: int, *, durable: bool) -> list[str]:
        """Return the command that starts it with `--auth` on its storage."""
        sync = ["--sync-on-commit"] if durable else []
        return [*self._command(folder, folder.storage(self.name), port), "--auth", *sync]

    def says_ready(self, log: str, port: int) -> bool:
        """Whether the log of a run says that it listens on the port."""
        return f"listening on 127.0.0.1:{port}" in log

    async def create_storage(self, folder: DatabaseFolder, account: Endpoint) -> None:
        """Make the storage with the account in it, complete or not at all.

        The program has no way to create the first account under `--auth`. So it runs once without, on an empty
        storage. Somebody else on this machine could slip in then; that is why the storage counts only after it
        was looked through under `--auth`, when nobody can get in any more.
        """
        draft = folder.begin_storage(self.name)
        await self._once(folder, draft, None, lambda client: _create_account(client, account))
        await self._once(folder, draft, account, lambda client: _demand_untouched(client, account))
        folder.finish_storage(self.name)

    async def after_start(self, folder: DatabaseFolder, endpoint: Endpoint) -> None:
        """Do nothing: it is ready when it listens."""

    async def _once(
        self,
        folder: DatabaseFolder,
        storage: Path,
        account: Endpoint | None,
        work: "Callable[[MongoClient[dict[str, Any]]], None]",
    ) -> None:
        """Start the program for one piece of work; with an account, it lets nobody else in."""
        port = unused_port()
        auth = ["--auth"] if account is not None else []
        process = ServerProcess([*self._command(folder, storage, port), *auth, "--sync-on-commit"], folder.log)
        folder.pid.write_text(f"{process.pid}\n", encoding="ascii")
        try:
            await process.ready(lambda log: self.says_ready(log, port))
            await asyncio.to_thread(_with_client, port, account, work)
        finally:
            await process.stop()

    def _command(self, folder: DatabaseFolder, storage: Path, port: int) -> list[str]:
        # Without a file of ours it would read one from the working folder or from /etc.
        config = folder.path / "secantus.toml"
        config.touch(mode=0o600)
        return [
            str(self.path),
            *("--config", str(config)),
            *("--host", "127.0.0.1"),
            *("--port", str(port)),
            *("--storage-path", str(storage)),
            *("--cache-size", "512M"),
            # Its default of 2 GB makes a start after a crash take many seconds.
            *("--log-file-max", "128MB"),
            *("--log-level", "WARNING"),
        ]


def _with_client(port: int, account: Endpoint | None, work: "Callable[[MongoClient[dict[str, Any]]], None]") -> None:
    # Imported here because only the first start needs it, and the supervisor is to stay small.
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    login: dict[str, Any] = {}
    if account is not None and account.password is not None:
        login = {"username": account.username, "password": account.password.get_secret_value()}
    try:
        with MongoClient[dict[str, Any]]("127.0.0.1", port, serverSelectionTimeoutMS=10_000, **login) as client:
            work(client)
    except PyMongoError as error:
        msg = f"the account of the local database could not be made: {type(error).__name__}"
        raise StartupError(msg) from None


def _create_account(client: "MongoClient[dict[str, Any]]", account: Endpoint) -> None:
    assert account.password is not None  # noqa: S101 - the caller has just made it
    client.admin.command("createUser", account.username, pwd=account.password.get_secret_value(), roles=["root"])


def _demand_untouched(client: "MongoClient[dict[str, Any]]", account: Endpoint) -> None:
    users = [user["user"] for user in client.admin.command("usersInfo", 1)["users"]]
    databases = set(client.list_database_names()) - {"admin", "config", "local"}
    collections = client.admin.list_collection_names()
    if users != [account.username] or databases or collections:
        msg = "somebody else on this machine reached the database while it was first set up; start again"
        raise StartupError(msg)
