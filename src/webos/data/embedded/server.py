"""The local database server of a data folder: found, set up, started, stopped."""

import asyncio
import secrets
from dataclasses import replace
from pathlib import Path

from loguru import logger
from pydantic import SecretStr

from webos.data.embedded.folder import DatabaseFolder
from webos.data.embedded.orphan import stop_orphan
from webos.data.embedded.ping import answers_ping
from webos.data.embedded.process import ServerProcess, port_is_free, unused_port
from webos.data.embedded.program import ServerProgram
from webos.data.embedded.programs import choose_program
from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError

__all__ = ["EmbeddedServer"]

_USERNAME = "webos"
# A loaded server may take its time; only one that says nothing for two minutes is given up.
_HEALTH_SECONDS = 10.0
_HEALTH_FAILURES = 6


class EmbeddedServer:
    """The database server of one data folder. The caller holds the lock of the folder.

    Start it from the main thread: on Linux it ends with the thread that started it.

    Args:
        data_dir: The data folder.
        durable: Whether an acknowledged write must survive a crash; tests may do without, for speed.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._folder = DatabaseFolder.below(data_dir)
        self._durable = durable
        self._process: ServerProcess | None = None
        self._endpoint: Endpoint | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server; None while none was started."""
        return self._process.pid if self._process is not None else None

    @property
    def endpoint_file(self) -> Path:
        """The file that says where the server answers; it is there only while it does."""
        return self._folder.endpoint

    def forget(self) -> None:
        """Remove what an earlier run that was killed said of where it answers."""
        self._folder.endpoint.unlink(missing_ok=True)

    async def start(self) -> Endpoint:
        """Start the server and wait until it answers.

        Returns:
            Where it answers, also written to `endpoint_file`.

        Raises:
            StartupError: No server program is installed, or it does not start; the message says what to do.
        """
        self._folder.prepare()
        self.forget()
        await stop_orphan(self._folder)
        program = choose_program(self._folder)
        account = self._account(program)
        if not self._folder.storage(program.name).is_dir():
            logger.info("setting up the local database ({})", program.name)
            await program.create_storage(self._folder, account)
        endpoint = self._with_free_port(account)
        command = program.command(self._folder, endpoint.port, durable=self._durable)
        process = self._process = ServerProcess(command, self._folder.log)
        try:
            self._folder.pid.write_text(f"{process.pid}\n", encoding="ascii")
            await process.ready(lambda log: program.says_ready(log, endpoint.port))
            await program.after_start(self._folder, endpoint)
        except BaseException:
            await process.stop()
            raise
        endpoint.write(self._folder.endpoint)
        self._endpoint = endpoint
        return endpoint

    async def wait(self) -> int:
        """Wait until the server ends by itself and return its exit code."""
        if self._process is None:
            msg = "the database server was not started"
            raise StartupError(msg)
        return await self._process.wait()

    async def hangs(self, *, every: float = _HEALTH_SECONDS, failures: int = _HEALTH_FAILURES) -> None:
        """Return when the running server does not answer any more, several times in a row.

        Args:
            every: Seconds between two questions, and how long each waits for its answer.
            failures: How many unanswered questions in a row it takes.
        """
        failed = 0
        while failed < failures and self._endpoint is not None:
            await asyncio.sleep(every)
            answered = await answers_ping(self._endpoint.host, self._endpoint.port, seconds=every)
            failed = 0 if answered else failed + 1

    def kill(self) -> None:
        """End the server without asking; what it acknowledged is on disk."""
        if self._process is not None:
            self._process.kill()

    async def stop(self) -> None:
        """Stop the server; it writes everything to disk first."""
        self.forget()
        if self._process is not None:
            await self._process.stop()
            self._folder.pid.unlink(missing_ok=True)

    def _account(self, program: ServerProgram) -> Endpoint:
        if self._folder.account.exists():
            return Endpoint.from_file(self._folder.account)
        if self._folder.storage(program.name).is_dir():
            msg = (
                f"The folder {self._folder.path} holds a database, but {self._folder.account.name} with its password "
                "is missing. Put it back from a backup, or move the folder away to begin with an empty database."
            )
            raise StartupError(msg)
        account = Endpoint(port=unused_port(), username=_USERNAME, password=SecretStr(secrets.token_urlsafe(32)))
        account.write(self._folder.account)
        return account

    def _with_free_port(self, account: Endpoint) -> Endpoint:
        if port_is_free(account.port):
            return account
        moved = replace(account, port=unused_port())
        logger.warning("port {} of the local database is taken, using {}", account.port, moved.port)
        moved.write(self._folder.account)
        return moved
