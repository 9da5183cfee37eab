"""Row `audit`: creating and changing documents over HTTP with the record of changes, against the same without it."""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.result import Result, at_most
from benchmarks.site import Site, open_site
from benchmarks.stage import Stage
from benchmarks.turns import seconds_for, take_turns
from benchmarks.wire import Wire, request_bytes

__all__ = ["run"]

_GOAL = at_most(1.25)
_MODULES = Path(__file__).parents[1] / "recorded_modules"
_DOCUMENTS = 50
_TIMES = 40
_CONNECTIONS = 8
_CYCLES = 10


async def run(stage: Stage) -> list[Result]:
    """Measure routes of a module on a database that waits for the disk: one request after the other, and many at once."""
    folder = stage.folder / "audit"
    folder.mkdir()
    async with open_site(folder, 0, _MODULES, "workshop.*") as site:
        wires = [await Wire.open(site.server.port) for _ in range(_CONNECTIONS)]
        try:
            return [
                await _compare(stage, "audit: create over HTTP", _creating(site, wires[0])),
                await _compare(stage, "audit: change over HTTP", await _changing(site, wires[0])),
                await _compare(
                    stage, f"audit: both over HTTP, {_CONNECTIONS} at once", _mixing(site, wires), rounds=12
                ),
            ]
        finally:
            for wire in wires:
                await wire.close()


Measure = Callable[[str], Callable[[], Awaitable[float]]]


async def _compare(stage: Stage, name: str, measure: Measure, *, rounds: int = 40) -> Result:
    pair = await take_turns(stage.effort.times(rounds), measure("jobs"), measure("quiet-jobs"))
    return Result(name, "ms", pair.ours, pair.against, _GOAL)


def _creating(site: Site, wire: Wire) -> Measure:
    numbers = itertools.count()

    def measure(kind: str) -> Callable[[], Awaitable[float]]:
        def requests() -> Iterator[bytes]:
            for number in itertools.islice(numbers, _TIMES):
                yield request_bytes("POST", f"/api/workshop/{kind}", site.headers, _job(number))

        return lambda: _milliseconds(wire, requests())

    return measure


async def _changing(site: Site, wire: Wire) -> Measure:
    made: dict[str, list[str]] = {}
    for kind in ("jobs", "quiet-jobs"):
        answers = [
            await wire.send(request_bytes("POST", f"/api/workshop/{kind}", site.headers, _job(number)))
            for number in range(_DOCUMENTS)
        ]
        made[kind] = [json.loads(answer)["id"] for answer in answers]
    turns = {kind: itertools.cycle(identities) for kind, identities in made.items()}

    def measure(kind: str) -> Callable[[], Awaitable[float]]:
        def requests() -> Iterator[bytes]:
            for identity in itertools.islice(turns[kind], _TIMES):
                path = f"/api/workshop/{kind}/{identity}/finish"
                yield request_bytes("POST", path, site.headers, {"hours": 0.5})

        return lambda: _milliseconds(wire, requests())

    return measure


def _mixing(site: Site, wires: list[Wire]) -> Measure:
    """Each connection creates a document and changes it twice, again and again; the figure is time by requests."""
    numbers = itertools.count()

    async def work(wire: Wire, kind: str) -> None:
        for _ in range(_CYCLES):
            answer = await wire.send(request_bytes("POST", f"/api/workshop/{kind}", site.headers, _job(next(numbers))))
            path = f"/api/workshop/{kind}/{json.loads(answer)['id']}/finish"
            for _ in range(2):
                await wire.send(request_bytes("POST", path, site.headers, {"hours": 0.5}))

    def measure(kind: str) -> Callable[[], Awaitable[float]]:
        async def all_at_once() -> None:
            async with asyncio.TaskGroup() as group:
                for wire in wires:
                    group.create_task(work(wire, kind))

        async def milliseconds() -> float:
            return await seconds_for(all_at_once) / (len(wires) * _CYCLES * 3) * 1e3

        return milliseconds

    return measure


async def _milliseconds(wire: Wire, requests: Iterator[bytes]) -> float:
    sending = list(requests)
    started = time.perf_counter()
    for request in sending:
        await wire.send(request)
    return (time.perf_counter() - started) / len(sending) * 1e3


def _job(number: int) -> dict[str, Any]:
    return {
        "title": f"Repair {number}",
        "customer": f"C-{number % 100}",
        "notes": "The left pedal is loose; check the bearings as well.",
        "hours": 1.5,
        "due": "2026-03-01T12:00:00Z",
        "tags": ["bicycle", "pedal"],
    }
