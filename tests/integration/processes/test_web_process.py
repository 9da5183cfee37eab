"""The web process by itself: what it does when its supervisor is gone, and how it is given up."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError
from webos.kernel.settings import load_settings
from webos.server import backoff
from webos.server.supervisor import Supervisor
from webos.server.web_process import WebProcess
from webos.testing.servers import free_port

_STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in_web.py")))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def environment(mongo_endpoint: Endpoint, tmp_path: Path) -> dict[str, str]:
    """The settings of a web process on the database of the tests."""
    if mongo_endpoint.url is not None:
        return {"WEBOS_MONGO_URL": mongo_endpoint.url.get_secret_value()}
    (tmp_path / "database").mkdir()
    mongo_endpoint.write(tmp_path / "database" / "endpoint.json")
    return {"WEBOS_DATA_DIR": str(tmp_path)}


async def test_ends_when_the_line_to_its_supervisor_breaks(
    listener: socket.socket, environment: dict[str, str]
) -> None:
    """A web process whose supervisor is gone ends by itself, also where the kernel sends it no signal."""
    web = WebProcess.start(_STAND_IN, listener, environment)
    assert await web.ready()

    web.hang_up()

    async with asyncio.timeout(20):
        assert await web.wait() == 0


async def test_ends_while_it_waits_for_the_database(listener: socket.socket, tmp_path: Path) -> None:
    """So does one that still waits for its database."""
    web = WebProcess.start(_STAND_IN, listener, {"WEBOS_DATA_DIR": str(tmp_path)})

    web.hang_up()

    async with asyncio.timeout(20):
        assert await web.wait() == 1


async def test_is_given_up_after_eight_deaths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web process that dies eight times before it was ready is given up with a message."""
    monkeypatch.setattr(backoff, "_FIRST_SECONDS", 0.001)
    count = tmp_path / "count"
    settings = load_settings(data_dir=tmp_path / "data", port=free_port(), mongo_url="mongodb://127.0.0.1:1/")
    command = (sys.executable, "-S", "-c", f"open({str(count)!r}, 'a').write('x'); raise SystemExit(7)")

    with pytest.raises(StartupError, match="ended with code 7, 8 times before it was ready"):
        await Supervisor(settings, web_command=command).run()

    assert count.read_text() == "x" * 8
