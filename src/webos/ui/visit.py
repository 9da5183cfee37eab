"""One visit to one page: what its builder is given."""

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nicegui.page_arguments import PageArguments

from webos.ui.layout import SlotBuilder
from webos.ui.markup import text

if TYPE_CHECKING:
    from webos.ui.interface import Interface
    from webos.ui.navigation import PageEntry
    from webos.ui.tabs import Tab

__all__ = ["Visit", "run_builder"]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page's builder knows of the visit it builds for.

    Attributes:
        interface: The interface of the application.
        tab: The tab that shows the page.
        entry: The page.
        arguments: Parameters of the path and of the query.
    """

    interface: "Interface"
    tab: "Tab"
    entry: "PageEntry"
    arguments: PageArguments

    def add_header(self, title: str, lead: str = "") -> None:
        """Add the page's main heading.

        Args:
            title: The heading.
            lead: A sentence below it.
        """
        text("h1", title)
        if lead:
            text("p", lead, "w-page__lead")


async def run_builder(builder: SlotBuilder) -> None:
    """Call a builder, and await it where it is async."""
    result = builder()
    if inspect.isawaitable(result):
        await result
