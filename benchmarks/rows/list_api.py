"""Row `list`: fifty documents as JSON, signed in and authorised, against FastAPI and pymongo alone."""

import itertools
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from benchmarks.load import Load, requests_per_second
from benchmarks.result import Result, at_least
from benchmarks.site import Site
from benchmarks.stage import Stage
from benchmarks.turns import take_turns
from benchmarks.wire import request_bytes

__all__ = ["run"]

_PLANES = 40
_DAYS = 20
_FIRST_DAY = date(2013, 1, 2)
_CONNECTIONS = 8
_SECONDS = 2.0
_QUICK_SECONDS = 0.3
_GOAL = at_least(0.75)


async def run(stage: Stage) -> list[Result]:
    """Measure a route of a module, and the table API that every model has by itself."""
    site = await stage.site()
    planes = await _busy_planes(site)
    days = [_FIRST_DAY + timedelta(days=number) for number in range(_DAYS)]
    bare = stage.program("benchmarks.bare.list_api", site.connection.raw.name, told=site.url)
    host = {"host": f"localhost:{bare.port}"}

    async def compare(name: str, ours: list[bytes], against: list[bytes]) -> Result:
        pair = await take_turns(
            stage.effort.times(7), _load(stage, site.server.port, ours), _load(stage, bare.port, against)
        )
        return Result(name, "requests/s", pair.ours, pair.against, _GOAL)

    return [
        await compare(
            "list of 50, route of a module",
            [request_bytes("GET", f"/api/flightlog/flights?plane={plane}", site.headers) for plane in planes],
            [request_bytes("GET", f"/flights?plane={plane}", host) for plane in planes],
        ),
        await compare(
            "list of 50, table API",
            [_table_request(site, day) for day in days],
            [request_bytes("GET", f"/raw?day={day}", host) for day in days],
        ),
    ]


def _load(stage: Stage, port: int, requests: list[bytes]) -> Callable[[], Awaitable[float]]:
    seconds = _QUICK_SECONDS if stage.effort.quick else _SECONDS
    load = Load(port, [request.decode() for request in requests], _CONNECTIONS, seconds)
    return lambda: requests_per_second(load)


def _table_request(site: Site, day: date) -> bytes:
    wanted = {
        "filter": {"departure": {"filterType": "date", "type": "equals", "dateFrom": f"{day} 00:00:00"}},
        "sort": [["departure", "asc"]],
        "end": 50,
    }
    return request_bytes("POST", "/api/webos/tables/flightlog.Flight/rows", site.headers, wanted)


async def _busy_planes(site: Site) -> list[str]:
    """Return planes that have at least fifty flights."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"plane": {"$ne": ""}}},
        {"$group": {"_id": "$plane", "flights": {"$sum": 1}}},
        {"$match": {"flights": {"$gte": 50}}},
        {"$sort": {"_id": 1}},
    ]
    found = await (await site.connection.raw["flightlog.Flight"].aggregate(pipeline)).to_list()
    return [row["_id"] for row in itertools.islice(found, 0, None, max(1, len(found) // _PLANES))]
