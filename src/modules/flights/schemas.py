from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .models import FlightStatus


class FlightRead(BaseModel):
    """A flight as the API answers it."""

    id: str
    revision: int
    number: str
    departure: datetime
    route: str
    status: FlightStatus
    departure_delay: int | None
    arrival_delay: int | None
    air_time: int | None
    distance: int


class FlightPage(BaseModel):
    """Some consecutive flights.

    Attributes:
        rows: The flights, in the order of their ids.
        next: What to give as `after` for the flights behind these; None where there are no more.
    """

    rows: list[FlightRead]
    next: str | None


class FlightChange(BaseModel):
    """What may be changed over the API; fields that are left out stay as they are.

    Attributes:
        revision: The revision that the caller has seen; the change is refused if there is a later one.
    """

    model_config = ConfigDict(extra="forbid")

    status: FlightStatus | None = None
    departure_delay: int | None = Field(default=None, ge=-120, le=2880)
    arrival_delay: int | None = Field(default=None, ge=-180, le=2880)
    revision: int | None = None

    @field_validator("status")
    @classmethod
    def _demand_status(cls, value: FlightStatus | None) -> FlightStatus:
        if value is None:
            msg = "a flight has a status; leave it out to keep it"
            raise ValueError(msg)
        return value


class ImportRequest(BaseModel):
    """Which flights to import.

    Attributes:
        everything: All of 2013, or January only.
    """

    model_config = ConfigDict(extra="forbid")

    everything: bool = False


class ImportStarted(BaseModel):
    """The background task of an import."""

    task_id: str
