"""FastAPI and pymongo: `python -m benchmarks.bare.list_api PORT DATABASE`, the server's URL on standard input."""

import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response
from pymongo import AsyncMongoClient

from benchmarks.modules.flightlog.schemas import FlightRead

_FIELDS = (*FlightRead.model_fields,)


def create(url: str, database: str) -> FastAPI:
    """Return the application.

    Args:
        url: Address of the database server.
        database: Name of the database.
    """
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, tz_aware=True, uuidRepresentation="standard")
    flights = client[database]["flightlog.Flight"]
    projection = {"_id": 0, **dict.fromkeys(_FIELDS, 1)}
    app = FastAPI()

    def first_fifty(condition: dict[str, Any]) -> Any:  # noqa: ANN401 - a cursor
        return flights.find({**condition, "deleted_at": None}, projection, sort=[("departure", 1)], limit=50)

    @app.get("/flights", response_model=list[FlightRead])
    async def of_plane(plane: str) -> Any:  # noqa: ANN401 - FastAPI makes the model of it
        return await first_fifty({"plane": plane}).to_list()

    @app.get("/raw")
    async def of_day(day: date) -> Response:
        begin = datetime.combine(day, time(), UTC)
        rows = await first_fifty({"departure": {"$gte": begin, "$lt": begin + timedelta(days=1)}}).to_list()
        return Response(orjson.dumps({"rows": rows}), media_type="application/json")

    return app


if __name__ == "__main__":
    port, name = sys.argv[1:]
    uvicorn.run(create(sys.stdin.readline().strip(), name), port=int(port), log_config=None, access_log=False)
