"""A fixture for the real thing: `webos run` as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

__all__ = ["LiveServer", "live_server"]

_READY_SECONDS = 60.0
_STOP_SECONDS = 40.0
_POLL_SECONDS = 0.02
_WEBOS = (sys.executable, "-c", "from webos.cli.main import main; main()")


class LiveServer:
    """One `webos run`, which can be stopped, killed and started again on the same data folder.

    Args:
        data_dir: The data folder.
        port: The port it serves on; by default a free one.
        environment: Variables that win over those of the test process; None removes one.
        command: What to run in the place of `webos`.
        log: File for its output; by default beside the data folder.

    Attributes:
        data_dir: The data folder.
        port: The port it serves on.
        url: Where it serves, without a slash at the end.
        process: The running process.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        environment: dict[str, str | None] | None = None,
        command: Sequence[str] = _WEBOS,
        log: Path | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.port = port if port is not None else free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._command = command
        self._output = log if log is not None else data_dir.with_name(f"{data_dir.name}-{self.port}.log")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WEBOS_")}
        url = os.environ.get("WEBOS_TEST_MONGO_URL")
        changed = {"WEBOS_MONGO_URL": url, "WEBOS_DATA_DIR": str(data_dir), "WEBOS_PORT": str(self.port)}
        changed.update(environment or {})
        self._environment = {**inherited, **{name: value for name, value in changed.items() if value is not None}}

    @property
    def output(self) -> str:
        """What all its processes have printed and logged since the first start."""
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    @property
    def pid(self) -> int:
        """Process id of the supervisor."""
        assert self.process is not None  # noqa: S101 - a test that has not started it is wrong
        return self.process.pid

    def start(self, *arguments: str) -> "LiveServer":
        """Run it and return at once.

        Args:
            arguments: More arguments of `webos run`.
        """
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - the command under test
                [*self._command, "run", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                # A group of its own, so that a test can send what Ctrl+C sends to all of it, and spare itself.
                process_group=0,
                # No `.env` of the working folder shall change what is tested.
                cwd=self._output.parent,
            )
        return self

    def wait_ready(self) -> "LiveServer":
        """Wait until `/healthz` answers.

        Raises:
            AssertionError: It ended, or did not answer within a minute.
        """
        self.wait_for(lambda: self.get_json("/healthz") is not None, "the server is not ready")
        return self

    def get_json(self, path: str) -> Any:  # noqa: ANN401 - whatever the path answers
        """Return the JSON that a path answers, or None while there is no answer."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as response:  # noqa: S310 - our own address
                return json.load(response)
        except (urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
            return None

    def wait_for(self, condition: Callable[[], bool], otherwise: str, seconds: float = _READY_SECONDS) -> None:
        """Wait until a condition holds.

        Args:
            condition: What to wait for.
            otherwise: What to say if it does not come.
            seconds: How long to wait.

        Raises:
            AssertionError: It did not come; what the server said is in the message.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                state = f"ended with {self.process.returncode}" if ended and self.process else "is running"
                msg = f"{otherwise}; the server {state}. It said:\n{self.output}"
                raise AssertionError(msg)
            time.sleep(_POLL_SECONDS)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code.

        Args:
            how: The signal.
        """
        assert self.process is not None  # noqa: S101 - a test that has not started it is wrong
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def interrupt(self) -> None:
        """Send what Ctrl+C at a terminal sends: SIGINT to all processes in the foreground."""
        os.killpg(self.pid, signal.SIGINT)

    def wait(self) -> int:
        """Wait for its end and return its exit code.

        Raises:
            AssertionError: It did not end within 40 seconds; it was killed, and what it said is in the message.
        """
        assert self.process is not None  # noqa: S101 - a test that has not started it is wrong
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            msg = f"the server did not end. It said:\n{self.output}"
            raise AssertionError(msg) from None

    def kill(self) -> None:
        """Kill the supervisor with SIGKILL."""
        assert self.process is not None  # noqa: S101 - a test that has not started it is wrong
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def live_server(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Yield a function that makes `LiveServer`s below a temporary folder; all are stopped after the test."""
    made: list[LiveServer] = []

    def make(data_dir: Path | None = None, **options: Any) -> LiveServer:  # noqa: ANN401 - those of LiveServer
        made.append(LiveServer(data_dir if data_dir is not None else tmp_path / "data", **options))
        return made[-1]

    yield make
    for server in made:
        if server.process is not None:
            server.stop()
