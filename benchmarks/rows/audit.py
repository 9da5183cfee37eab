"""Row `audit`: creating and changing documents over HTTP with the record of changes, against the same without it."""

import itertools
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.result import Result, at_most
from benchmarks.site import Site, open_site
from benchmarks.stage import Stage
from benchmarks.turns import take_turns
from benchmarks.wire import Wire, request_bytes

__all__ = ["run"]

_GOAL = at_most(1.25)
_MODULES = Path(__file__).parents[1] / "recorded_modules"
_DOCUMENTS = 50
_TIMES = 40


async def run(stage: Stage) -> list[Result]:
    """Measure requests one after the other, through a route of a module, on a database that waits for the disk."""
    folder = stage.folder / "audit"
    folder.mkdir()
    async with open_site(folder, 0, _MODULES, "workshop.*") as site:
        wire = await Wire.open(site.server.port)
        try:
            return [
                await _compare(stage, "audit: create over HTTP", _creating(site, wire)),
                await _compare(stage, "audit: change over HTTP", await _changing(site, wire)),
            ]
        finally:
            await wire.close()


Measure = Callable[[str], Callable[[], Awaitable[float]]]


async def _compare(stage: Stage, name: str, measure: Measure) -> Result:
    pair = await take_turns(stage.effort.times(40), measure("jobs"), measure("quiet-jobs"))
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
