from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bson import DBRef

from webos.sdk import BaseService, require_permission

from .models import Airport, Weather
from .schemas import Conditions

# Small batches: the event loop decodes them.
_BATCH = 1000


class AirportService(BaseService):
    """Takes in airports and weather, and tells how to link to them."""

    @require_permission("airports.write")
    async def take_in_airports(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Store airports whose code is not known yet and return how many were new.

        Args:
            rows: Values of an `Airport`, each with the `id` it is to have.
        """
        known = await _airports()
        return await Airport.insert_missing(Airport.model_validate(row) for row in rows if row["code"] not in known)

    @require_permission("airports.write")
    async def take_in_weather(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Store hours of weather whose id is not known yet and return how many were new.

        Args:
            rows: Values of a `Weather` with its `id`, but the code of the airport instead of the link. What was
                observed at an airport that is not known is left out.
        """
        airports = await _airports()
        placed = [{**row, "airport": airports[row["airport"]]} for row in rows if row["airport"] in airports]
        query = {"_id": {"$in": [row["id"] for row in placed]}}
        stored = Weather.get_pymongo_collection().find(query, {"_id": 1}, batch_size=_BATCH)
        known = {row["_id"] async for row in stored}
        return await Weather.insert_missing(Weather.model_validate(row) for row in placed if row["id"] not in known)

    @require_permission("airports.read")
    async def airport_links(self) -> dict[str, DBRef]:
        """Return links to all airports, by code."""
        return await _airports()

    @require_permission("airports.read")
    async def conditions(self) -> dict[tuple[str, datetime], Conditions]:
        """Return all weather, by code of the airport and hour in UTC."""
        codes = {link.id: code for code, link in (await _airports()).items()}
        collection = Weather.get_pymongo_collection()
        fields = {"airport": 1, "hour": 1, "wind_speed": 1, "visibility": 1}
        return {
            (codes[row["airport"].id], row["hour"]): Conditions(
                DBRef(collection.name, row["_id"]), row.get("wind_speed"), row.get("visibility")
            )
            async for row in collection.find({}, fields, batch_size=_BATCH)
            if row["airport"].id in codes
        }


async def _airports() -> dict[str, DBRef]:
    collection = Airport.get_pymongo_collection()
    rows = collection.find({}, {"code": 1}, batch_size=_BATCH)
    return {row["code"]: DBRef(collection.name, row["_id"]) async for row in rows}
