"""The pages."""

from nicegui import ui

from webos.sdk import Page


class GreetingPage(Page):
    """As little as a page can have."""

    path = "/flightlog/greeting"
    title = "Greeting"
    permission = "flightlog.read"

    async def build(self) -> None:
        """Show a word."""
        ui.label("Hello").props("id=greeting")


class CounterPage(Page):
    """A button and what it counts."""

    path = "/flightlog/counter"
    title = "Counter"
    permission = "flightlog.read"

    async def build(self) -> None:
        """Show both."""
        self._count = 0
        ui.button("More", on_click=self._more).props("id=more")
        self._label = ui.label("0").props("id=count")

    def _more(self) -> None:
        self._count += 1
        self._label.set_text(str(self._count))
