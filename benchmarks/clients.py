"""Many open pages without a browser for each: what a server keeps for a client."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from html import unescape
from urllib.parse import urlencode
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK

__all__ = ["OpenPages"]

_CLIENT_ID = re.compile(r"client_id['\"]?: ?['\"](?P<id>[0-9a-f-]{36})")


class OpenPages:
    """Pages of one server, opened as a browser does: the document, then the websocket with its handshake.

    Args:
        url: Address of the page.
        headers: What each request has to send.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = httpx.URL(url)
        self._headers = {**headers, "accept": "text/html"}
        self._sockets: list[ClientConnection] = []
        self._readers: list[asyncio.Task[None]] = []
        self._http = httpx.AsyncClient(timeout=60)

    async def open(self, count: int) -> None:
        """Open further pages.

        Raises:
            RuntimeError: The server does not take one.
        """
        for _ in range(count):
            answer = await self._http.get(self._url, headers=self._headers)
            answer.raise_for_status()
            found = _CLIENT_ID.search(unescape(answer.text))
            if found is None:
                msg = f"{self._url} is no page of NiceGUI"
                raise RuntimeError(msg)
            await self._shake_hands(found["id"])

    async def _shake_hands(self, client_id: str) -> None:
        query = {
            "client_id": client_id,
            "next_message_id": 0,
            "implicit_handshake": "true",
            "document_id": uuid4(),
            "tab_id": uuid4(),
            "EIO": 4,
            "transport": "websocket",
        }
        address = f"ws://{self._url.netloc.decode()}/_nicegui_ws/socket.io/?{urlencode(query)}"
        passed = {name: value for name, value in self._headers.items() if name in {"cookie", "origin"}}
        socket = await connect(address, additional_headers=passed)
        self._sockets.append(socket)
        await _expect(socket, "0")
        await socket.send("40")
        await _expect(socket, "40")
        self._readers.append(asyncio.create_task(_stay(socket)))

    async def close(self) -> None:
        """Close all of them."""
        await asyncio.gather(*(socket.close() for socket in self._sockets))
        await asyncio.gather(*self._readers)
        await self._http.aclose()


async def _expect(socket: ClientConnection, start: str) -> None:
    message = await socket.recv()
    if not isinstance(message, str) or not message.startswith(start):
        msg = f"the handshake was answered with {message!r}"
        raise RuntimeError(msg)


async def _stay(socket: ClientConnection) -> None:
    """Answer the server's pings until the connection is closed; it drops a client that does not."""
    # A ping may come while we close it ourselves.
    with suppress(ConnectionClosedOK):
        async for message in socket:
            if message == "2":
                await socket.send("3")
