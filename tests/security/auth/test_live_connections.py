"""Security case 13: websockets and NiceGUI's polling are no back door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.integration.auth.site import Site, served

SOCKET = "/_nicegui_ws/socket.io/"


@dataclass
class Live:
    """A served site and a valid token."""

    site: Site
    address: str
    token: str

    async def socket(self, path: str, token: str | None = None, **headers: str) -> str | int:
        """Open a websocket; return whom it serves, or the status it was refused with."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["cookie"] = f"webos_session={token}"
        try:
            async with connect(f"{self.address.replace('http', 'ws')}{path}", additional_headers=named) as websocket:
                return str(await websocket.recv())
        except InvalidStatus as refused:
            answer = refused.response
        assert answer.headers["x-trace-id"]
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code

    async def poll(self, method: str, token: str | None = None, **headers: str) -> str | int:
        """Ask the polling path; return whom it serves, or the status it was refused with."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        cookies = {"webos_session": token} if token is not None else {}
        async with httpx.AsyncClient(base_url=self.address, cookies=cookies) as client:
            answer = await client.request(method, SOCKET, headers=named)
        return answer.text if answer.status_code == 200 else answer.status_code


@pytest_asyncio.fixture
async def live(site: Site) -> AsyncIterator[Live]:
    """Yield the site on a real socket, with a token of `anna`."""
    client = await site.sign_in("anna")
    async with served(lambda _: site.app) as address:
        yield Live(site, address, client.cookies["webos_session"])


async def test_own_page_connects(live: Live) -> None:
    """The positive control: with the cookie and from our page both ways serve the user."""
    assert await live.socket(SOCKET, live.token, origin=live.address) == "Anna"
    assert await live.socket(SOCKET, live.token, sec_fetch_site="same-origin") == "Anna"
    assert await live.socket("/socket", live.token, origin=live.address) == "Anna"
    for method in ("GET", "POST"):
        assert await live.poll(method, live.token, origin=live.address) == "Anna"
        assert await live.poll(method, live.token, sec_fetch_site="same-origin") == "Anna"
    assert await live.poll("GET", live.token, referer=f"{live.address}/flights") == "Anna"


@pytest.mark.parametrize("token", [None, "", "x" * 43, "x" * 1000])
async def test_nobody_connects_without_a_session(live: Live, token: str | None) -> None:
    """Without a valid cookie the handshake and the polling are refused, also from our own page."""
    for path in (SOCKET, "/socket", "/api/shop/socket", "/_nicegui/socket", "/login"):
        assert await live.socket(path, token, origin=live.address) == 401
    for method in ("GET", "POST"):
        assert await live.poll(method, token, origin=live.address) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"referer": "https://evil.test/"},
    ],
)
async def test_other_sites_do_not_connect(live: Live, headers: dict[str, str]) -> None:
    """With the user's cookie, but from elsewhere or nowhere, both ways are refused."""
    assert await live.socket(SOCKET, live.token, **headers) == 403
    assert await live.socket("/public-socket", live.token, **headers) == 403
    for method in ("GET", "POST"):
        assert await live.poll(method, live.token, **headers) == 403


async def test_ended_session_does_not_connect(live: Live) -> None:
    """After signing out the cookie opens no connection."""
    await live.site.auth.sign_out(live.token)
    assert await live.socket(SOCKET, live.token, origin=live.address) == 401
    assert await live.poll("GET", live.token, origin=live.address) == 401


async def test_public_socket_serves_visitors(live: Live) -> None:
    """A path that was declared public is open, as the anonymous visitor."""
    assert await live.socket("/public-socket") == "anonymous"
    assert await live.socket("/public-socket", live.token, origin=live.address) == "Anna"


async def test_server_without_denial_answers_is_refused_too(site: Site) -> None:
    """Where the server cannot answer a handshake with a document, it is closed before it opens."""
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    scope = {"type": "websocket", "path": SOCKET, "headers": [], "scheme": "ws", "query_string": b""}
    await site.app(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
