from typing import NamedTuple

from bson import DBRef


class Conditions(NamedTuple):
    """What the weather was like for a flight.

    Attributes:
        link: Link to the hour of weather.
        wind_speed: In miles per hour.
        visibility: In miles.
    """

    link: DBRef
    wind_speed: float | None
    visibility: float | None
