"""One HTTP connection that is kept open: a client that costs little, so that the server is what is measured."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Self

__all__ = ["Wire", "request_bytes"]

_OK = range(200, 300)


def request_bytes(method: str, path: str, headers: Mapping[str, str], body: Any = None) -> bytes:  # noqa: ANN401 - JSON
    """Return a request as it goes over the wire.

    Args:
        method: Such as `GET`.
        path: Path and query.
        headers: Headers besides those that follow from the body.
        body: Becomes JSON where it is not None.
    """
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Wire:
    """A connection; one request at a time.

    Args:
        reader: Where answers come from.
        writer: Where requests go to.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a port of 127.0.0.1."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**20))

    async def send(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer.

        Raises:
            RuntimeError: The answer says that it did not work, or has no length.
        """
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        length = int(fields.get(b"content-length", b"-1"))
        body = await self._reader.readexactly(length) if length > 0 else b""
        if status not in _OK or length < 0:
            msg = f"{request.split(b' HTTP', 1)[0].decode()} was answered with {status}: {body[:500].decode()}"
            raise RuntimeError(msg)
        return body

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()
