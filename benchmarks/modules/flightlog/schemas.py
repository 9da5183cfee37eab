"""What the API answers."""

from datetime import datetime

from pydantic import BaseModel


class FlightRead(BaseModel):
    """A flight as the list answers it."""

    number: str
    plane: str
    origin: str
    destination: str
    departure: datetime
    departure_delay: int | None
    arrival_delay: int | None
    distance: int
