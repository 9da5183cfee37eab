"""A real `webos run` with the example modules, the command beside it, and a look into its database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pymongo
from pymongo.database import Database

from webos.data.embedded.folder import DatabaseFolder
from webos.data.endpoint import Endpoint
from webos.testing.servers import LiveServer

__all__ = ["ADMIN_PASSWORD", "EXAMPLES", "JANUARY", "Site", "wait_until"]

ADMIN_PASSWORD = "an-administrators-password"
EXAMPLES = Path(__file__).parents[3] / "src" / "modules"
JANUARY = {
    "flights.Flight": 27_004,
    "fleet.Plane": 3_322,
    "fleet.Airline": 16,
    "airports.Airport": 1_458,
    "airports.Weather": 26_115,
}
"""How many documents of each model there are when January is imported."""

_COMMAND = (sys.executable, "-c", "from webos.cli.main import main; main()")
_COMMAND_SECONDS = 240.0
_POLL_SECONDS = 0.05


class Site:
    """An instance of the product; its server is started by whoever needs it.

    Args:
        folder: Where its data folder is.

    Attributes:
        server: The server.
        summary: The figures of the dashboard as the first import left them, where somebody kept them here.
    """

    summary: dict[str, Any]

    def __init__(self, folder: Path) -> None:
        self._name = f"demo_{uuid4().hex[:12]}"
        settings = {
            "WEBOS_MODULES": str(EXAMPLES),
            "WEBOS_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "WEBOS_DATABASE": self._name,
        }
        self.server = LiveServer(folder / "data", environment=dict(settings))
        url = os.environ.get("WEBOS_TEST_MONGO_URL")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WEBOS_")},
            **settings,
            "WEBOS_DATA_DIR": str(self.server.data_dir),
            "WEBOS_PORT": str(self.server.port),
            **({"WEBOS_MONGO_URL": url} if url else {}),
        }
        self._url = url

    @property
    def is_local(self) -> bool:
        """Whether the database is a local one, in the data folder."""
        return self._url is None

    def change(self, name: str, value: str) -> None:
        """Set a variable of the commands that follow."""
        self._environment[name] = value

    def start(self) -> None:
        """Start the server and wait until it serves."""
        self.server.start().wait_ready()

    def popen(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin the `webos` command."""
        return subprocess.Popen(  # noqa: S603 - the command under test
            [*_COMMAND, *arguments],
            env=self._environment,
            cwd=self.server.data_dir.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A group of its own, so that a test can send what Ctrl+C sends to all of it, and spare itself.
            process_group=0,
        )

    def webos(self, *arguments: str, given: str = "") -> str:
        """Run the `webos` command to its end, and return what it prints; it must succeed."""
        process = self.popen(*arguments)
        try:
            printed, complained = process.communicate(given, timeout=_COMMAND_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        assert process.returncode == 0, complained
        return printed

    def add_user(self, name: str, *grants: str) -> str:
        """Make an account and return its password."""
        password = f"{name}-has-a-password"
        granted = [part for grant in grants for part in ("--grant", grant)]
        self.webos("user", "create", name, *granted, "--password-stdin", given=password)
        return password

    @contextmanager
    def sign_in(self, name: str = "admin", password: str = ADMIN_PASSWORD) -> Iterator[httpx.Client]:
        """Yield a client that is signed in."""
        with httpx.Client(base_url=self.server.url, headers={"Origin": self.server.url}, timeout=60) as client:
            answer = client.post("/auth/login", json={"username": name, "password": password})
            assert answer.status_code == 200, answer.text
            yield client

    def database(self) -> "Database[dict[str, Any]]":
        """Return the database as it is, to see what was really stored; the server must run."""
        options: dict[str, Any] = {"uuidRepresentation": "standard", "tz_aware": True}
        if self._url:
            return pymongo.MongoClient[dict[str, Any]](self._url, **options)[self._name]
        endpoint = Endpoint.from_file(DatabaseFolder.below(self.server.data_dir).endpoint)
        assert endpoint.password is not None
        client = pymongo.MongoClient[dict[str, Any]](
            endpoint.host,
            endpoint.port,
            username=endpoint.username,
            password=endpoint.password.get_secret_value(),
            directConnection=True,
            **options,
        )
        return client[self._name]

    def counts(self) -> dict[str, int]:
        """Return how many documents are stored of each model, in whatever state."""
        database = self.database()
        with database.client:
            return {name: database[name].count_documents({}) for name in JANUARY}

    def tasks(self) -> list[dict[str, Any]]:
        """Return the stored background tasks, the oldest first."""
        database = self.database()
        with database.client:
            return sorted(database["webos_tasks"].find(), key=lambda task: task["created_at"])

    def kill_web(self) -> None:
        """Kill the web process as the kernel would; the supervisor lives on."""
        pid = self.server.pid
        children = {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
        file = DatabaseFolder.below(self.server.data_dir).pid
        children -= {int(file.read_text())} if file.exists() else set()
        (web,) = children
        os.kill(web, signal.SIGKILL)

    def close(self) -> None:
        """Stop the server, and leave nothing in a database that others use."""
        if self.server.process is not None:
            if self._url:
                database = self.database()
                database.client.drop_database(self._name)
                database.client.close()
            assert self.server.stop() == 0, self.server.output


def wait_until(condition: Callable[[], bool], otherwise: str, seconds: float = 120.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(_POLL_SECONDS)
