"""The sidebar's content: pages under the headings of their modules."""

from collections.abc import Iterable
from typing import Any

import orjson

from webos.kernel.context import User
from webos.kernel.loader import ModuleSet
from webos.ui.layout import LayoutManager
from webos.ui.navigation import PageEntry, PageRegistry

__all__ = ["ADMIN_GROUP", "Menu", "group_title", "menu_sections"]

ADMIN_GROUP = "Administration"
"""Heading of the admin panel's pages; it stands last."""


_MOST_CACHED = 256


class Menu:
    """Sidebar and palette as JSON, one text for all users who see the same: most of what a tab would cost otherwise.

    Args:
        pages: The pages.
        layout: Where the palette's actions are.
        modules: Where the titles of modules are.
    """

    def __init__(self, pages: PageRegistry, layout: LayoutManager, modules: ModuleSet) -> None:
        self._pages = pages
        self._layout = layout
        self._modules = modules
        self._texts: dict[tuple[str, ...], str] = {}
        pages.on_change(self._texts.clear)

    def navigation(self, user: User) -> str:
        """Return the sections of the sidebar that `user` sees."""
        entries = self._pages.visible_to(user)
        key = ("pages", *(entry.path for entry in entries))
        if key not in self._texts:
            self._keep(key, menu_sections(entries, self._modules))
        return self._texts[key]

    def actions(self, user: User) -> str:
        """Return the palette's actions that `user` may run."""
        actions = list(self._layout.actions(user))
        key = ("actions", *(action.id for action in actions))
        if key not in self._texts:
            fields = ("id", "title", "icon", "keywords")
            self._keep(key, [{name: getattr(action, name) for name in fields} for action in actions])
        return self._texts[key]

    def _keep(self, key: tuple[str, ...], value: list[dict[str, Any]]) -> None:
        if len(self._texts) >= _MOST_CACHED:
            self._texts.clear()
        self._texts[key] = orjson.dumps(value).decode()


def menu_sections(entries: Iterable[PageEntry], modules: ModuleSet) -> list[dict[str, Any]]:
    """Return the sections of the sidebar, as the browser wants them.

    A module with a single page needs no heading: its page stands in the first section.

    Args:
        entries: The pages to list, in their order.
        modules: Where the titles of modules are.
    """
    groups: dict[str, list[PageEntry]] = {}
    for entry in entries:
        groups.setdefault(group_title(entry, modules), []).append(entry)
    single: list[PageEntry] = groups.pop("", [])
    admin = sorted(groups.pop(ADMIN_GROUP, []), key=lambda entry: entry.order)
    for title in [title for title, members in groups.items() if len(members) == 1 and not members[0].group]:
        single += groups.pop(title)
    sections = [("", single), *groups.items(), (ADMIN_GROUP, admin)]
    return [
        {"title": title, "items": [_item(entry, group_title(entry, modules)) for entry in members]}
        for title, members in sections
        if members
    ]


def group_title(entry: PageEntry, modules: ModuleSet) -> str:
    """Return the heading a page belongs under, empty for none."""
    if entry.group or not entry.module:
        return entry.group
    return modules[entry.module].manifest.label if entry.module in modules else entry.module


def _item(entry: PageEntry, where: str) -> dict[str, str]:
    item = {"path": entry.path, "title": entry.title, "icon": entry.icon}
    if entry.keywords:
        item["keywords"] = entry.keywords
    if where and where != entry.title:
        item["where"] = where
    return item
