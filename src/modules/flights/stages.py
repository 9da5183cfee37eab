"""What an import stores: the stages, each with where its rows come from and who takes them in."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from bson import DBRef

from .dataset import CsvRow, Dataset
from .importing import Stage
from .mapping import References, WeatherAt, airline_values, airport_values, plane_values, weather_values

__all__ = ["Airports", "Fleet", "build_stages"]

Rows = Iterable[Mapping[str, Any]]
TakeInFlights = Callable[[int, list[CsvRow], References], Awaitable[int]]


class Fleet(Protocol):
    """What is needed of the service of the fleet module."""

    async def take_in_airlines(self, rows: Rows) -> int:
        """Store airlines that are missing."""

    async def take_in_planes(self, rows: Rows) -> int:
        """Store planes that are missing."""

    async def airline_links(self) -> dict[str, DBRef]:
        """Return links by code."""

    async def plane_links(self) -> dict[str, DBRef]:
        """Return links by tail number."""


class Airports(Protocol):
    """What is needed of the service of the airports module."""

    async def take_in_airports(self, rows: Rows) -> int:
        """Store airports that are missing."""

    async def take_in_weather(self, rows: Rows) -> int:
        """Store hours of weather that are missing."""

    async def airport_links(self) -> dict[str, DBRef]:
        """Return links by code."""

    async def conditions(self) -> Mapping[tuple[str, datetime], WeatherAt]:
        """Return all weather by airport and hour."""


def build_stages(
    data: Dataset, *, everything: bool, fleet: Fleet, airports: Airports, take_in_flights: TakeInFlights
) -> list[Stage]:
    """Return the stages of an import. It reads files: call it in a thread.

    Args:
        data: The files.
        everything: Whether all flights of the year are meant, or those of January.
        fleet: Takes in airlines and planes.
        airports: Takes in airports and weather.
        take_in_flights: Stores flights that begin at a number, with what they may link to.
    """
    links = _Links(fleet, airports)

    async def store_flights(start: int, rows: list[CsvRow]) -> int:
        return await take_in_flights(start, rows, await links.get())

    return [
        _small("Airlines", data.read("airlines"), airline_values, fleet.take_in_airlines),
        _small("Planes", data.read("planes"), plane_values, fleet.take_in_planes),
        _small("Airports", data.read("airports"), airport_values, airports.take_in_airports),
        _small("Weather", data.read("weather"), weather_values, airports.take_in_weather),
        Stage(
            "Flights",
            data.count_flights(everything=everything),
            partial(_flights_from, data, everything=everything),
            store_flights,
        ),
    ]


class _Links:
    """Links to all that flights refer to, read when the first flight needs them."""

    def __init__(self, fleet: Fleet, airports: Airports) -> None:
        self._fleet = fleet
        self._airports = airports
        self._references: References | None = None

    async def get(self) -> References:
        if self._references is None:
            self._references = References(
                airlines=await self._fleet.airline_links(),
                planes=await self._fleet.plane_links(),
                airports=await self._airports.airport_links(),
                weather=await self._airports.conditions(),
            )
        return self._references


def _small(
    name: str,
    rows: list[CsvRow],
    values_of: Callable[[CsvRow], dict[str, Any]],
    take_in: Callable[[Rows], Awaitable[int]],
) -> Stage:
    async def store(_: int, batch: list[CsvRow]) -> int:
        return await take_in([values_of(row) for row in batch])

    return Stage(name, len(rows), lambda start: iter(rows[start:]), store)


def _flights_from(data: Dataset, start: int, *, everything: bool) -> Iterator[CsvRow]:
    return data.flights(everything=everything, start=start)
