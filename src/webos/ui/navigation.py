"""The pages of the running application, and who sees which."""

import difflib
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webos.kernel.context import User
from webos.kernel.errors import ConfigurationError
from webos.kernel.module import Module

if TYPE_CHECKING:
    from webos.ui.page import Page
    from webos.ui.visit import Visit

__all__ = ["PageBuilder", "PageEntry", "PageRegistry"]

PageBuilder = Callable[["Visit"], Awaitable[None]]
"""Builds the content of one page for one visit."""

_PATH = re.compile(r"^/$|^(/([\w.~-]+|\{[A-Za-z_]\w*\}))+$")
_RESERVED = frozenset(
    {"api", "auth", "login", "healthz", "readyz", "openapi.json", "docs", "redoc", "_webos", "_nicegui", "_nicegui_ws"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEntry:
    """One page.

    Attributes:
        path: Where it is, such as `/orders` or `/orders/{number}`.
        title: What people call it.
        builder: Builds its content.
        icon: Name of a Material icon.
        permission: What seeing it needs; any signed-in user where empty.
        module: Name of the module it belongs to; empty for the framework's own.
        group: Heading it stands under in the sidebar; the module's title where empty.
        order: Place among the pages of its module, the smallest first.
        keywords: Further words the palette finds it by.
        searchable: Whether sidebar and palette list it.
        visible: A further condition on the user; none where None.
    """

    path: str
    title: str
    builder: PageBuilder
    icon: str = "article"
    permission: str | None = None
    module: str = ""
    group: str = ""
    order: int = 100
    keywords: str = ""
    searchable: bool = True
    visible: Callable[[User], bool] | None = None

    def is_visible_to(self, user: User) -> bool:
        """Return whether `user` may open the page."""
        if not user.is_authenticated or (self.permission and not user.has_permission(self.permission)):
            return False
        return self.visible is None or self.visible(user)

    @property
    def is_listed(self) -> bool:
        """Whether the page stands in lists: a path with parameters leads nowhere without their values."""
        return self.searchable and "{" not in self.path

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters that `path` gives the page, or None where it is another page's path."""
        if "{" not in self.path:
            return {} if path == self.path else None
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


class PageRegistry:
    """All pages of one application; they come and go while it runs."""

    def __init__(self) -> None:
        self._entries: dict[str, PageEntry] = {}
        self._listeners: list[Callable[[], None]] = []

    def add(self, entry: PageEntry) -> None:
        """Make a page reachable at once, in open tabs too.

        A page of a module takes the place of one of the framework's own.

        Raises:
            ConfigurationError: The path is not one, is reserved, or belongs to another page.
        """
        if not _PATH.match(entry.path) or entry.path.split("/")[1] in _RESERVED:
            msg = f"{entry.path!r} cannot be the path of a page"
            raise ConfigurationError(msg)
        other = self._entries.get(entry.path)
        if other is not None and (other.module or not entry.module):
            msg = f"the path {entry.path} already belongs to the page “{other.title}” of {other.module or 'the framework'}"
            raise ConfigurationError(msg)
        self._entries[entry.path] = entry
        self._changed()

    def add_page(self, page: "type[Page]", module: Module) -> None:
        """Make a `Page` class of a module reachable.

        Raises:
            ConfigurationError: It has no usable path, or the path belongs to another page.
        """
        if not page.path:
            msg = f"{page.__name__} has no path"
            raise ConfigurationError(msg)
        self.add(page.entry(module.name, module.manifest.icon))

    def remove(self, path: str) -> None:
        """Forget the page at `path`; an unknown path is ignored."""
        if self._entries.pop(path, None) is not None:
            self._changed()

    def remove_module(self, name: str) -> None:
        """Forget all pages of a module."""
        for entry in [entry for entry in self if entry.module == name]:
            self.remove(entry.path)

    def __iter__(self) -> Iterator[PageEntry]:
        return iter(list(self._entries.values()))

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def find(self, path: str) -> tuple[PageEntry, dict[str, str]] | None:
        """Return the page at `path` and the parameters in it; a fixed path wins over one with parameters."""
        entry = self._entries.get(path)
        if entry is not None and "{" not in path:
            return entry, {}
        for candidate in self._entries.values():
            parameters = candidate.match(path)
            if parameters is not None:
                return candidate, parameters
        return None

    def visible_to(self, user: User) -> list[PageEntry]:
        """Return the pages that `user` may open and that stand in lists, in the order of the sidebar."""
        # The framework's own pages come first, whenever they were registered.
        modules = dict.fromkeys(["", *(entry.module for entry in self)])
        places = {name: place for place, name in enumerate(modules)}
        found = [entry for entry in self if entry.is_listed and entry.is_visible_to(user)]
        return sorted(found, key=lambda entry: (places[entry.module], entry.order))

    def similar_to(self, path: str, user: User, *, limit: int = 3) -> list[PageEntry]:
        """Return pages that somebody who asked for `path` may have meant.

        Args:
            path: What was asked for.
            user: Who asked; he is told of no page he may not open.
            limit: How many at most.
        """
        pages = {entry.path: entry for entry in self.visible_to(user) if entry.path != "/"}
        by_title = {entry.title.lower(): entry for entry in pages.values()}
        word = path.strip("/").split("/")[-1].replace("-", " ").replace("_", " ").lower()
        found = [pages[name] for name in difflib.get_close_matches(path, pages, n=limit, cutoff=0.5)]
        found += [by_title[name] for name in difflib.get_close_matches(word, by_title, n=limit, cutoff=0.6)]
        return list(dict.fromkeys(found))[:limit]

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()
