"""Row `auth`: what it costs to know who asks, and that those who sign in disturb nobody."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import httpx

from benchmarks.load import Load, requests_per_second
from benchmarks.result import Result, at_least, within
from benchmarks.site import Site
from benchmarks.stage import Stage
from benchmarks.turns import take_turns
from benchmarks.wire import Wire, request_bytes
from webos.kernel.permissions import PermissionSet

__all__ = ["run"]

_CONNECTIONS = 8
_SECONDS = 2.0
_QUICK_SECONDS = 0.3
_SIGN_INS = 4
_GRANTS = [f"module{number}.{action}" for number in range(40) for action in ("read", "write", "*")]


async def run(stage: Stage) -> list[Result]:
    """Measure a request of a signed-in user, requests beside four sign-ins, and the permission matcher."""
    site = await stage.site()
    async with httpx.AsyncClient(base_url=site.origin, headers=site.headers) as client:
        answer = (await client.get("/auth/me")).text
    bare = stage.program("benchmarks.bare.who", told=answer)
    host = {"host": f"localhost:{bare.port}"}
    pair = await take_turns(
        stage.effort.times(7),
        _load(stage, site.server.port, request_bytes("GET", "/auth/me", site.headers)),
        _load(stage, bare.port, request_bytes("GET", "/auth/me", host)),
    )
    idle, busy = await _beside_sign_ins(site, stage.effort.times(4, 1))
    return [
        Result("auth: request of a signed-in user", "requests/s", pair.ours, pair.against, at_least(0.75)),
        Result("auth: other requests while four sign in", "ms", busy, idle, within(20, "ms")),
        Result("auth: permission matcher", "ns", *_matcher(stage.effort.times(20, 5)), within(1000, "ns")),
    ]


def _load(stage: Stage, port: int, request: bytes) -> Callable[[], Awaitable[float]]:
    load = Load(port, [request.decode()], _CONNECTIONS, _QUICK_SECONDS if stage.effort.quick else _SECONDS)
    return lambda: requests_per_second(load)


async def _beside_sign_ins(site: Site, rounds: int) -> tuple[float, float]:
    """Return the medians of a request, in milliseconds, with nothing else and while four people sign in."""
    wire = await Wire.open(site.server.port)
    request = request_bytes("GET", "/auth/me", site.headers)

    async def once() -> float:
        begun = time.perf_counter()
        await wire.send(request)
        return (time.perf_counter() - begun) * 1000

    idle = [await once() for _ in range(100)]
    busy: list[float] = []
    async with httpx.AsyncClient(base_url=site.origin, headers={"origin": site.origin}, timeout=60) as client:
        for number in range(rounds):
            # Names of nobody cost as much as others, and nobody gets slow.
            bodies = [{"username": f"nobody-{number}-{each}", "password": "x"} for each in range(_SIGN_INS)]
            storm = asyncio.gather(*(client.post("/auth/login", json=body) for body in bodies))
            while not storm.done():
                busy.append(await once())
            await storm
    await wire.close()
    return statistics.median(idle), statistics.median(busy)


def _matcher(rounds: int) -> tuple[float, float]:
    """Return nanoseconds for a permission that only the last kind of look finds, and for one in a set, each at its best."""
    granted, plain = PermissionSet(_GRANTS), frozenset(_GRANTS)
    times = 20_000

    def measure(container: PermissionSet | frozenset[str], permission: str) -> float:
        begun = time.perf_counter_ns()
        for _ in range(times):
            permission in container  # noqa: B015 - what is measured
        return (time.perf_counter_ns() - begun) / times

    # The best of many: whatever else the machine does makes it slower, nothing makes it quicker.
    ours = min(measure(granted, "module39.item.delete") for _ in range(rounds))
    return ours, min(measure(plain, "module39.read") for _ in range(rounds))
