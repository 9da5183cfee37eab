"""The sidebar's content: pages under the headings of their modules."""

from collections.abc import Iterable
from typing import Any

from webos.kernel.loader import ModuleSet
from webos.ui.navigation import PageEntry

__all__ = ["ADMIN_GROUP", "menu_sections"]

ADMIN_GROUP = "Administration"
"""Heading of the admin panel's pages; it stands last."""


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
