"""The part of the shell that shows the page of the current path, and changes it without a reload."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nicegui.elements.sub_pages import SubPages
from nicegui.page_arguments import PageArguments, RouteMatch
from starlette.datastructures import QueryParams

from webos.kernel.context import current_user
from webos.kernel.errors import PermissionDeniedError
from webos.ui.cards import error_card, page_state
from webos.ui.failures import explain
from webos.ui.markup import box
from webos.ui.menu import group_title
from webos.ui.navigation import PageEntry
from webos.ui.visit import Visit

if TYPE_CHECKING:
    from webos.ui.interface import Interface
    from webos.ui.shell import Shell

__all__ = ["PageArea"]

_NOT_FOUND = 404
_FORBIDDEN = 403


class PageArea(SubPages):
    """Shows pages from the registry.

    Changing the page is an event of the websocket, which no middleware sees: so permissions are checked here.

    Args:
        interface: The interface of the application.
        shell: The frame around this area.
    """

    def __init__(self, interface: "Interface", shell: "Shell") -> None:
        self._interface = interface
        self._shell = shell
        super().__init__(show_404=False)
        self.classes("w-area")

    async def settle(self, seconds: float) -> None:
        """Wait until the page is built, but no longer than `seconds`: a slow one is filled in later."""
        if self._active_tasks:
            await asyncio.wait(set(self._active_tasks), timeout=seconds)

    def _find_matching_path(self) -> RouteMatch:
        parts = urlsplit(self._router.current_path)
        path = "/" + parts.path.strip("/")
        found = self._interface.pages.find(path)
        entry, parameters = found or (None, {})
        return RouteMatch(
            path=path,
            pattern=path,
            builder=partial(self._build, entry),
            parameters=parameters,
            query_params=QueryParams(parts.query),
            fragment=parts.fragment,
        )

    async def _build(self, entry: PageEntry | None, arguments: PageArguments) -> None:
        try:
            if entry is None:
                self._not_found(arguments.path)
            elif not entry.is_visible_to(current_user()):
                self._forbidden(entry)
            else:
                await self._visit(entry, arguments)
        finally:
            self._shell.settled()

    async def _visit(self, entry: PageEntry, arguments: PageArguments) -> None:
        group = group_title(entry, self._interface.modules)
        self._shell.show(arguments.path, entry.title, "" if group == entry.title else group)
        self._shell.module = entry.module
        with box(classes="w-page") as page:
            page.props["data-module"] = entry.module
            try:
                if entry.module in self._interface.modules:
                    self._interface.modules[entry.module].demand_running()
                await entry.builder(Visit(self._interface, self._shell.tab, entry, arguments))
            except PermissionDeniedError as error:
                error_card(explain(error))
            except Exception as error:  # noqa: BLE001 - the boundary between the shell and a module
                error_card(explain(error))

    def _not_found(self, path: str) -> None:
        self._status(_NOT_FOUND)
        self._shell.show(path, "Page not found", "")
        similar = self._interface.pages.similar_to(path, current_user())
        hint = "Did you mean one of these?" if similar else "It may have been moved, or the address has a typo."
        page_state(
            "travel_explore",
            "Page not found",
            f"There is nothing at {path}. {hint}",
            links=[*((entry.path, entry.title) for entry in similar), ("/", "Go to the home page")],
        )

    def _forbidden(self, entry: PageEntry) -> None:
        self._status(_FORBIDDEN)
        self._shell.show(entry.path, "No access", "")
        page_state(
            "lock",
            "You do not have access to this page",
            f"It needs the permission “{entry.permission}”. Ask your administrator if you should have it.",
            links=[("/", "Go to the home page")],
        )

    def _status(self, code: int) -> None:
        if self._router.is_initial_request:
            self.client.status_code = code
