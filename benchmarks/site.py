"""The framework at work: `webos run` with the benchmark's module and its data, and somebody signed in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import httpx

from benchmarks.program import children_of
from benchmarks.store import driver_url, fill, open_database, server_url
from webos.auth import AuthService
from webos.data.connection import Connection
from webos.data.embedded.folder import DatabaseFolder
from webos.data.endpoint import Endpoint
from webos.kernel.settings import Settings
from webos.testing.servers import LiveServer

__all__ = ["Site", "open_site"]

_MODULES = Path(__file__).parent / "modules"
_READER = "reader"
_PASSWORD = "only-for-measuring"
_TABLE = "/api/webos/tables/flightlog.Flight"


@dataclass(frozen=True, slots=True)
class Site:
    """The running application and what is needed to use it.

    Attributes:
        server: `webos run`.
        connection: To the same database, without the framework.
        url: Address of the database server for a bare driver.
        cookie: The session of the signed-in user.
    """

    server: LiveServer
    connection: Connection
    url: str
    cookie: str

    @property
    def headers(self) -> dict[str, str]:
        """What each request of the signed-in user has to send."""
        return {"host": f"localhost:{self.server.port}", "origin": self.origin, "cookie": self.cookie}

    @property
    def origin(self) -> str:
        """Address for browsers."""
        return f"http://localhost:{self.server.port}"

    @property
    def web_pid(self) -> int:
        """Process id of the web process."""
        children = children_of(self.server.pid)
        return next(pid for pid, command in children.items() if "webos.server.web" in command)


@asynccontextmanager
async def open_site(
    folder: Path, flights: int, modules: Path = _MODULES, grant: str = "flightlog.read"
) -> AsyncIterator[Site]:
    """Fill a database and run the framework on it.

    Args:
        folder: Where its data lies.
        flights: How many flights there are; with none the database stays empty.
        modules: Folder of the modules that it loads.
        grant: What the signed-in user may do.
    """
    data_dir = folder / "data"
    name = f"bench_{token_hex(6)}"
    async with open_database(data_dir, name) as connection:
        if flights:
            await fill(connection, flights)
        auth = AuthService(connection, Settings(data_dir=data_dir))
        await auth.start()
        await auth.create_user(_READER, _PASSWORD, grants=[grant])
    environment: dict[str, str | None] = {
        "WEBOS_MODULES": str(modules),
        "WEBOS_ADMIN_PASSWORD": _PASSWORD,
        # Requests are counted as everywhere, but a load of one user is what is measured.
        "WEBOS_RATE_LIMIT": "100000000/minute",
        "WEBOS_DATABASE": name,
    }
    server = LiveServer(data_dir, environment=environment, log=folder / "webos.log")
    try:
        await asyncio.to_thread(server.start().wait_ready)
        url = server_url()
        endpoint = Endpoint.from_url(url) if url else Endpoint.from_file(DatabaseFolder.below(data_dir).endpoint)
        connection = await Connection.open(endpoint, name)
        site = Site(server, connection, driver_url(endpoint), await _sign_in(server.port))
        try:
            if flights:
                await _wait_until_warm(site)
            yield site
        finally:
            if url:
                await connection.client.drop_database(name)
            await connection.close()
    finally:
        server.stop()


async def _sign_in(port: int) -> str:
    origin = f"http://localhost:{port}"
    async with httpx.AsyncClient(base_url=origin, headers={"origin": origin}, timeout=60) as client:
        answer = await client.post("/auth/login", json={"username": _READER, "password": _PASSWORD})
        answer.raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


async def _wait_until_warm(site: Site) -> None:
    """Wait for what the application prepares after its start, which would disturb the first measurement."""
    async with httpx.AsyncClient(base_url=site.origin, headers=site.headers, timeout=120) as client:
        (await client.post(f"{_TABLE}/total", json={})).raise_for_status()
