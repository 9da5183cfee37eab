"""A sign of life from a MongoDB server, asked for without the driver."""

import asyncio
import struct

__all__ = ["answers_ping"]

# OP_MSG with the document {"ping": 1, "$db": "admin"}; the command needs no account.
_DOCUMENT = b"\x10ping\x00\x01\x00\x00\x00" + b"\x02$db\x00\x06\x00\x00\x00admin\x00"
_BODY = struct.pack("<I", 0) + b"\x00" + struct.pack("<i", len(_DOCUMENT) + 5) + _DOCUMENT + b"\x00"
_OP_MSG = 2013
_PING = struct.pack("<iiii", len(_BODY) + 16, 1, 0, _OP_MSG) + _BODY


async def answers_ping(host: str, port: int, *, seconds: float) -> bool:
    """Return whether a server answers a ping in time.

    Args:
        host: Its address.
        port: Its port.
        seconds: How long to wait for the answer.
    """
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_PING)
                await reader.readexactly(16)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
    return True
