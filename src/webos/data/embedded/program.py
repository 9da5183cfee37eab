"""What the framework has to know of a server program to run it."""

from typing import Protocol

from webos.data.embedded.folder import DatabaseFolder
from webos.data.endpoint import Endpoint

__all__ = ["ServerProgram"]


class ServerProgram(Protocol):
    """A server program that is installed on this machine."""

    @property
    def name(self) -> str:
        """Name of the program, and of the folder with its files."""

    def command(self, folder: DatabaseFolder, port: int, *, durable: bool) -> list[str]:
        """Return the command that starts it on its storage, open to its account only.

        Args:
            folder: The folder of the database.
            port: The port of 127.0.0.1 to listen on.
            durable: Whether an acknowledged write must survive a crash; tests may do without.
        """

    def says_ready(self, log: str, port: int) -> bool:
        """Whether the log of a run says that it listens on the port."""

    async def create_storage(self, folder: DatabaseFolder, account: Endpoint) -> None:
        """Make the storage with the account in it, complete or not at all.

        Args:
            folder: The folder of the database.
            account: The account that will open it.

        Raises:
            StartupError: It did not work.
        """

    async def after_start(self, folder: DatabaseFolder, endpoint: Endpoint) -> None:
        """Do what the program needs after each start before it can be used.

        Args:
            folder: The folder of the database.
            endpoint: The running server.
        """
