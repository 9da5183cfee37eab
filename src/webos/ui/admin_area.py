"""The admin panel as modules see it: they add pages and widgets (§9.1 of the specification)."""

import re

from webos.ui.layout import LayoutManager, SlotBuilder
from webos.ui.menu import ADMIN_GROUP
from webos.ui.navigation import PageEntry, PageRegistry
from webos.ui.visit import Visit, run_builder

__all__ = ["AdminArea"]


class AdminArea:
    """Takes pages and widgets for the admin panel.

    Args:
        pages: The pages of the application.
        layout: Where widgets go.
        owner: Module on whose behalf everything is added.
    """

    def __init__(self, pages: PageRegistry, layout: LayoutManager, owner: str = "") -> None:
        self._pages = pages
        self._layout = layout
        self._owner = owner

    def owned_by(self, owner: str) -> "AdminArea":
        """Return the same area; what is added through it belongs to the module `owner`."""
        return AdminArea(self._pages, self._layout.owned_by(owner), owner)

    def add_page(
        self,
        title: str,
        builder: SlotBuilder,
        *,
        icon: str = "settings",
        permission: str | None = None,
        path: str | None = None,
        order: int = 100,
    ) -> None:
        """Add a page to the admin panel.

        Args:
            title: Its name.
            builder: Builds its content with NiceGUI's elements; sync or async.
            icon: Name of a Material icon.
            permission: What seeing it needs; any signed-in user where None.
            path: Where it is; `/admin/<title>` where None.
            order: Place among the pages of its module.

        Raises:
            ConfigurationError: The path belongs to another page.
        """

        async def build(visit: Visit) -> None:
            visit.add_header(title)
            await run_builder(builder)

        entry = PageEntry(
            path=path or f"/admin/{_slug(title)}",
            title=title,
            builder=build,
            icon=icon,
            permission=permission,
            module=self._owner,
            group=ADMIN_GROUP,
            order=order,
        )
        self._pages.add(entry)

    def add_widget(self, title: str, builder: SlotBuilder, *, permission: str | None = None, order: int = 0) -> None:
        """Add a widget to the admin panel's first page.

        Args:
            title: Its heading.
            builder: Builds its content with NiceGUI's elements; sync or async.
            permission: What seeing it needs; any signed-in user where None.
            order: Place among the widgets, the smallest first.
        """
        self._layout.add("admin_widget", builder, title=title, order=order, permission=permission)

    def remove_owner(self, owner: str) -> None:
        """Take away all pages and widgets of the module `owner`."""
        self._layout.remove_owner(owner)
        for entry in list(self._pages):
            if entry.module == owner and entry.group == ADMIN_GROUP:
                self._pages.remove(entry.path)


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
