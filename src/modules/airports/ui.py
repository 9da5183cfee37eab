from webos.sdk import Page

from .models import Airport, Weather


class AirportsPage(Page):
    """All airports."""

    path = "/airports"
    title = "Airports"
    icon = "connecting_airports"
    permission = "airports.read"

    async def build(self) -> None:
        """Show the table of airports."""
        self.add_table(Airport)


class WeatherPage(Page):
    """The weather, hour by hour."""

    path = "/airports/weather"
    title = "Weather"
    icon = "partly_cloudy_day"
    permission = "airports.read"

    async def build(self) -> None:
        """Show the table of hours."""
        self.add_table(Weather)
