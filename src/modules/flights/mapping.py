"""Rows of the CSV files as values of documents. Nothing here reads or stores anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from bson import DBRef, ObjectId

from .dataset import CsvRow
from .models import FlightStatus

__all__ = [
    "References",
    "WeatherAt",
    "airline_values",
    "airport_values",
    "flight_id",
    "flight_values",
    "plane_values",
    "weather_values",
]

Values = dict[str, Any]

_MISSING = ("NA", "")
_ID_BYTES = 8


class WeatherAt(Protocol):
    """The weather of an hour, as the airports module tells it."""

    @property
    def link(self) -> DBRef:
        """Link to it."""

    @property
    def wind_speed(self) -> float | None:
        """In miles per hour."""

    @property
    def visibility(self) -> float | None:
        """In miles."""


@dataclass(frozen=True, slots=True)
class References:
    """Links to all that flights refer to.

    Attributes:
        airlines: By code.
        planes: By tail number.
        airports: By code.
        weather: By code of the airport and hour in UTC.
    """

    airlines: Mapping[str, DBRef]
    planes: Mapping[str, DBRef]
    airports: Mapping[str, DBRef]
    weather: Mapping[tuple[str, datetime], WeatherAt]


def flight_id(number: int) -> ObjectId:
    """Return the id of a flight by its place in the year, from 0: an import that is repeated meets what it stored."""
    return _identity(b"FLGT", number.to_bytes(_ID_BYTES, "big"))


def flight_values(number: int, row: CsvRow, references: References) -> Values:
    """Return the values of a `Flight`.

    Args:
        number: Its place in the year, from 0.
        row: The row.
        references: What it may link to; what is not there stays empty.
    """
    hour = datetime.fromisoformat(row["time_hour"])
    weather = references.weather.get((row["origin"], hour))
    return {
        "id": flight_id(number),
        "number": f"{row['carrier']} {row['flight']}",
        "departure": hour.replace(minute=int(row["minute"])),
        "route": f"{row['origin']} → {row['dest']}",
        "airline": references.airlines.get(row["carrier"]),
        "plane": references.planes.get(row["tailnum"]),
        "origin": references.airports.get(row["origin"]),
        "destination": references.airports.get(row["dest"]),
        "status": _status(row),
        "departure_delay": _integer(row["dep_delay"]),
        "arrival_delay": _integer(row["arr_delay"]),
        "air_time": _integer(row["air_time"]),
        "distance": int(row["distance"]),
        "hour": int(row["hour"]),
        "weather": weather.link if weather else None,
        "wind_speed": weather.wind_speed if weather else None,
        "visibility": weather.visibility if weather else None,
    }


def airline_values(row: CsvRow) -> Values:
    """Return the values of an `Airline`."""
    return {"id": _identity(b"AIRL", row["carrier"].encode()), "code": row["carrier"], "name": row["name"]}


def plane_values(row: CsvRow) -> Values:
    """Return the values of a `Plane`."""
    return {
        "id": _identity(b"PLNE", row["tailnum"].encode()),
        "tail_number": row["tailnum"],
        "manufacturer": row["manufacturer"],
        "model": row["model"],
        "year": _integer(row["year"]),
        "kind": row["type"],
        "engines": int(row["engines"]),
        "engine": row["engine"],
        "seats": int(row["seats"]),
    }


def airport_values(row: CsvRow) -> Values:
    """Return the values of an `Airport`."""
    return {
        "id": _identity(b"APRT", row["faa"].encode()),
        "code": row["faa"],
        "name": row["name"],
        "latitude": float(row["lat"]),
        "longitude": float(row["lon"]),
        "altitude": int(row["alt"]),
        "time_zone": "" if row["tzone"] in _MISSING else row["tzone"],
    }


def weather_values(row: CsvRow) -> Values:
    """Return the values of a `Weather`, with the code of the airport instead of a link to it."""
    hour = datetime.fromisoformat(row["time_hour"])
    hours = int(hour.astimezone(UTC).timestamp()) // 3600
    return {
        "id": _identity(b"WTHR", row["origin"].encode() + hours.to_bytes(_ID_BYTES - len(row["origin"]), "big")),
        "airport": row["origin"],
        "hour": hour,
        "temperature": _number(row["temp"]),
        "humidity": _number(row["humid"]),
        "wind_speed": _number(row["wind_speed"]),
        "precipitation": _number(row["precip"]),
        "pressure": _number(row["pressure"]),
        "visibility": _number(row["visib"]),
    }


def _identity(kind: bytes, key: bytes) -> ObjectId:
    return ObjectId(kind + key.ljust(_ID_BYTES, b"\0"))


def _status(row: CsvRow) -> FlightStatus:
    if row["dep_time"] in _MISSING:
        return FlightStatus.CANCELLED
    # Who landed elsewhere has no time in the air, and an arrival at best much later.
    diverted = row["arr_time"] in _MISSING or row["air_time"] in _MISSING
    return FlightStatus.DIVERTED if diverted else FlightStatus.FLOWN


def _integer(text: str) -> int | None:
    return None if text in _MISSING else int(text)


def _number(text: str) -> float | None:
    return None if text in _MISSING else round(float(text), 2)
