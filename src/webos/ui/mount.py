"""Putting the interface into the FastAPI application."""

from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from loguru import logger
from nicegui import app as nicegui_app
from nicegui import background_tasks, context, ui
from nicegui.client import Client
from nicegui.storage import Storage
from starlette.responses import Response

from webos.kernel.context import current_trace_id
from webos.kernel.errors import NotFoundError, WebOSError
from webos.kernel.messenger import Severity
from webos.ui.assets import Assets
from webos.ui.defaults import set_element_defaults
from webos.ui.failures import explain
from webos.ui.home import AdminHome, build_home
from webos.ui.interface import Interface
from webos.ui.messenger import ToastChannel
from webos.ui.navigation import PageEntry
from webos.ui.page_area import PageArea
from webos.ui.shell import Shell
from webos.ui.task_indicator import TaskIndicator

__all__ = ["mount_interface"]

_FAVICON = Path(__file__).parent / "static" / "favicon.svg"
# A page that is ready by then arrives whole; a slower one shows its frame first.
_SETTLE_SECONDS = 0.25
_RECONNECT_SECONDS = 10.0
_DARK_FROM_BROWSER = "setDark(window.webosDark ? window.webosDark() : dark);"


def mount_interface(app: FastAPI, interface: Interface) -> None:
    """Serve the interface for every path that no earlier route takes.

    Args:
        app: The application; routes that are added later must be put before the last mount.
        interface: What the interface is made of.
    """
    base_path = urlsplit(interface.settings.public_url or "").path.rstrip("/")
    assets = Assets(base_path)
    assets.mount(app)
    _add_own_pages(interface)
    set_element_defaults()
    Client.shared_head_html = assets.head()
    _take_over_errors(interface)
    interface.identity.install(_origins(interface))
    interface.messenger.attach(ToastChannel(interface.tabs))
    interface.pages.on_change(lambda: _on_pages_change(interface))
    Storage.path = interface.settings.data_dir / "interface"
    indicator = TaskIndicator(interface.tasks, interface.tabs) if interface.tasks is not None else None

    async def root() -> Response | None:
        client = context.client
        if not _wants_page(client.request):
            client.delete()
            return _no_such_path(client.request)
        await _build(interface, client, indicator)
        return None

    nicegui_app.config.vue_config_script = nicegui_app.config.vue_config_script.replace(
        "setDark(dark);", _DARK_FROM_BROWSER
    )
    ui.run_with(
        app,
        root=root,
        title=interface.brand,
        favicon=_FAVICON,
        dark=None,
        language="en-GB",
        storage_secret=interface.storage_secret,
        session_middleware_kwargs={"https_only": interface.settings.origin.startswith("https:"), "same_site": "lax"},
        reconnect_timeout=_RECONNECT_SECONDS,
        show_welcome_message=False,
    )


async def _build(interface: Interface, client: Client, indicator: TaskIndicator | None) -> None:
    tab = interface.tabs.of(client)
    client.on_exception(lambda error: _tell(interface, error))
    shell = Shell(interface, tab)
    tab.shell = shell
    if indicator is not None:
        indicator.attach(tab)
    with shell:
        area = PageArea(interface, shell)
    await area.settle(_SETTLE_SECONDS)
    shell.mark_sent()


def _add_own_pages(interface: Interface) -> None:
    if "/" not in interface.pages:
        interface.pages.add(PageEntry(path="/", title="Home", builder=build_home, icon="home", order=0))
    if "/admin" not in interface.pages:
        interface.pages.add(AdminHome(interface).entry())


def _wants_page(request: Request) -> bool:
    """Return whether a browser asks for a page; a program that calls a missing path gets a plain 404."""
    return request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")


def _no_such_path(request: Request) -> Response:
    error = NotFoundError(f"there is nothing at {request.url.path}")
    return JSONResponse(error.problem(current_trace_id()), error.status, media_type="application/problem+json")


def _origins(interface: Interface) -> list[str]:
    settings = interface.settings
    origins = [settings.origin]
    if settings.public_url is None:
        # Without a public address people reach a local server by either name.
        origins += [f"http://{host}:{settings.port}" for host in ("127.0.0.1", "localhost", settings.host)]
    return list(dict.fromkeys(origins))


def _on_pages_change(interface: Interface) -> None:
    if any(tab.shell for tab in interface.tabs):
        background_tasks.create_lazy(_refresh_tabs(interface), name="list the pages anew in open tabs")


async def _refresh_tabs(interface: Interface) -> None:
    for tab in interface.tabs:
        sign_in = await interface.sessions.resolve(tab.token) if tab.token and not tab.closed else None
        if sign_in is not None and tab.shell is not None and not tab.client.is_deleted:
            tab.shell.refresh_navigation(sign_in.principal)


def _take_over_errors(interface: Interface) -> None:
    """Log what event handlers raise in our way: expected errors in one line, others with their trace id."""
    handlers = nicegui_app._exception_handlers  # noqa: SLF001 - the default one can be replaced in no other way
    handlers.clear()
    nicegui_app.on_exception(lambda error: _log_unseen(interface, error))


def _log_unseen(interface: Interface, error: Exception) -> None:
    if interface.tabs.current() is None:
        explain(error)


def _tell(interface: Interface, error: Exception) -> None:
    told = explain(error)
    tab = interface.tabs.current()
    if tab is None:
        logger.debug("an error had no tab to be shown in")
        return
    severity = Severity.WARNING if isinstance(error, WebOSError) and not told.detail else Severity.ERROR
    tab.toast(severity, told.message, told.detail)
