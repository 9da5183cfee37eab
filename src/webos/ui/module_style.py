"""Stylesheets of modules: each counts in the pages of its module, and nowhere else."""

import re
from collections.abc import Callable
from pathlib import Path

from loguru import logger
from nicegui import ui
from nicegui.functions.html import add_head_html as add_to_head
from nicegui.functions.style import add_css as add_stylesheet

__all__ = ["confine_styles", "scoped"]

_STYLE = re.compile(r"(<style[^>]*>)(.*?)(</style>)", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|[{}]', re.DOTALL)
_EVERYWHERE = "[data-module]"


def scoped(css: str, owner: str) -> str:
    """Return a stylesheet that reaches only what stands in pages and widgets of one module.

    Args:
        css: The stylesheet.
        owner: Name of the module; pages of any module where empty, but never the frame around them.

    Returns:
        The stylesheet; empty where it is not one that ends where it ends.
    """
    depth = 0
    for found in _BLOCK.findall(css):
        depth += {"{": 1, "}": -1}.get(found, 0)
        if depth < 0:
            break
    if depth or "/*" in _BLOCK.sub("", css):
        logger.warning("a stylesheet of {} was left out: its braces or comments do not match", owner or "a module")
        return ""
    root = f'[data-module="{owner}"]' if owner else _EVERYWHERE
    return f"@scope ({root}) {{\n{css}\n}}"


def confine_styles(owner: Callable[[], str]) -> None:
    """Confine what modules add by `ui.add_css` and as `<style>` by `ui.add_head_html`.

    Args:
        owner: Returns the module whose page is being built, empty outside of one.
    """

    def add_css(content: str | Path, *, shared: bool = False) -> None:
        css = content.read_text(encoding="utf-8") if isinstance(content, Path) else content
        add_stylesheet(scoped(css, "" if shared else owner()), shared=shared)

    def add_head_html(code: str, *, shared: bool = False) -> None:
        whose = "" if shared else owner()
        add_to_head(_STYLE.sub(lambda found: f"{found[1]}{scoped(found[2], whose)}{found[3]}", code), shared=shared)

    ui.add_css = add_css
    ui.add_head_html = add_head_html
