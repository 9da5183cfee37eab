"""The first page: the widgets that modules offer, and quick ways to the user's pages. And the same for the admin panel."""

import asyncio
from typing import TYPE_CHECKING

from nicegui.element import Element

from webos.kernel.context import User, current_user
from webos.ui.cards import empty_state
from webos.ui.layout import Component
from webos.ui.markup import box, icon, link, text
from webos.ui.menu import ADMIN_GROUP, group_title
from webos.ui.navigation import PageEntry
from webos.ui.shell import fill_widget
from webos.ui.visit import Visit

if TYPE_CHECKING:
    from webos.ui.interface import Interface

__all__ = ["AdminHome", "build_home"]

_MOST_LINKS = 12


async def build_home(visit: Visit) -> None:
    """Build the home page."""
    user = current_user()
    interface = visit.interface
    pages = [entry for entry in interface.pages.visible_to(user) if entry.path != "/" and entry.group != ADMIN_GROUP]
    widgets = interface.layout.components("dashboard_widget", user)
    visit.add_header(f"Welcome, {getattr(user, 'display_name', '') or user.username}")
    await _add_widgets(widgets)
    if pages:
        with box("section", "w-section"):
            text("h2", "Your pages")
            _add_links(pages[:_MOST_LINKS], interface)
    elif not widgets:
        empty_state(
            "waving_hand",
            "Nothing here yet",
            "Pages appear here as soon as a module offers them to you. Ask your administrator for access if you miss one.",
        )


class AdminHome:
    """The first page of the admin panel; somebody who may see nothing in it does not see it either.

    Args:
        interface: The interface of the application.
    """

    def __init__(self, interface: "Interface") -> None:
        self._interface = interface

    def entry(self) -> PageEntry:
        """Return the page, to be registered."""
        return PageEntry(
            path="/admin",
            title="Overview",
            builder=self._build,
            icon="admin_panel_settings",
            group=ADMIN_GROUP,
            order=0,
            keywords="admin panel administration",
            visible=self.has_content_for,
        )

    def has_content_for(self, user: User) -> bool:
        """Return whether there is anything in the panel that `user` may see."""
        return bool(self._widgets(user) or self._pages(user))

    async def _build(self, visit: Visit) -> None:
        user = current_user()
        visit.add_header("Administration")
        await _add_widgets(self._widgets(user))
        pages = self._pages(user)
        if pages:
            with box("section", "w-section"):
                text("h2", "Manage")
                _add_links(pages, visit.interface)

    def _widgets(self, user: User) -> list[Component]:
        return self._interface.layout.components("admin_widget", user)

    def _pages(self, user: User) -> list[PageEntry]:
        return [
            entry
            for entry in self._interface.pages
            if entry.group == ADMIN_GROUP and entry.path != "/admin" and entry.is_listed and entry.is_visible_to(user)
        ]


async def _add_widgets(widgets: list[Component]) -> None:
    if not widgets:
        return
    with box("section", "w-widgets"):
        cards = [(box("section", "w-card w-widget"), widget) for widget in widgets]
    await asyncio.gather(*(_fill_card(card, widget) for card, widget in cards))


async def _fill_card(card: Element, widget: Component) -> None:
    card.props["data-module"] = widget.owner
    with card:
        if widget.title:
            text("h2", widget.title, "w-widget__title")
        await fill_widget(widget)


def _add_links(pages: list[PageEntry], interface: "Interface") -> None:
    with box("ul", "w-links"):
        for entry in pages:
            with box("li"), link(entry.path):
                icon(entry.icon)
                with box("span"):
                    text("span", entry.title)
                    where = group_title(entry, interface.modules)
                    if where and where not in {entry.title, ADMIN_GROUP}:
                        text("small", where)
