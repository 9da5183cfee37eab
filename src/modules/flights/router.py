from typing import Annotated

import orjson
from beanie import PydanticObjectId
from fastapi import APIRouter, Query
from fastapi.responses import Response

from webos.sdk import Inject

from .schemas import FlightChange, FlightPage, FlightRead, ImportRequest, ImportStarted
from .service import FlightImportService, FlightService

router = APIRouter()


@router.get("/flights", response_model=FlightPage)
async def list_flights(
    flights: Inject[FlightService],
    after: PydanticObjectId | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Flights in the order of their ids; the next ones by the `next` of these as `after`."""
    rows = await flights.list_after(after, limit)
    following = rows[-1]["id"] if len(rows) == limit else None
    # What comes from the database fits the model as it is; checking it again would take longer than reading it.
    return Response(orjson.dumps({"rows": rows, "next": following}), media_type="application/json")


@router.get("/flights/{identity}")
async def get_flight(identity: PydanticObjectId, flights: Inject[FlightService]) -> FlightRead:
    """One flight."""
    return FlightRead.model_validate(await flights.get(identity))


@router.patch("/flights/{identity}")
async def change_flight(identity: PydanticObjectId, change: FlightChange, flights: Inject[FlightService]) -> FlightRead:
    """Change a flight; needs `flights.write`."""
    return FlightRead.model_validate(await flights.change(identity, change))


@router.post("/import", status_code=202)
async def import_flights(request: ImportRequest, imports: Inject[FlightImportService]) -> ImportStarted:
    """Begin to import flights in the background; needs `flights.write`."""
    return ImportStarted(task_id=await imports.start(everything=request.everything))
