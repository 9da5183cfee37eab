"""The API."""

from fastapi import APIRouter

from webos.sdk import Inject

from .schemas import FlightRead
from .service import FlightService

router = APIRouter()


@router.get("/flights")
async def of_plane(plane: str, flights: Inject[FlightService]) -> list[FlightRead]:
    """Return fifty flights of a plane."""
    return await flights.of_plane(plane, 50)
