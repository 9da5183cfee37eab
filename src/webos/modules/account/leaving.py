"""Leaving for a page outside of the shell: passwords and secrets never pass through a websocket."""

from nicegui import ui

__all__ = ["leave"]


def leave(label: str, name: str, path: str) -> None:
    """Add a button that goes to a page outside of the shell.

    Args:
        label: What it says.
        name: What it is called for those who do not see it.
        path: Where it goes, below the path the server is mounted under.
    """
    form = ui.element("form")
    form.props["method"] = "get"
    form.props["action"] = ui.context.client.request.scope.get("root_path", "") + path
    with form:
        button = ui.element("button").classes("w-button w-button--secondary")
        button.props["type"] = "submit"
        button.props["aria-label"] = name
        with button:
            ui.label(label)
