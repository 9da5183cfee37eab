"""`secantusd-rs`, the server from the extra `embedded`: MongoDB's protocol on WiredTiger, one process."""

import asyncio
import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from webos.data.embedded.folder import DatabaseFolder
from webos.data.embedded.process import ServerProcess, unused_port
from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError

if TYPE_CHECKING:
    from webos.data.embedded.certificates import Certificates

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

        Under `--auth` there is no way to make the first account. So it runs once without, and with TLS instead: it
        then takes only who shows a certificate of ours, and ours live for that moment in our own folder.
        """
        draft = folder.begin_storage(self.name)
        port = unused_port()
        certificates = _create_certificates(draft)
        process = ServerProcess(self.setup_command(folder, port, certificates), folder.log)
        folder.pid.write_text(f"{process.pid}\n", encoding="ascii")
        try:
            await process.ready(lambda log: self.says_ready(log, port))
            await asyncio.to_thread(_create_account, port, account, certificates)
        finally:
            await process.stop()
        certificates.remove()
        folder.finish_storage(self.name)

    async def after_start(self, folder: DatabaseFolder, endpoint: Endpoint) -> None:
        """Do nothing: it is ready when it listens."""

    def setup_command(self, folder: DatabaseFolder, port: int, certificates: "Certificates") -> list[str]:
        """Return the command that starts it on the draft of a storage, without `--auth`, for holders of a certificate.

        Args:
            folder: The folder of the database.
            port: The port of 127.0.0.1 to listen on.
            certificates: The only ones that open it.
        """
        return [
            *self._command(folder, folder.draft(self.name), port),
            "--sync-on-commit",
            *("--tls-cert-file", str(certificates.server)),
            *("--tls-key-file", str(certificates.server_key)),
            *("--tls-ca-file", str(certificates.authority)),
            "--tls-require-client-cert",
        ]

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


def _create_certificates(folder: Path) -> "Certificates":
    try:
        # Imported here because only the first start needs it, and the supervisor is to stay small.
        from webos.data.embedded.certificates import Certificates
    except ImportError:
        msg = "The first start of the local database needs the extra `embedded` (pip install 'webos-framework[embedded]')."
        raise StartupError(msg) from None
    return Certificates.create(folder)


def _create_account(port: int, account: Endpoint, certificates: "Certificates") -> None:
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    assert account.password is not None  # noqa: S101 - the caller has just made it
    try:
        with MongoClient[dict[str, Any]](
            "127.0.0.1",
            port,
            directConnection=True,
            serverSelectionTimeoutMS=10_000,
            tls=True,
            tlsCAFile=str(certificates.authority),
            tlsCertificateKeyFile=str(certificates.client),
        ) as client:
            password = account.password.get_secret_value()
            client.admin.command("createUser", account.username, pwd=password, roles=["root"])
    except PyMongoError as error:
        msg = f"the account of the local database could not be made: {type(error).__name__}"
        raise StartupError(msg) from None
