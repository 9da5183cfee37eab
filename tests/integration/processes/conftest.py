"""Fixtures for tests of processes: instances, and a look at what still runs of them."""

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
def instance(live_server: Callable[..., LiveServer]) -> LiveServer:
    """An instance of the product with a local database, not started yet."""
    return live_server(environment={"WEBOS_MONGO_URL": None})


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
        self.database = int((instance.data_dir / "database" / "server.pid").read_text())
        children = Path(f"/proc/{instance.pid}/task/{instance.pid}/children").read_text().split()
        (self.web,) = {int(pid) for pid in children} - {self.database}

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
