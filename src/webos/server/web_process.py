"""The web process as its supervisor sees it: started, ready, ended."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from typing import Self

__all__ = ["READY", "STARTUP_REFUSED", "WebProcess", "describe_exit"]

READY = b"R"
STARTUP_REFUSED = 3
_STOP_SECONDS = 15.0


class WebProcess:
    """A running web process.

    Args:
        child: The process.
        control: Our end of the line to it: it says when it serves, and each side sees when the other is gone.
    """

    def __init__(self, child: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._child = child
        self._control = control

    @classmethod
    def start(cls, command: Sequence[str], listener: socket.socket, environment: Mapping[str, str]) -> Self:
        """Start it. Call this from the main thread: on Linux it ends with the thread that started it.

        Args:
            command: Program and arguments; the numbers of the two inherited sockets are added.
            listener: The listening socket it serves.
            environment: Variables that win over ours.
        """
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        with theirs:
            # Ctrl+C reaches the whole terminal group. The child starts with it blocked until it has a handler,
            # for the supervisor alone decides when it stops.
            earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                child = subprocess.Popen(  # noqa: S603 - our own command
                    [*command, str(listener.fileno()), str(theirs.fileno())],
                    pass_fds=(listener.fileno(), theirs.fileno()),
                    env={**os.environ, **environment},
                )
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, earlier)
        return cls(child, ours)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    async def ready(self) -> bool:
        """Wait until it serves, and return True; or until it is gone, and return False."""
        try:
            return await asyncio.get_running_loop().sock_recv(self._control, 1) == READY
        except OSError:
            return False

    async def wait(self) -> int:
        """Wait for its end and return the exit code, negative for a signal."""
        try:
            return await asyncio.to_thread(self._child.wait)
        finally:
            self._control.close()

    def hang_up(self) -> None:
        """Break the line to it, as the end of this process does; it then ends by itself."""
        self._control.close()

    def terminate(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()

    async def stop(self, hurry: asyncio.Event) -> None:
        """End it: asked first, killed after 15 seconds or as soon as `hurry` is set.

        Args:
            hurry: Set when nobody wants to wait any longer.
        """
        self.terminate()
        ended = asyncio.ensure_future(asyncio.to_thread(self._child.wait))
        hurried = asyncio.ensure_future(hurry.wait())
        await asyncio.wait({ended, hurried}, timeout=_STOP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not ended.done():
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
        await ended
        self._control.close()


def describe_exit(code: int) -> str:
    """Return an exit code in words."""
    if code >= 0:
        return f"ended with code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"
