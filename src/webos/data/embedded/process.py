"""One run of a server program: started, watched, stopped."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from webos.data.embedded import tether
from webos.kernel.errors import StartupError

__all__ = ["ServerProcess", "port_is_free", "unused_port"]

_READY_SECONDS = 120.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02
_LOG_CHECK_SECONDS = 30.0
_LOG_BYTES = 4 * 1024 * 1024
_LOG_KEPT_BYTES = 256 * 1024


class ServerProcess:
    """A running server program, the child of this process.

    It ends with this process on Linux, also when that is killed.

    Args:
        command: Program and arguments; the program as a path.
        log: File that takes its output.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        bound_log(log)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._log = log
            self._log_start = os.fstat(descriptor).st_size
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                _tethered(command),
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                # Ctrl+C at the terminal is for the supervisor, which stops the parts in their order.
                start_new_session=True,
            )
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process still runs."""
        return self._child.poll() is None

    async def ready(self, says_ready: Callable[[str], bool]) -> None:
        """Wait until the program says in its log that it listens: proof that it, and no other, owns the port.

        Args:
            says_ready: Whether the log of this run holds that line.

        Raises:
            StartupError: It ended, or said nothing for two minutes; the end of its log is in the message.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while not says_ready(self._said()):
            if not self.running:
                msg = f"the database server ended at once with code {self._child.returncode}: {self._last_words()}"
                raise StartupError(msg)
            if time.monotonic() > deadline:
                await self.stop()
                msg = f"the database server was not ready within {_READY_SECONDS:.0f} seconds: {self._last_words()}"
                raise StartupError(msg)
            await asyncio.sleep(_POLL_SECONDS)

    async def wait(self) -> int:
        """Wait for the end of the process and return its exit code; meanwhile keep its log small."""
        ended = asyncio.ensure_future(asyncio.to_thread(self._child.wait))
        while not ended.done():
            await asyncio.wait({ended}, timeout=_LOG_CHECK_SECONDS)
            bound_log(self._log)
        return ended.result()

    async def stop(self) -> None:
        """End the process: asked first, killed after 20 seconds."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            if not self.running:
                return
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(how)
            await asyncio.to_thread(self._wait, _STOP_SECONDS)

    def _wait(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)

    def kill(self) -> None:
        """End the process without asking."""
        self._child.kill()

    def _said(self) -> str:
        with self._log.open("rb") as file:
            file.seek(self._log_start)
            return file.read(_LOG_KEPT_BYTES).decode(errors="replace")

    def _last_words(self) -> str:
        lines = [line for line in self._said().splitlines() if line.strip()]
        return f"{' / '.join(lines[-3:])} (see {self._log})" if lines else f"it said nothing (see {self._log})"


def bound_log(log: Path) -> None:
    """Cut a log that grew beyond 4 MB to its end; its writer appends and needs not be told."""
    try:
        if log.stat().st_size <= _LOG_BYTES:
            return
        with log.open("r+b") as file:
            file.seek(-_LOG_KEPT_BYTES, os.SEEK_END)
            kept = file.read().partition(b"\n")[2]
            file.truncate(0)
        with log.open("ab") as file:
            file.write(kept)
    except FileNotFoundError:
        return


def port_is_free(port: int) -> bool:
    """Whether a server can listen on the port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def unused_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tethered(command: Sequence[str]) -> list[str]:
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command]
