from datetime import datetime
from enum import Enum
from typing import Annotated

from pydantic import Field

from webos.sdk import CoreDocument, Indexed, Link


class FlightStatus(Enum):
    """What became of a flight."""

    FLOWN = "flown"
    CANCELLED = "cancelled"
    DIVERTED = "diverted"


class Flight(CoreDocument):
    """One flight that was to leave New York."""

    number: str = Field(min_length=3, max_length=8, title="Flight")
    departure: Annotated[datetime, Indexed()] = Field(title="Scheduled departure")
    route: str = Field(title="Route")
    airline: Link["fleet.Airline"] | None = None
    plane: Link["fleet.Plane"] | None = None
    origin: Link["airports.Airport"] | None = None
    destination: Link["airports.Airport"] | None = None
    status: FlightStatus = Field(default=FlightStatus.FLOWN, title="Status")
    departure_delay: Annotated[int | None, Indexed()] = Field(
        default=None, ge=-120, le=2880, title="Departure delay (min)"
    )
    arrival_delay: int | None = Field(default=None, ge=-180, le=2880, title="Arrival delay (min)")
    air_time: int | None = Field(default=None, ge=0, le=1440, title="Air time (min)")
    distance: int = Field(default=0, ge=0, le=12500, title="Distance (mi)")
    hour: int = Field(ge=0, le=23, title="Hour of departure, local")
    weather: Link["airports.Weather"] | None = None
    wind_speed: float | None = Field(default=None, ge=0, title="Wind (mph)")
    visibility: float | None = Field(default=None, ge=0, title="Visibility (mi)")

    class Settings:
        label = "number"
        sort = "id"


class DelaySummary(CoreDocument):
    """Figures over all flights, kept so that the dashboard opens at once.

    Each group is its key, the mean departure delay in minutes, and the number of departures.

    Attributes:
        name: Which flights.
        flights: Number of flights.
        departed: Number of those that left.
        cancelled: Number of those that were cancelled.
        mean_departure_delay: In minutes, of those that left.
        on_time_share: Of those that left, the part that did so less than 15 minutes late.
        changed_at: When one of the flights was changed last, as far as these figures know.
        by_carrier: By name of the airline, the latest first.
        by_hour: By local hour of the scheduled departure.
        by_visibility: By the miles at which the group begins.
        by_wind: By the miles per hour at which the group begins.
    """

    name: Annotated[str, Indexed(unique=True)]
    flights: int = 0
    departed: int = 0
    cancelled: int = 0
    mean_departure_delay: float = 0
    on_time_share: float = 0
    changed_at: datetime | None = None
    by_carrier: list[tuple[str, float, int]] = Field(default_factory=list)
    by_hour: list[tuple[int, float, int]] = Field(default_factory=list)
    by_visibility: list[tuple[float, float, int]] = Field(default_factory=list)
    by_wind: list[tuple[int, float, int]] = Field(default_factory=list)
