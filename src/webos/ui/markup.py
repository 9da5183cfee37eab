"""Plain HTML elements with text: cheaper than Quasar components, and with the right meaning for screen readers."""

from nicegui.context import context
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

__all__ = ["box", "icon", "link", "text"]


def text(tag: str, content: str, classes: str = "") -> TextElement:
    """Add an element that shows plain text.

    Args:
        tag: HTML tag.
        content: The text; never read as markup.
        classes: CSS classes.
    """
    element = TextElement(tag=tag, text=content)
    return element.classes(classes) if classes else element


def box(tag: str = "div", classes: str = "") -> Element:
    """Add an element that holds others; use it in a `with` statement."""
    element = Element(tag)
    return element.classes(classes) if classes else element


def icon(name: str) -> TextElement:
    """Add a Material icon; it says nothing to screen readers."""
    element = text("span", name, "w-icon")
    element.props["aria-hidden"] = "true"
    return element


def link(path: str, content: str = "", classes: str = "") -> TextElement:
    """Add a link to a page of the application; it changes the page without a reload.

    Args:
        path: The page's path, without the one the application is mounted under.
        content: The text; never read as markup.
        classes: CSS classes.
    """
    element = text("a", content, classes)
    element.props["href"] = context.client.request.scope.get("root_path", "") + path
    return element
