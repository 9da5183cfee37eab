from webos.sdk import Page

from .models import Airline, Plane


class PlanesPage(Page):
    """All aircraft."""

    path = "/fleet"
    title = "Planes"
    icon = "flight"
    permission = "fleet.read"

    async def build(self) -> None:
        """Show the table of planes."""
        self.add_table(Plane)


class AirlinesPage(Page):
    """All airlines."""

    path = "/fleet/airlines"
    title = "Airlines"
    icon = "airlines"
    permission = "fleet.read"

    async def build(self) -> None:
        """Show the table of airlines and a form for a new one."""
        self.add_table(Airline)
        self.add_form(Airline)
