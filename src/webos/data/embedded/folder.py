"""The folder of the local database server: what is kept in it and under which name."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from webos.kernel.errors import StartupError

__all__ = ["DatabaseFolder"]

_OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True)
class DatabaseFolder:
    """The paths below one folder; nobody but its owner can enter it.

    Attributes:
        path: The folder, absolute.
    """

    path: Path

    @classmethod
    def below(cls, data_dir: Path) -> "DatabaseFolder":
        """Return the folder of the database in a data folder."""
        return cls(data_dir.resolve() / "database")

    @property
    def account(self) -> Path:
        """The account of the server and the port it was given last."""
        return self.path / "account.json"

    @property
    def endpoint(self) -> Path:
        """Where the running server answers; there only while it does."""
        return self.path / "endpoint.json"

    @property
    def key(self) -> Path:
        """The key that members of a replica set prove themselves with."""
        return self.path / "replica.key"

    @property
    def pid(self) -> Path:
        """The process id of the running server."""
        return self.path / "server.pid"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.path / "server.log"

    def storage(self, program: str) -> Path:
        """Return the folder that a server program keeps its files in."""
        return self.path / program

    def draft(self, program: str) -> Path:
        """Return the folder in which a new storage is prepared before it gets its name."""
        return self.path / f"{program}.new"

    def prepare(self) -> None:
        """Create the folder and close it to everybody else.

        Raises:
            StartupError: It cannot be created or belongs to somebody else.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(_OWNER_ONLY)
        except OSError as error:
            msg = f"The folder {self.path} for the database cannot be used: {error.strerror}. Set WEBOS_DATA_DIR."
            raise StartupError(msg) from None

    def begin_storage(self, program: str) -> Path:
        """Create an empty draft, in the place of what an interrupted first start left."""
        draft = self.draft(program)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=_OWNER_ONLY)
        return draft

    def finish_storage(self, program: str) -> None:
        """Give the draft its name: from now on it holds the data."""
        self.draft(program).rename(self.storage(program))
