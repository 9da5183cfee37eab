"""`webos demo load` without a server, interrupted, and without data."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.demo.site import JANUARY, Site, wait_until

pytestmark = pytest.mark.timeout(420)

_SOME = 2_500


def test_loads_without_a_server_and_goes_on_where_it_was_stopped(site: Site) -> None:
    """Without a server the command does the work itself; after Ctrl+C it goes on, and no row is there twice."""
    first = site.popen("demo", "load")
    _wait_for_flights(site, first)
    os.killpg(first.pid, signal.SIGINT)
    printed, complained = first.communicate(timeout=60)

    assert first.returncode == 130, complained
    assert "What is loaded stays." in printed

    assert "Import flights: " in site.webos("demo", "load")
    site.start()
    assert site.counts() == JANUARY


def test_leaves_a_running_server_to_it(site: Site) -> None:
    """Beside a server Ctrl+C ends the command only: the server goes on to the end."""
    site.start()
    command = site.popen("demo", "load")
    _wait_for_flights(site, command)
    os.killpg(command.pid, signal.SIGINT)
    printed, complained = command.communicate(timeout=60)

    assert command.returncode == 130, complained
    assert "The server goes on loading" in printed
    wait_until(lambda: site.tasks()[0]["state"] == "done", "the import did not come to its end", 240)
    assert site.counts() == JANUARY


def test_says_that_there_is_nothing_to_load(site: Site, tmp_path: Path) -> None:
    """Without a module that has example data the command says what to do, and is no success."""
    empty = tmp_path / "modules"
    empty.mkdir()
    site.change("WEBOS_MODULES", str(empty))

    command = site.popen("demo", "load")
    _, complained = command.communicate(timeout=60)

    assert command.returncode == 1
    assert "error: No module has example data. Set WEBOS_MODULES" in complained
    assert "Traceback" not in complained


def _wait_for_flights(site: Site, command: subprocess.Popen[str]) -> None:
    """Wait until the first flights are stored; the command must be at it."""
    file = site.server.data_dir / "database" / "endpoint.json"

    def some() -> bool:
        if command.poll() is not None:
            return True
        # A local database has its file from when on it answers.
        if site.is_local and not file.exists():
            return False
        database = site.database()
        with database.client:
            return database["flights.Flight"].estimated_document_count() >= _SOME

    wait_until(some, "no flights come in", 180)
    assert command.poll() is None, command.communicate()
