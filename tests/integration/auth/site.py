"""A small application around the identity middleware, and ways to reach it: in the process and over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp

from webos.auth import (
    AuthService,
    CurrentUser,
    PasswordHasher,
    auth_router,
    install_identity,
    require,
    require_permission,
    require_user,
)
from webos.data.connection import Connection
from webos.kernel.context import User, current_trace_id, current_user
from webos.kernel.settings import Settings
from webos.server.problems import install_problem_handlers

ORIGIN = "http://testserver"
PASSWORD = "correct horse"
PAGE = {"accept": "text/html,application/xhtml+xml"}
SAME_SITE = {"origin": ORIGIN}


class Clock:
    """A monotonic clock that tests move by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


@dataclass
class Site:
    """An application, its accounts, and what it may be asked."""

    settings: Settings
    auth: AuthService
    clock: Clock
    app: ASGIApp
    public: set[str] = field(default_factory=set)

    def client(self, address: str = "10.0.0.1", **options: Any) -> httpx.AsyncClient:
        """Return a client that comes from `address` and keeps cookies as a browser does."""
        transport = httpx.ASGITransport(self.app, client=(address, 50000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, **options)

    async def sign_in(self, username: str, password: str = PASSWORD, address: str = "10.0.0.1") -> httpx.AsyncClient:
        """Return a client that is signed in."""
        client = self.client(address)
        answer = await client.post("/auth/login", json={"username": username, "password": password}, headers=SAME_SITE)
        assert answer.status_code == 200, answer.text
        return client


def cheap_hasher() -> PasswordHasher:
    """Return a hasher that is quick, for tests that are not about hashing."""
    return PasswordHasher(time_cost=1, memory_cost=8)


async def build_site(connection: Connection, settings: Settings, hasher: PasswordHasher | None = None) -> Site:
    """Return a site on a database; several on one database are like several processes."""
    clock = Clock()
    auth = AuthService(connection, settings, hasher=hasher or cheap_hasher(), clock=clock, wall=clock)
    await auth.start()
    web = FastAPI()
    install_problem_handlers(web)
    web.include_router(auth_router(auth, settings, brand="Acme Tools"))
    web.include_router(_pages())
    web.include_router(_private(), prefix="/api/shop", dependencies=[Depends(require_user)])
    web.include_router(_public(), prefix="/api/shop")
    public = {"/api/shop/news", "/public-socket"}
    install_identity(
        web, sessions=auth.sessions, bearers=auth.bearers, settings=settings, is_public=public.__contains__
    )
    return Site(settings, auth, clock, web, public)


def _pages() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def home() -> HTMLResponse:
        return HTMLResponse(f"<p>{current_user().username}</p>")

    @router.api_route("/form", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def form() -> PlainTextResponse:
        return PlainTextResponse(current_user().username)

    @router.get("/boom")
    async def boom() -> None:
        msg = "a secret detail"
        raise RuntimeError(msg)

    @router.get("/own-policy")
    async def own_policy() -> PlainTextResponse:
        headers = {"content-security-policy": "sandbox", "cache-control": "private, max-age=60"}
        return PlainTextResponse("file", headers=headers)

    @router.get("/seen-headers")
    async def seen_headers(request: Request) -> dict[str, str]:
        return dict(request.headers)

    @router.get("/healthz")
    @router.get("/_webos/static/tokens.css")
    @router.get("/_nicegui/3.18.0/static/x.js")
    @router.get("/_nicegui/auto/static/t/report.pdf")
    @router.get("/_nicegui/client/c/upload/1")
    async def asset() -> PlainTextResponse:
        return PlainTextResponse("asset")

    @router.api_route("/_nicegui_ws/socket.io/", methods=["GET", "POST"])
    async def polling() -> PlainTextResponse:
        return PlainTextResponse(current_user().username)

    @router.websocket("/_nicegui_ws/socket.io/")
    @router.websocket("/socket")
    @router.websocket("/public-socket")
    @router.websocket("/api/shop/socket")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(current_user().username)
        await websocket.close()

    return router


def _private() -> APIRouter:
    router = APIRouter()

    @router.get("/orders")
    async def orders(user: CurrentUser) -> dict[str, str]:
        return {"user": user.username, "trace": current_trace_id()}

    @router.post("/orders")
    async def order() -> dict[str, str]:
        return {"user": current_user().username}

    @router.get("/guarded")
    @require_permission("shop.read")
    async def guarded(limit: int = 3) -> dict[str, int]:
        return {"limit": limit}

    @router.get("/guarded-sync")
    @require_permission("shop.read")
    def guarded_sync() -> dict[str, str]:
        return {"user": current_user().username}

    @router.get("/depends")
    async def depends(user: Annotated[User, Depends(require("shop.read"))]) -> dict[str, str]:
        return {"user": user.username}

    return router


def _public() -> APIRouter:
    router = APIRouter()

    @router.get("/news")
    async def news() -> dict[str, str]:
        return {"user": current_user().username}

    return router


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which belong to the test run."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start and say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(build: Callable[[str], ASGIApp]) -> AsyncIterator[str]:
    """Serve an application on a real socket and yield its address.

    Args:
        build: Returns the application for an address.
    """
    # Only a socket that names its protocol is served without Nagle's delay.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            build(address),
            ws="websockets-sansio",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            access_log=False,
        )
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(10):
                await server.listening.wait()
            yield address
        finally:
            server.should_exit = True
            await running
