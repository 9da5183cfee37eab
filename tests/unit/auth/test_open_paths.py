"""What is open to visitors."""

import pytest

from webos.auth.open_paths import OpenPaths

OPEN = OpenPaths({"/news"}.__contains__)


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/favicon.ico",
        "/_webos/static/tokens.css",
        "/_nicegui/3.18.0/static/nicegui.js",
        "/_nicegui/3.18.0/components/input.js",
        "/_nicegui/3.18.0/libraries/x/y.js",
        "/_nicegui/3.18.0/esm/a/b.js",
        "/_nicegui/3.18.0/resources/a/b",
    ],
)
def test_assets_need_nobody(path: str) -> None:
    """Health and the files that ship with the product are the same for everybody."""
    assert OPEN.without_user("GET", path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/healthz"),
        ("GET", "/healthz/"),
        ("GET", "/healthz/x"),
        ("POST", "/_webos/static/x"),
        ("GET", "/_webos/"),
        ("GET", "/_webos/grid/rows"),
        ("GET", "/_nicegui/client/abc/upload/1"),
        ("GET", "/_nicegui/auto/static/t/report.pdf"),
        ("GET", "/_nicegui/auto/media/t/film.mp4"),
        ("GET", "/_nicegui/3.18.0/dynamic_resources/x"),
        ("GET", "/_nicegui/3.18.0/static"),
        ("GET", "/x/_nicegui/3.18.0/static/x"),
        ("GET", "/_nicegui_ws/socket.io/"),
        ("", "/_webos/static/x"),
    ],
)
def test_everything_else_needs_somebody(method: str, path: str) -> None:
    """Uploads, generated files, grids and what only looks like an asset are closed."""
    assert not OPEN.without_user(method, path)


@pytest.mark.parametrize("path", ["/login", "/auth/login", "/auth/logout", "/api/shop/orders", "/news"])
def test_open_to_visitors(path: str) -> None:
    """Signing in, the API, whose routes ask themselves, and public paths are open."""
    assert OPEN.to_visitors(path)


@pytest.mark.parametrize(
    "path", ["/", "/login/", "/loginx", "/auth/me", "/auth", "/api", "/apix/y", "/newsx", "/admin", "//login"]
)
def test_closed_to_visitors(path: str) -> None:
    """Everything that is not on the list is closed."""
    assert not OPEN.to_visitors(path)
