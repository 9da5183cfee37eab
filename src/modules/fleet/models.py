from typing import Annotated

from pydantic import Field

from webos.sdk import CoreDocument, Indexed


class Airline(CoreDocument):
    """A carrier by its IATA code."""

    code: Annotated[str, Indexed(unique=True)] = Field(min_length=2, max_length=2, title="Code")
    name: str = Field(min_length=1, title="Name")

    class Settings:
        label = "name"
        sort = "code"


class Plane(CoreDocument):
    """An aircraft by its tail number."""

    tail_number: Annotated[str, Indexed(unique=True)] = Field(min_length=1, max_length=8, title="Tail number")
    manufacturer: str = Field(title="Manufacturer")
    model: str = Field(title="Model")
    year: int | None = Field(default=None, ge=1930, le=2100, title="Built")
    kind: str = Field(default="", title="Kind")
    engines: int = Field(default=2, ge=1, le=8, title="Engines")
    engine: str = Field(default="", title="Engine")
    seats: int = Field(default=0, ge=0, le=1000, title="Seats")

    class Settings:
        label = "tail_number"
        sort = "tail_number"
