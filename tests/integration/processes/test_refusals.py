"""What `webos run` says, and with which exit code, where it cannot start."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from webos.data.embedded.secantus import Secantus
from webos.data.endpoint import Endpoint
from webos.testing.servers import LiveServer, free_port

_UNREACHABLE = "mongodb://someone:hunter2-secret@127.0.0.1:1/"


def assert_leaves(server: LiveServer, code: int, *said: str) -> None:
    """Assert that a start ends by itself with the code and says all of it, in red lines and without a traceback."""
    assert server.start().wait() == code
    for part in said:
        assert part in server.output
    assert "Traceback" not in server.output
    assert "error:" in server.output


def test_second_start(instance: LiveServer, live_server: Callable[..., LiveServer]) -> None:
    """A second start on the same data folder names the first one's address and process and leaves at once."""
    instance.start().wait_ready()
    second = live_server(instance.data_dir)
    started = time.monotonic()

    assert_leaves(second, 1, "already runs", f"http://localhost:{instance.port}", f"process {instance.pid}")

    assert time.monotonic() - started < 5
    assert instance.get_json("/healthz") is not None


def test_two_starts_at_once(live_server: Callable[..., LiveServer]) -> None:
    """Of two starts in the same moment on an empty folder exactly one goes on."""
    both = [live_server(environment={"WEBOS_MONGO_URL": _UNREACHABLE}) for _ in range(2)]
    for server in both:
        server.start()
    for server in both:
        server.wait()

    assert sorted("already runs" in server.output for server in both) == [False, True]


def test_port_in_use(live_server: Callable[..., LiveServer]) -> None:
    """A port that another program has is named together with the setting, before a database is started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = live_server(port=port)

        assert_leaves(server, 1, f"Port {port} of 127.0.0.1 is in use", "WEBOS_PORT")

    assert not (server.data_dir / "database").exists()


@pytest.mark.parametrize(
    ("host", "said"), [("no.such.host.invalid", "cannot be resolved"), ("192.0.2.1", "does not belong to this machine")]
)
def test_host_that_cannot_be_listened_on(live_server: Callable[..., LiveServer], host: str, said: str) -> None:
    """A host that is unknown or elsewhere is named together with the setting."""
    assert_leaves(live_server(environment={"WEBOS_HOST": host}), 1, host, said, "WEBOS_HOST")


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("WEBOS_PORT", "eighty", "valid integer"),
        ("WEBOS_PORT", "70000", "less than or equal to 65535"),
        ("WEBOS_ENV", "staging", "'development' or 'production'"),
        ("WEBOS_MONGO_URL", "postgres://u:hunter2-secret@h/", "mongodb://"),
        ("WEBOS_DATABASE", "a/b", "pattern"),
        ("WEBOS_ADMIN_PASSWORD", "hunter2", "at least 8 characters"),
        ("WEBOS_LOG_LEVEL", "LOUD", "'TRACE', 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ],
)
def test_wrong_setting(live_server: Callable[..., LiveServer], variable: str, value: str, allowed: str) -> None:
    """A wrong value names its variable and what is allowed, never the value of a secret, and leaves with code 2."""
    server = live_server(environment={variable: value})

    assert_leaves(server, 2, variable, allowed)

    assert "hunter2" not in server.output


def test_all_wrong_settings_are_told_at_once(live_server: Callable[..., LiveServer]) -> None:
    """Two wrong values make two lines, so that nobody has to start twice to learn of both."""
    assert_leaves(
        live_server(environment={"WEBOS_PORT": "0", "WEBOS_SESSION_HOURS": "0"}), 2, "WEBOS_PORT", "WEBOS_SESSION_HOURS"
    )


def test_data_folder_that_cannot_be_written(live_server: Callable[..., LiveServer], tmp_path: Path) -> None:
    """A data folder that cannot be made is named together with the setting."""
    (tmp_path / "file").write_text("not a folder")

    server = live_server(tmp_path / "file" / "data", log=tmp_path / "log")

    assert_leaves(server, 1, str(tmp_path / "file"), "WEBOS_DATA_DIR")


def test_unreachable_database(live_server: Callable[..., LiveServer]) -> None:
    """A database that does not answer is named by its address, without the password, and what to do is said."""
    server = live_server(environment={"WEBOS_MONGO_URL": _UNREACHABLE})

    assert_leaves(server, 1, "127.0.0.1:1 does not answer", "WEBOS_MONGO_URL")

    assert "hunter2-secret" not in server.output


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[int]:
    """The port of a server that is no replica set."""
    program, port = Secantus.find(), free_port()
    assert program is not None
    (tmp_path / "empty.toml").touch()
    arguments = ["--config", str(tmp_path / "empty.toml"), "--standalone", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - the server of the package
        [str(program.path), *arguments, "--storage-path", str(tmp_path / "standalone")],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert str(port).encode() in process.stdout.readline()
    yield port
    process.kill()
    process.wait()
    process.stdout.close()


def test_refused_account(live_server: Callable[..., LiveServer], mongo_endpoint: Endpoint) -> None:
    """A wrong password is told as such, with the address and without the password."""
    url = f"mongodb://webos:hunter2-secret@{mongo_endpoint.address}/?directConnection=true"
    server = live_server(environment={"WEBOS_MONGO_URL": url})

    assert_leaves(server, 1, f"{mongo_endpoint.address} refuses the account", "authSource", "WEBOS_MONGO_URL")

    assert "hunter2-secret" not in server.output


def test_missing_account(live_server: Callable[..., LiveServer], mongo_endpoint: Endpoint) -> None:
    """A URL without an account to a server that asks for one is refused at the start, not at the first request."""
    server = live_server(environment={"WEBOS_MONGO_URL": f"mongodb://{mongo_endpoint.address}/?directConnection=true"})

    assert_leaves(server, 1, f"{mongo_endpoint.address} refuses the account")


def test_standalone_server(live_server: Callable[..., LiveServer], standalone: int) -> None:
    """A server without a replica set is refused with the way to make it one."""
    server = live_server(environment={"WEBOS_MONGO_URL": f"mongodb://127.0.0.1:{standalone}/"})

    assert_leaves(server, 1, f"127.0.0.1:{standalone} is a standalone server", "--replSet", "rs.initiate()")


def test_no_server_installed(live_server: Callable[..., LiveServer], tmp_path: Path) -> None:
    """Without any database server the message names the extra and the setting."""
    (tmp_path / "hide.py").write_text(
        "from webos.data.embedded.secantus import Secantus\n"
        "Secantus.find = classmethod(lambda cls: None)\n"
        "from webos.cli.main import main\nmain()\n"
    )
    server = live_server(
        command=(sys.executable, str(tmp_path / "hide.py")), environment={"PATH": "/nowhere", "WEBOS_MONGO_URL": None}
    )

    assert_leaves(server, 1, "extra `embedded`", "WEBOS_MONGO_URL")
