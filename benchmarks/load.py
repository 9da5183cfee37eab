"""The load generator: a process of its own that keeps a server busy over some connections.

`python -m benchmarks.load` reads a `Load` as JSON from standard input and prints what it achieved as JSON.
"""

import asyncio
import itertools
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.wire import Wire

__all__ = ["Load", "requests_per_second"]


@dataclass(frozen=True, slots=True)
class Load:
    """What to send.

    Attributes:
        port: Port of 127.0.0.1.
        requests: Requests as they go over the wire, sent one after the other, over and over.
        connections: How many are used at the same time.
        seconds: How long it goes on.
    """

    port: int
    requests: list[str]
    connections: int
    seconds: float


async def requests_per_second(load: Load) -> float:
    """Run the load in a process of its own and return how many requests were answered in a second.

    Raises:
        RuntimeError: A request failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, complaint = await process.communicate(json.dumps(asdict(load)).encode())
    if process.returncode:
        raise RuntimeError(complaint.decode())
    achieved: dict[str, float] = json.loads(answer)
    return achieved["requests"] / achieved["seconds"]


async def _run(load: Load) -> dict[str, Any]:
    requests = [request.encode() for request in load.requests]
    started = time.perf_counter()
    counts = await asyncio.gather(
        *(_keep_busy(load, requests, offset, started + load.seconds) for offset in range(load.connections))
    )
    return {"requests": sum(counts), "seconds": time.perf_counter() - started}


async def _keep_busy(load: Load, requests: list[bytes], offset: int, end: float) -> int:
    wire = await Wire.open(load.port)
    answered = 0
    for request in itertools.islice(itertools.cycle(requests), offset, None):
        await wire.send(request)
        answered += 1
        if time.perf_counter() > end:
            break
    await wire.close()
    return answered


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(Load(**json.load(sys.stdin))))))
