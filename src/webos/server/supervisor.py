"""The supervisor: a small parent process that keeps the database and the web process running.

It imports neither the web framework nor the database driver, so that it starts at once and has little to fail on.
"""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Sequence

from loguru import logger

from webos.data.embedded import EmbeddedServer
from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError, WebOSError
from webos.kernel.settings import Settings
from webos.server.backoff import Backoff
from webos.server.banner import banner
from webos.server.listen import listen
from webos.server.lock import InstanceLock
from webos.server.web_process import STARTUP_REFUSED, WebProcess, describe_exit

__all__ = ["Supervisor"]

_WEB_COMMAND = (sys.executable, "-m", "webos.server.web")
_HOPELESS_DEATHS = 8


class Supervisor:
    """Runs one instance on one data folder until it is told to stop.

    Args:
        settings: The settings; the web process reads its own, host, port and data folder are handed to it.
        web_command: What starts the web process.
    """

    def __init__(self, settings: Settings, *, web_command: Sequence[str] = _WEB_COMMAND) -> None:
        self._settings = settings
        self._web_command = web_command
        self._data_dir = settings.data_dir.resolve()
        url = settings.mongo_url
        self._server = EmbeddedServer(self._data_dir) if url is None else None
        self._endpoint = Endpoint.from_url(url) if url is not None else None
        self._web: WebProcess | None = None
        self._ever_ready = False
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> int:
        """Run until a signal asks to stop, and return the exit code.

        It is 0 after a clean stop, and 1 where the web process refused to start; it has said why.

        Raises:
            StartupError: It cannot start, or the web process never came up; the message says why.
        """
        self._catch_signals()
        with InstanceLock.acquire(self._data_dir, purpose="server", address=self._settings.origin):
            if self._server is not None:
                # The web process starts together with the database and must not take an earlier run's word.
                self._server.forget()
            listener = listen(self._settings)
            try:
                await self._run(listener)
            finally:
                listener.close()
        return 0 if self._stop.is_set() else 1

    async def _run(self, listener: socket.socket) -> None:
        tasks = [asyncio.create_task(self._keep_web(listener)), asyncio.create_task(self._stop.wait())]
        if self._server is not None:
            tasks.append(asyncio.create_task(self._keep_database(self._server)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._web is not None:
                await self._web.stop(self._hurry)
            if self._server is not None:
                await self._server.stop()
        for task in done:
            task.result()

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                # Started by nohup: it is to outlive the terminal.
                continue
            loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: signal.Signals) -> None:
        if self._stop.is_set():
            self._hurry.set()
            return
        logger.info("{}: stopping", number.name)
        self._stop.set()

    async def _keep_database(self, server: EmbeddedServer) -> None:
        backoff = Backoff()
        self._endpoint = await server.start()
        while True:
            started = time.monotonic()
            code = await _death_of(server)
            port = self._endpoint.port
            delay = backoff.after(time.monotonic() - started)
            logger.error("the database server {}, starting it again", describe_exit(code))
            self._endpoint = await self._restart_database(server, backoff, delay)
            if self._endpoint.port != port and self._web is not None:
                logger.warning("the database moved to port {}, starting the web process again", self._endpoint.port)
                self._web.terminate()

    async def _restart_database(self, server: EmbeddedServer, backoff: Backoff, delay: float) -> Endpoint:
        while True:
            await asyncio.sleep(delay)
            try:
                return await server.start()
            except WebOSError as error:
                logger.error("the database server does not start: {}", error)
                delay = backoff.after(0)

    async def _keep_web(self, listener: socket.socket) -> None:
        backoff = Backoff()
        while True:
            started = time.monotonic()
            self._web = WebProcess.start(self._web_command, listener, self._environment())
            if await self._web.ready():
                self._on_ready()
            code = await self._web.wait()
            delay = backoff.after(time.monotonic() - started)
            if not self._ever_ready:
                if code == STARTUP_REFUSED:
                    # It has said why, and it would only say it again.
                    return
                _give_up_if_hopeless(code, backoff)
            logger.error("the web process {}, starting it again in {:.1f} s", describe_exit(code), delay)
            await asyncio.sleep(delay)

    def _on_ready(self) -> None:
        if self._ever_ready:
            logger.info("the web process serves again")
            return
        self._ever_ready = True
        assert self._endpoint is not None  # noqa: S101 - the web process has waited for it
        print(banner(self._settings, self._data_dir, self._endpoint), flush=True)  # noqa: T201 - for people

    def _environment(self) -> dict[str, str]:
        return {
            "WEBOS_HOST": self._settings.host,
            "WEBOS_PORT": str(self._settings.port),
            "WEBOS_DATA_DIR": str(self._data_dir),
        }


def _give_up_if_hopeless(code: int, backoff: Backoff) -> None:
    if backoff.quick_deaths >= _HOPELESS_DEATHS:
        msg = (
            f"The web process {describe_exit(code)}, {_HOPELESS_DEATHS} times before it was ready. Its output says why."
        )
        raise StartupError(msg)


async def _death_of(server: EmbeddedServer) -> int:
    """Wait for the end of the database server, which is hastened if it does not answer any more."""
    died = asyncio.create_task(server.wait())
    hangs = asyncio.create_task(server.hangs())
    try:
        await asyncio.wait({died, hangs}, return_when=asyncio.FIRST_COMPLETED)
        if not died.done():
            logger.error("the database server does not answer any more, killing it")
            server.kill()
        return await died
    finally:
        hangs.cancel()
        died.cancel()
