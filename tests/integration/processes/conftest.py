"""Fixtures for tests of processes: an instance with a tiny application, and a look at what still runs."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from webos.testing.servers import LiveServer

_STAND_IN = Path(__file__).with_name("stand_in_run.py")


@pytest.fixture
def stand_in(live_server: Callable[..., LiveServer]) -> Callable[..., LiveServer]:
    """A function that makes instances with the stand-in application."""
    return partial(live_server, command=(sys.executable, str(_STAND_IN)))


@pytest.fixture
def instance(stand_in: Callable[..., LiveServer]) -> LiveServer:
    """An instance with the stand-in application and a local database, not started yet."""
    return stand_in(environment={"WEBOS_MONGO_URL": None})


@pytest.fixture
def parts() -> Callable[[LiveServer], "Parts"]:
    return Parts


class Parts:
    """The processes of a running instance.

    Args:
        instance: The instance; it is ready.
    """

    def __init__(self, instance: LiveServer) -> None:
        self.supervisor = instance.pid
        self.web = int(instance.get_json("/healthz")["pid"])
        self.database = int((instance.data_dir / "database" / "server.pid").read_text())

    @property
    def running(self) -> list[str]:
        """The names of those that still run."""
        return [name for name, pid in vars(self).items() if _is_running(pid)]


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    # Nobody may have collected a dead process whose parent was killed.
    return bool(state != "Z")
