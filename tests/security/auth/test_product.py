"""The product itself, as `webos run` serves it: what a visitor gets, and what the first administrator gets."""

import asyncio
import json
import re
from collections.abc import Callable

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from webos.testing.servers import LiveServer

PAGE = {"accept": "text/html"}
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport="


async def handshake(address: str, **headers: str) -> int:
    """Return the status that opening NiceGUI's websocket answers, 101 where it opens."""
    try:
        async with connect(f"{address.replace('http', 'ws')}{SOCKET}websocket", additional_headers=headers):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def check_visitor(address: str) -> None:
    """Go through what somebody without an account can reach."""
    async with httpx.AsyncClient(base_url=address) as visitor:
        for path in ("/", "/admin", "/openapi.json", "/docs", "/nowhere", "/api"):
            answer = await visitor.get(path, headers=PAGE)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login"), path
        nowhere = await visitor.get("/api/nowhere", headers=PAGE)
        assert nowhere.status_code == 404
        assert nowhere.headers["content-type"] == "application/problem+json"
        assert (await visitor.get(f"{SOCKET}polling", headers=PAGE)).status_code == 401
        page = await visitor.get("/login")
        assert "WebOS" in page.text
        assert (await visitor.get("/healthz")).status_code == 200
        for answer in (nowhere, page):
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
    assert await handshake(address, origin=address) == 401


async def check_administrator(address: str, password: str) -> None:
    """Sign in, use what needs it, be refused as another site, sign out."""
    async with httpx.AsyncClient(base_url=address, headers={"origin": address}) as admin:
        form = {"username": "admin", "password": password, "next": "/admin"}
        answer = await admin.post("/auth/login", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin")
        assert (await admin.get("/auth/me")).json()["is_superuser"] is True
        assert (await admin.get("/admin", headers=PAGE)).status_code == 200
        cookie = f"webos_session={admin.cookies['webos_session']}"
        assert await handshake(address, origin=address, cookie=cookie) == 101
        assert await handshake(address, origin="https://evil.test", cookie=cookie) == 403
        polling = await admin.get(f"{SOCKET}polling")
        assert polling.status_code == 200
        assert "sid" in json.loads(polling.text[1:])
        assert (await admin.post("/auth/logout", headers={"origin": "https://evil.test"})).status_code == 403
        assert (await admin.post("/auth/logout", data={"x": "y"})).headers["location"] == "/login"
        assert (await admin.get("/auth/me", headers={"cookie": cookie})).status_code == 401
    assert await handshake(address, origin=address, cookie=cookie) == 401


async def check_claimed_addresses(address: str) -> None:
    """Guess under a new claimed address each time."""
    async with httpx.AsyncClient(base_url=address, headers={"origin": address}) as guesser:
        statuses = [
            (
                await guesser.post(
                    "/auth/login",
                    json={"username": "admin", "password": "wrong"},
                    headers={"x-forwarded-for": f"203.0.113.{number}"},
                )
            ).status_code
            for number in range(9)
        ]
    assert statuses[:5] == [401] * 5
    # The first wait is a second, which a loaded machine may take for one attempt; each further wait is twice as long.
    assert 429 in statuses[5:]


def test_product_lets_in_whom_it_knows(live_server: Callable[..., LiveServer]) -> None:
    """From an empty folder: visitors get nowhere, the printed password opens everything, guessing gets slow."""
    server = live_server().start().wait_ready()
    password = re.search(r"│  Password   (\S+)", server.output)
    assert password is not None
    asyncio.run(check_visitor(server.url))
    asyncio.run(check_administrator(server.url, password[1]))
    asyncio.run(check_claimed_addresses(server.url))
    assert server.output.count(password[1]) == 1
