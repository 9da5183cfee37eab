"""The documents."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from pymongo import IndexModel

from webos.sdk import CoreDocument, Indexed, Link


class Airline(CoreDocument):
    """A carrier."""

    code: Annotated[str, Indexed(unique=True)]
    name: str


class Flight(CoreDocument):
    """One flight."""

    number: str
    airline: Link["Airline"] | None = None
    plane: Annotated[str, Indexed()] = ""
    origin: str
    destination: str
    route: str
    departure: Annotated[datetime, Indexed()]
    departure_delay: int | None = None
    arrival_delay: int | None = None
    air_time: int | None = None
    distance: int = Field(default=0, ge=0)

    class Settings:
        """Grids open in the order of departure; a route's flights are found in that order."""

        label = "number"
        indexes = (IndexModel([("route", 1), ("departure", 1)]),)
