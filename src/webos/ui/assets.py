"""The interface's own files: one stylesheet, one script, the fonts; served from this machine only, from memory."""

import gzip
import hashlib
import mimetypes
from pathlib import Path

from fastapi import FastAPI
from nicegui.dependencies import register_importmap_override
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from webos.ui.brand import brand_tokens
from webos.ui.bundle import bundle_modules

__all__ = ["COMPONENTS", "STATIC_PATH", "Assets"]

STATIC_PATH = "/_webos/static"
_FOLDER = Path(__file__).parent / "static"
COMPONENTS = _FOLDER / "components"
"""The components that NiceGUI serves itself."""
_MODULES = _FOLDER / "js"
_TOKENS = "tokens.css"
_LOGO = "brand-logo"
_STYLESHEET = "webos.css"
_SCRIPT = "webos.js"
_FUSE = "vendor/fuse.min.mjs"
_FONT = "fonts/inter-latin-wght-normal.woff2"
_FOREVER = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=3600"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2", ".LICENSE": "text/plain"}
_SMALL = 1000
_STILL = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

# Before anything is painted: the theme and the width of the sidebar that this browser chose.
_EARLY_SCRIPT = """\
<script>(() => {
  const get = (key) => { try { return localStorage.getItem(key) } catch { return null } };
  const root = document.documentElement.dataset;
  const theme = get("webos-theme");
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.theme = dark ? "dark" : "light";
  if (get("webos-density") === '"compact"') root.density = "compact";
  if (get("webos-sidebar") === '"rail"') root.sidebar = "rail";
  window.webosDark = () => (theme ? theme === "dark" : undefined);
})()</script>"""


class Assets:
    """The files of one version of the interface.

    Args:
        base_path: Path under which browsers reach the application, without a trailing slash; empty at the root.
        colour: The brand's colour, as `#rrggbb`; our own where None.
        logo: File with the brand's logo; our own where None.

    Attributes:
        version: Changes with the content of any file.
        logo: Address of the logo; empty where there is none.
    """

    def __init__(self, base_path: str = "", colour: str | None = None, logo: Path | None = None) -> None:
        self._base = base_path
        files = {file.relative_to(_FOLDER).as_posix(): file.read_bytes() for file in sorted(_FOLDER.rglob("*.*"))}
        if colour is not None:
            files[_TOKENS] += brand_tokens(colour).encode()
        if logo is not None:
            files[f"{_LOGO}{logo.suffix.lower()}"] = logo.read_bytes()
        self.version = hashlib.sha256(b"".join(files.values())).hexdigest()[:12]
        modules = {file.stem: file.read_text() for file in _MODULES.glob("*.js")}
        styles = [files[_TOKENS], *(content for name, content in files.items() if name.startswith("css/"))]
        # A preloaded font is used only where the stylesheet names the very same address.
        versioned = f".woff2?v={self.version}".encode()
        files[_STYLESHEET] = b"\n".join(styles).replace(b".woff2", versioned)
        files[_SCRIPT] = bundle_modules(modules).encode()
        self._files = {name: _File(name, content, self.version) for name, content in files.items()}
        self.logo = self.url(f"{_LOGO}{logo.suffix.lower()}") if logo is not None else ""
        self._modules = [f"webos/{name}" for name in modules]

    def url(self, name: str) -> str:
        """Return the address of a file, with its version."""
        return f"{self._base}{STATIC_PATH}/{name}?v={self.version}"

    def mount(self, app: FastAPI) -> None:
        """Serve the files, and tell browsers where the modules of our components are."""
        app.mount(STATIC_PATH, self)
        for name in self._modules:
            register_importmap_override(name, self.url(_SCRIPT))
        register_importmap_override("webos/fuse", self.url(_FUSE))

    def head(self) -> str:
        """Return what every page needs in its `<head>`."""
        return "\n".join(
            [
                _EARLY_SCRIPT,
                f'<link rel="stylesheet" href="{self.url(_STYLESHEET)}">',
                f'<link rel="preload" href="{self.url(_FONT)}" as="font" crossorigin>',
                f'<link rel="modulepreload" href="{self.url(_SCRIPT)}">',
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a file."""
        name = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        file = self._files.get(name)
        if file is None or scope.get("method") not in {"GET", "HEAD"}:
            await Response("Not found", 404)(scope, receive, send)
        else:
            await file.answer(scope)(scope, receive, send)


class _File:
    """One file, ready to be sent."""

    def __init__(self, name: str, content: bytes, version: str) -> None:
        suffix = Path(name).suffix
        self._type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._content = content
        # Opened by itself, a drawing may not run anything.
        self._own = {"content-security-policy": _STILL} if suffix == ".svg" else {}
        self._tag = f'"{version}"'
        is_text = self._type.startswith("text/") or suffix == ".svg"
        self._packed = gzip.compress(content, 9, mtime=0) if is_text and len(content) >= _SMALL else None

    def answer(self, scope: Scope) -> Response:
        """Return the answer to a request for the file."""
        headers = Headers(scope=scope)
        lasting = _FOREVER if scope.get("query_string") else _SHORT
        about = self._own | {"cache-control": lasting, "etag": self._tag, "vary": "accept-encoding"}
        if headers.get("if-none-match") == self._tag:
            return Response(status_code=304, headers=about)
        if self._packed is not None and "gzip" in headers.get("accept-encoding", ""):
            return Response(self._packed, headers=about | {"content-encoding": "gzip"}, media_type=self._type)
        return Response(self._content, headers=about, media_type=self._type)
