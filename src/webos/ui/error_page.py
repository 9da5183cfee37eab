"""The page for when not even the shell can be built: no script, no websocket, nothing that can fail."""

from html import escape

from starlette.responses import HTMLResponse

from webos.ui.assets import STATIC_PATH
from webos.ui.failures import Explanation

__all__ = ["plain_error_page"]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Error · {brand}</title><link rel="stylesheet" href="{styles}">
<style>body {{ display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 24px; text-align: center;
background: var(--w-bg); color: var(--w-text); font: 14px/20px var(--w-font) }} h1 {{ font-size: 24px }}
p {{ color: var(--w-text-muted) }} a {{ color: var(--w-primary-text) }}</style></head>
<body><main><h1>{message}</h1><p>{detail}</p><p><a href="">Try again</a></p></main></body></html>
"""


def plain_error_page(told: Explanation, brand: str, base_path: str) -> HTMLResponse:
    """Return a page that says that something failed, and nothing of what.

    Args:
        told: What to tell.
        brand: The product's name.
        base_path: Path the application is mounted under.
    """
    page = _PAGE.format(
        brand=escape(brand),
        styles=escape(f"{base_path}{STATIC_PATH}/tokens.css"),
        message=escape(told.message),
        detail=escape(told.detail),
    )
    return HTMLResponse(page, 500)
