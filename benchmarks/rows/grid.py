"""Row `grid`: a block of a grid over all flights, over HTTP and signed in, against the raw query."""

import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.result import Goal, Result, at_most, within
from benchmarks.site import Site
from benchmarks.stage import Stage
from benchmarks.turns import take_turns
from benchmarks.wire import Wire, request_bytes

__all__ = ["run"]

_PATH = "/api/webos/tables/flightlog.Flight/rows"
_BLOCK = 100
_GOAL = at_most(1.3)
_DEEP = 300_000
_SEED = 2013


async def run(stage: Stage) -> list[Result]:
    """Measure the first block of a filter that nobody asked for before, then blocks deep in the whole table."""
    grid = _Grid(await stage.site())
    return [
        await _first_block(stage, grid),
        await _text_filter(grid),
        await _whole_table(grid),
        await _deep_block(stage, grid),
    ]


class _Grid:
    """Blocks, and the raw queries that give the same rows.

    Args:
        site: The running application.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._flights = site.connection.raw["flightlog.Flight"]

    async def routes(self, count: int) -> list[str]:
        """Return the routes with the most flights."""
        pipeline: list[dict[str, Any]] = [
            {"$group": {"_id": "$route", "flights": {"$sum": 1}}},
            {"$sort": {"flights": -1, "_id": 1}},
        ]
        found = await (await self._flights.aggregate(pipeline)).to_list()
        return [row["_id"] for row in found[:count]]

    async def block(self, wanted: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Ask for a block and return the milliseconds it took, with the answer."""
        request = request_bytes("POST", _PATH, self._site.headers, wanted)
        # The server closes a connection that is idle for as long as a raw query takes.
        wire = await Wire.open(self._site.server.port)
        started = time.perf_counter()
        body = await wire.send(request)
        milliseconds = (time.perf_counter() - started) * 1000
        await wire.close()
        answer: dict[str, Any] = json.loads(body)
        assert len(answer["rows"]) == _BLOCK
        return milliseconds, answer

    async def raw(self, query: dict[str, Any], sort: list[tuple[str, int]], skip: int = 0) -> float:
        """Run the raw query and return the milliseconds it took."""
        started = time.perf_counter()
        rows = await self._flights.find({**query, "deleted_at": None}, sort=sort, limit=_BLOCK, skip=skip).to_list()
        milliseconds = (time.perf_counter() - started) * 1000
        assert len(rows) == _BLOCK
        return milliseconds


async def _first_block(stage: Stage, grid: _Grid) -> Result:
    """Filter by some days, sorted by departure; each round takes other days, so that nothing is prepared."""
    rounds = stage.effort.times(15)
    ours, against = _spans(), _spans()

    async def block() -> float:
        begin, end = next(ours)
        last = end - timedelta(days=1)
        condition = {
            "filterType": "date",
            "type": "inRange",
            "dateFrom": f"{begin:%F} 00:00:00",
            "dateTo": f"{last:%F} 00:00:00",
        }
        return (await grid.block({"filter": {"departure": condition}, "sort": [["departure", "asc"]]}))[0]

    async def raw() -> float:
        begin, end = next(against)
        return await grid.raw({"departure": {"$gte": begin, "$lt": end}}, [("departure", 1), ("_id", 1)])

    return await _compare("grid first block, new filter and sort", rounds, block, raw, _GOAL)


async def _text_filter(grid: _Grid) -> Result:
    """Filter a text column that has an index; what people type need not have the right capitals, the raw query does."""
    rounds = 3
    names = await grid.routes(rounds + 1)
    ours, against = iter(names), iter(names)

    async def block() -> float:
        condition = {"filterType": "text", "type": "equals", "filter": next(ours)}
        return (await grid.block({"filter": {"route": condition}, "sort": [["departure", "asc"]]}))[0]

    async def raw() -> float:
        return await grid.raw({"route": next(against)}, [("departure", 1), ("_id", 1)])

    return await _compare("grid first block, new text filter", rounds, block, raw, _GOAL)


async def _whole_table(grid: _Grid) -> Result:
    """Sort all flights by an index; each round takes another column or direction, so that nothing is prepared."""
    orders = [("departure", "desc", -1), ("plane", "asc", 1), ("departure", "asc", 1)]
    ours, against = iter(orders), iter(orders)

    async def block() -> float:
        name, direction, _ = next(ours)
        return (await grid.block({"sort": [[name, direction]]}))[0]

    async def raw() -> float:
        name, _, direction = next(against)
        return await grid.raw({}, [(name, direction), ("_id", direction)])

    return await _compare("grid first block, all rows in a new order", len(orders) - 1, block, raw, _GOAL)


async def _deep_block(stage: Stage, grid: _Grid) -> Result:
    """Jump to rows around 300,000 of an order that is open already; the bare thing skips as many."""
    sort = {"sort": [["departure", "asc"]]}
    _, first = await grid.block(sort)
    deepest = min(_DEEP, stage.effort.flights - 2 * _BLOCK)
    starts = _starts(deepest)

    async def block() -> float:
        start = next(starts)
        return (await grid.block({**sort, "handle": first["handle"], "start": start, "end": start + _BLOCK}))[0]

    async def raw() -> float:
        return await grid.raw({}, [("departure", 1), ("_id", 1)], skip=next(starts))

    name = f"grid block at row {deepest:,}"
    return await _compare(name, stage.effort.times(4), _median_of(block, 25), raw, within(50, "ms"))


async def _compare(
    name: str, rounds: int, ours: Callable[[], Awaitable[float]], against: Callable[[], Awaitable[float]], goal: Goal
) -> Result:
    pair = await take_turns(rounds, ours, against)
    return Result(name, "ms", pair.ours, pair.against, goal)


def _median_of(measure: Callable[[], Awaitable[float]], times: int) -> Callable[[], Awaitable[float]]:
    async def repeated() -> float:
        figures = sorted([await measure() for _ in range(times)])
        return figures[times // 2]

    return repeated


def _starts(deepest: int) -> Iterator[int]:
    """Yield rows within a thousand below the deepest, never the same block twice in a row."""
    chance = random.Random(_SEED)  # noqa: S311 - the same rows in every run
    return (max(0, deepest - chance.randrange(1000)) for _ in itertools.count())


def _spans() -> Iterator[tuple[datetime, datetime]]:
    """Yield spans of three days, one after the other from the second of January."""
    first = datetime(2013, 1, 2, tzinfo=UTC)
    return (
        (first + timedelta(days=3 * number), first + timedelta(days=3 * number + 3)) for number in itertools.count()
    )
