"""Cards that stand in a page when there is nothing, or nothing good, to show."""

from collections.abc import Iterable

from nicegui.element import Element

from webos.kernel.context import current_trace_id
from webos.ui.failures import Explanation
from webos.ui.markup import box, icon, link, text

__all__ = ["empty_state", "error_card", "note", "page_state"]


def note(title: str, content: str = "", *, symbol: str = "info") -> Element:
    """Add a quiet remark.

    Args:
        title: What it is about.
        content: More of it.
        symbol: Name of a Material icon.
    """
    with box(classes="w-notice") as card:
        icon(symbol)
        with box(classes="w-notice__body"):
            text("strong", title)
            if content:
                text("p", content)
    return card


def error_card(explanation: Explanation) -> Element:
    """Add a card that says what failed, and the trace id by which an operator finds why."""
    with box(classes="w-notice w-notice--error") as card:
        card.props["role"] = "alert"
        icon("error")
        with box(classes="w-notice__body"):
            text("strong", explanation.message)
            if explanation.detail:
                text("p", "The error was recorded. Name this reference to your administrator:")
                text("code", current_trace_id())
    return card


def empty_state(
    symbol: str, title: str, content: str = "", *, links: Iterable[tuple[str, str]] = (), classes: str = ""
) -> Element:
    """Add a friendly card for when there is nothing to show yet.

    Args:
        symbol: Name of a Material icon.
        title: What is missing.
        content: What to do about it.
        links: Path and text of each place to go to.
        classes: Further CSS classes.
    """
    with box(classes=f"w-empty {classes}") as card:
        icon(symbol)
        text("h2", title)
        if content:
            text("p", content)
        links = list(links)
        if links:
            with box(classes="w-row"):
                for path, label in links:
                    link(path, label, "w-button w-button--secondary")
    return card


def page_state(symbol: str, title: str, content: str, *, links: Iterable[tuple[str, str]] = ()) -> Element:
    """Fill the page with a message, as its main heading: not found, not permitted.

    Args:
        symbol: Name of a Material icon.
        title: What is the matter.
        content: What to do about it.
        links: Path and text of each place to go to.
    """
    with box(classes="w-page") as page, box(classes="w-empty w-empty--page"):
        icon(symbol)
        text("h1", title)
        text("p", content)
        with box(classes="w-row"):
            for path, label in links:
                link(path, label, "w-button w-button--secondary")
    return page
