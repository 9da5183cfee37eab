"""The interface's own files: one stylesheet, the browser modules, the fonts; served from this machine only."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI
from nicegui.dependencies import register_importmap_override
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["JS_FOLDER", "STATIC_PATH", "Assets"]

STATIC_PATH = "/_webos/static"
_FOLDER = Path(__file__).parent / "static"
JS_FOLDER = _FOLDER / "js"
_STYLESHEET = "webos.css"
_FOREVER = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=3600"
_VENDORED = {"webos/fuse": "vendor/fuse.min.mjs"}

# Before anything is painted: the theme and the width of the sidebar that this browser chose.
_EARLY_SCRIPT = """\
<script>(() => {
  const get = (key) => { try { return localStorage.getItem(key) } catch { return null } };
  const root = document.documentElement.dataset;
  const theme = get("webos-theme");
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.theme = dark ? "dark" : "light";
  if (get("webos-sidebar") === '"rail"') root.sidebar = "rail";
  window.webosDark = () => (theme ? theme === "dark" : undefined);
})()</script>"""


class _StaticFiles(StaticFiles):
    """Static files that a browser keeps for good where the address names a version."""

    def __init__(self, directory: Path, stylesheet: bytes) -> None:
        super().__init__(directory=directory)
        self._sheet = stylesheet

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path == _STYLESHEET:
            response = Response(self._sheet, media_type="text/css")
        else:
            response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _FOREVER if scope.get("query_string") else _SHORT
        return response


class Assets:
    """The files of one version of the interface.

    Args:
        base_path: Path under which browsers reach the application, without a trailing slash; empty at the root.

    Attributes:
        version: Changes with the content of any file.
    """

    def __init__(self, base_path: str = "") -> None:
        self._base = base_path
        digest = hashlib.sha256()
        for file in sorted(path for path in _FOLDER.rglob("*") if path.is_file()):
            digest.update(file.read_bytes())
        self.version = digest.hexdigest()[:12]
        # A preloaded font is used only where the stylesheet names the very same address.
        self._stylesheet = b"\n".join(
            file.read_bytes().replace(b".woff2", f".woff2?v={self.version}".encode()) for file in self._style_sources()
        )

    def url(self, name: str) -> str:
        """Return the address of a file, with its version."""
        return f"{self._base}{STATIC_PATH}/{name}?v={self.version}"

    def mount(self, app: FastAPI) -> None:
        """Serve the files, and tell browsers where the modules of our components are."""
        app.mount(STATIC_PATH, GZipMiddleware(_StaticFiles(_FOLDER, self._stylesheet), minimum_size=1000))
        for name, url in self._modules():
            register_importmap_override(name, url)

    def head(self) -> str:
        """Return what every page needs in its `<head>`."""
        preloads = [
            f'<link rel="preload" href="{self.url("fonts/inter-latin-wght-normal.woff2")}" as="font" crossorigin>',
            *(f'<link rel="modulepreload" href="{url}">' for name, url in self._modules() if name in self._at_once()),
        ]
        return "\n".join([_EARLY_SCRIPT, f'<link rel="stylesheet" href="{self.url(_STYLESHEET)}">', *preloads])

    def _modules(self) -> Iterable[tuple[str, str]]:
        for file in sorted(JS_FOLDER.glob("*.js")):
            yield f"webos/{file.stem}", self.url(f"js/{file.name}")
        for name, path in _VENDORED.items():
            yield name, self.url(path)

    @staticmethod
    def _at_once() -> frozenset[str]:
        """Return the modules that the shell imports; fetched in parallel instead of one after the other."""
        return frozenset(
            f"webos/{name}" for name in ("commands", "dom", "menu", "shortcuts", "task-row", "theme", "toasts")
        )

    @staticmethod
    def _style_sources() -> list[Path]:
        return [_FOLDER / "tokens.css", *sorted((_FOLDER / "css").glob("*.css"))]
