"""The web process: builds the application and serves it on the socket that the supervisor opened.

Started by the supervisor only: `python -m webos.server.web LISTENER CONTROL`, the numbers of two inherited sockets.
"""

import asyncio
import contextlib
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn

from webos.data.embedded.folder import DatabaseFolder
from webos.data.embedded.tether import end_with_parent
from webos.data.endpoint import Endpoint
from webos.kernel.errors import ConfigurationError, StartupError
from webos.kernel.log import configure_logging
from webos.kernel.settings import Settings, load_settings
from webos.server.web_process import READY, STARTUP_REFUSED

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["AppFactory", "main"]

AppFactory = Callable[[Settings, Endpoint], "FastAPI"]

_GRACE_SECONDS = 5
_ORPHAN_SECONDS = 10.0
_DATABASE_SECONDS = 150.0
_POLL_SECONDS = 0.02


def main(factory: AppFactory | None = None) -> None:
    """Serve until the supervisor says stop or is gone.

    Args:
        factory: Builds the application; by default the product's.

    Raises:
        SystemExit: With code 3 after a message where the application cannot start and trying again is no use.
    """
    if len(sys.argv) != 3:  # noqa: PLR2004 - the program and the two sockets
        sys.exit("This process is started by `webos run`.")
    signal.signal(signal.SIGINT, _leave_to_supervisor)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if sys.platform == "linux":
        end_with_parent(os.getppid())
    listener, control = (_inherited(number) for number in sys.argv[1:3])
    try:
        settings = load_settings()
        configure_logging(settings.log_level.value)
        # The banner of the supervisor says what uvicorn says at this level.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        _run(settings, factory or _product(), listener, control)
    except (StartupError, ConfigurationError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201 - for the person at the terminal
        sys.exit(STARTUP_REFUSED)


def _product() -> AppFactory:
    # Imported here because a test hands in an application of its own.
    from webos.server.application import create_app

    return create_app


def _run(settings: Settings, factory: AppFactory, listener: socket.socket, control: socket.socket) -> None:
    app = factory(settings, _wait_for_endpoint(settings, control))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        # Run here, so that what it raises is told as it is and not as a traceback of uvicorn's.
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    with (
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
        # Told to stop before it had started.
        contextlib.suppress(asyncio.CancelledError),
    ):
        runner.run(_serve(app, _Server(config), listener, control))


async def _serve(app: "FastAPI", server: "_Server", listener: socket.socket, control: socket.socket) -> None:
    loop, starting = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        if server.started or starting is None:
            server.should_exit = True
        else:
            starting.cancel()

    def on_orphaned() -> None:
        loop.remove_reader(control)
        stop()
        # Nobody is left to kill a process that does not end.
        loop.call_later(_ORPHAN_SECONDS, os._exit, 1)

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_reader(control, on_orphaned)
    # NiceGUI looks the loaded server up when its lifespan begins.
    server.config.load()
    async with app.router.lifespan_context(app) as state:
        server.on_ready = lambda: control.send(READY)
        server.state = state or {}
        await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn's server, with signals and the start of serving in our hands."""

    on_ready: Callable[[], object] = staticmethod(lambda: None)
    state: Mapping[str, Any] = {}

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state.update(self.state)
        await super().startup(sockets)
        self.on_ready()


def _wait_for_endpoint(settings: Settings, control: socket.socket) -> Endpoint:
    if settings.mongo_url is not None:
        return Endpoint.from_url(settings.mongo_url)
    file = DatabaseFolder.below(settings.data_dir).endpoint
    deadline = time.monotonic() + _DATABASE_SECONDS
    while not file.exists():
        # Nothing is ever sent to us: readable means that the supervisor is gone.
        if select.select([control], [], [], _POLL_SECONDS)[0]:
            sys.exit(1)
        if time.monotonic() > deadline:
            msg = f"The local database did not start within {_DATABASE_SECONDS:.0f} seconds."
            raise StartupError(msg)
    return Endpoint.from_file(file)


def _inherited(number: str) -> socket.socket:
    inherited = socket.socket(fileno=int(number))
    # A process that a module starts must not keep the port or the line to the supervisor open.
    inherited.set_inheritable(False)
    return inherited


def _leave_to_supervisor(_number: int, _frame: FrameType | None) -> None:
    """Ctrl+C reaches every process of the terminal; the supervisor decides. Not SIG_IGN, which children inherit."""


if __name__ == "__main__":
    main()
