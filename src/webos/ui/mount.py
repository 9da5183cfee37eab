"""Putting the interface into the FastAPI application."""

from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from nicegui import app as nicegui_app
from nicegui import background_tasks, context, ui
from nicegui.client import Client
from nicegui.storage import Storage
from starlette.responses import Response

from webos.kernel.context import ANONYMOUS, ctx_user, current_trace_id
from webos.kernel.errors import NotFoundError
from webos.ui.assets import Assets
from webos.ui.defaults import set_element_defaults
from webos.ui.error_page import plain_error_page
from webos.ui.failures import explain
from webos.ui.home import AdminHome, build_home
from webos.ui.interface import Interface
from webos.ui.messenger import ToastChannel
from webos.ui.module_style import confine_styles
from webos.ui.navigation import PageEntry
from webos.ui.notice_bell import NoticeBell
from webos.ui.page_area import PageArea
from webos.ui.record_search import palette_router
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
    assets = Assets(base_path, interface.settings.brand_color, interface.settings.brand_logo)
    interface.logo = assets.logo
    confine_styles(lambda: _module_shown(interface))
    assets.mount(app)
    app.include_router(palette_router(interface))
    _add_own_pages(interface)
    set_element_defaults()
    # First, so that what modules add to the head can build on it.
    Client.shared_head_html = assets.head() + Client.shared_head_html
    _take_over_errors(interface)
    interface.identity.install(_origins(interface))
    interface.messenger.attach(ToastChannel(interface.tabs, interface.notices))
    interface.pages.on_change(lambda: _on_pages_change(interface))
    _keep_storage_in(interface.settings.data_dir / "interface")
    indicator = (
        TaskIndicator(interface.tasks, interface.tabs, interface.identity, interface.notices)
        if interface.tasks is not None
        else None
    )

    bell = NoticeBell(interface.notices, interface.tabs, interface.identity) if interface.notices is not None else None

    async def root() -> Response | None:
        client = context.client
        refusal = _refuse(interface, client.request)
        if refusal is None:
            try:
                await _build(interface, client, indicator, bell)
            except Exception as error:  # noqa: BLE001 - NiceGUI would show the error's text to the user
                refusal = plain_error_page(explain(error), interface.brand, base_path)
        if refusal is not None:
            client.delete()
        return refusal

    nicegui_app.config.vue_config_script = nicegui_app.config.vue_config_script.replace(
        "setDark(dark);", _DARK_FROM_BROWSER
    )
    ui.run_with(
        app,
        root=root,
        title=interface.brand,
        favicon=interface.settings.brand_logo or _FAVICON,
        dark=None,
        language="en-GB",
        storage_secret=interface.storage_secret,
        session_middleware_kwargs={"https_only": interface.settings.origin.startswith("https:"), "same_site": "lax"},
        reconnect_timeout=_RECONNECT_SECONDS,
        show_welcome_message=False,
    )


async def _build(
    interface: Interface, client: Client, indicator: TaskIndicator | None, bell: NoticeBell | None
) -> None:
    tab = interface.tabs.of(client)
    # Quasar's page is a `main` element, and a page may have only one: the shell's, without the sidebar in it.
    quasar_page = client.content.parent_slot
    if quasar_page is not None:
        quasar_page.parent.tag = "div"
    shell = Shell(interface, tab)
    tab.shell = shell
    if indicator is not None:
        indicator.attach(tab)
    if bell is not None:
        bell.attach(tab)
    with shell:
        area = PageArea(interface, shell)
    await area.settle(_SETTLE_SECONDS)
    shell.mark_sent()


def _module_shown(interface: Interface) -> str:
    tab = interface.tabs.current()
    return tab.shell.module if tab is not None and tab.shell is not None else ""


def _add_own_pages(interface: Interface) -> None:
    if "/" not in interface.pages:
        interface.pages.add(PageEntry(path="/", title="Home", builder=build_home, icon="home", order=0))
    if "/admin" not in interface.pages:
        interface.pages.add(AdminHome(interface).entry())


def _refuse(interface: Interface, request: Request) -> Response | None:
    """Return the answer to a request that gets no page, or None where it gets one."""
    root = request.scope.get("root_path", "")
    path = request.scope["path"].removeprefix(root) or "/"
    accepted = request.headers.get("accept", "")
    known = interface.pages.find(path) is not None and "*/*" in accepted
    if request.method not in {"GET", "HEAD"} or path.startswith("/api/") or not (known or "text/html" in accepted):
        error = NotFoundError(f"there is nothing at {path}")
        return JSONResponse(error.problem(current_trace_id()), error.status, media_type="application/problem+json")
    if not ctx_user.get(ANONYMOUS).is_authenticated:
        # The middleware has sent strangers away already; this holds where somebody mounts the interface without it.
        return RedirectResponse(f"{root}/login?next={quote(path)}", 303)
    return None


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
    """Log what event handlers raise in our way, and tell the user: expected errors in their words, others not."""
    handlers = nicegui_app._exception_handlers  # noqa: SLF001 - the default one can be replaced in no other way
    handlers.clear()
    nicegui_app.on_exception(lambda error: _tell(interface, error))


def _tell(interface: Interface, error: Exception) -> None:
    told = explain(error)
    tab = interface.tabs.current()
    if tab is not None:
        tab.toast(told.severity, told.message, told.detail)


def _keep_storage_in(folder: Path) -> None:
    """Put NiceGUI's storage into our data folder instead of the working directory."""
    Storage.path = folder
    storage = nicegui_app.storage
    storage._general = Storage._create_persistent_dict("general")  # noqa: SLF001 - made at import, before any setting
    storage.general.initialize_sync()
