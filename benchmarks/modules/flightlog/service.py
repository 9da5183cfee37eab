"""The business logic."""

from webos.sdk import BaseService, require_permission

from .models import Flight
from .schemas import FlightRead


class FlightService(BaseService):
    """Finds flights."""

    @require_permission("flightlog.read")
    async def of_plane(self, plane: str, limit: int) -> list[FlightRead]:
        """Return the first flights of a plane."""
        query = Flight.find(Flight.plane == plane).sort("departure").limit(limit)
        return await query.project(FlightRead).to_list()
