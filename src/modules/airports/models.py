from datetime import datetime
from typing import Annotated

from pydantic import Field

from webos.sdk import CoreDocument, Indexed, Link


class Airport(CoreDocument):
    """An airport by its FAA code."""

    code: Annotated[str, Indexed(unique=True)] = Field(min_length=3, max_length=4, title="Code")
    name: str = Field(min_length=1, title="Name")
    latitude: float = Field(ge=-90, le=90, title="Latitude")
    longitude: float = Field(ge=-180, le=180, title="Longitude")
    altitude: int = Field(default=0, title="Altitude (ft)")
    time_zone: str = Field(default="", title="Time zone")

    class Settings:
        label = "code"
        sort = "code"


class Weather(CoreDocument):
    """The weather at an airport in one hour."""

    airport: Link["Airport"]
    hour: Annotated[datetime, Indexed()] = Field(title="Hour")
    temperature: float | None = Field(default=None, title="Temperature (°F)")
    humidity: float | None = Field(default=None, ge=0, le=100, title="Humidity (%)")
    wind_speed: float | None = Field(default=None, ge=0, title="Wind (mph)")
    precipitation: float | None = Field(default=None, ge=0, title="Rain (in)")
    pressure: float | None = Field(default=None, title="Pressure (mbar)")
    visibility: float | None = Field(default=None, ge=0, title="Visibility (mi)")

    class Settings:
        label = "hour"
