from collections.abc import Iterable, Mapping
from typing import Any

from bson import DBRef, ObjectId

from webos.sdk import BaseService, CoreDocument, require_permission

from .models import Airline, Plane


class FleetService(BaseService):
    """Takes in aircraft and airlines, and tells how to link to them."""

    @require_permission("fleet.write")
    async def take_in_airlines(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Store airlines whose code is not known yet and return how many were new.

        Args:
            rows: Values of an `Airline`, each with the `id` it is to have.
        """
        known = await _links(Airline, "code")
        return await Airline.insert_missing(Airline.model_validate(row) for row in rows if row["code"] not in known)

    @require_permission("fleet.write")
    async def take_in_planes(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Store planes whose tail number is not known yet and return how many were new.

        Args:
            rows: Values of a `Plane`, each with the `id` it is to have.
        """
        known = await _links(Plane, "tail_number")
        return await Plane.insert_missing(Plane.model_validate(row) for row in rows if row["tail_number"] not in known)

    @require_permission("fleet.read")
    async def airline_links(self) -> dict[str, DBRef]:
        """Return links to all airlines, by code."""
        return await _links(Airline, "code")

    @require_permission("fleet.read")
    async def airline_names(self) -> dict[ObjectId, str]:
        """Return the names of all airlines, by id."""
        return {row["_id"]: row["name"] async for row in Airline.get_pymongo_collection().find({}, {"name": 1})}

    @require_permission("fleet.read")
    async def plane_links(self) -> dict[str, DBRef]:
        """Return links to all planes, by tail number."""
        return await _links(Plane, "tail_number")


async def _links(model: type[CoreDocument], key: str) -> dict[str, DBRef]:
    collection = model.get_pymongo_collection()
    # Small batches: the event loop decodes them.
    rows = collection.find({}, {key: 1}, batch_size=1000)
    return {row[key]: DBRef(collection.name, row["_id"]) async for row in rows}
