# ruff: noqa: EM101, TRY003 - the stage of the browser tests, read beside them
"""The application: `python -m tests.e2e.harness.app --port 8123 [--bare]`."""

import argparse
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from beanie import Document
from beanie.odm.utils.init import Initializer
from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from nicegui import ui
from nicegui.client import Client
from pydantic import BaseModel
from pymongo import AsyncMongoClient

from tests.e2e.harness import pages
from tests.e2e.harness.accounts import COOKIE, PEOPLE, MemorySessions
from tests.e2e.harness.jobs import MemoryTasks, record
from webos.auth import install_identity
from webos.kernel.context import acting_as, current_user
from webos.kernel.errors import ConflictError
from webos.kernel.loader import ModuleSet
from webos.kernel.log import configure_logging
from webos.kernel.manifest import ModuleManifest
from webos.kernel.messenger import Messenger
from webos.kernel.module import Module, ModuleState
from webos.kernel.registry import ServiceRegistry
from webos.kernel.settings import Settings
from webos.ui import Interface, mount_interface
from webos.ui.navigation import PageEntry
from webos.ui.page import Page
from webos.ui.record_search import SearchHit

LOGIN = """<!doctype html><html lang=en><title>Sign in</title><link rel=stylesheet href=/_webos/static/tokens.css>
<body style="background:var(--w-bg);color:var(--w-text);font-family:var(--w-font)"><h1>Sign in</h1>
<form method=post action=/auth/login><label>Name <input name=username></label><button>Sign in</button></form>"""


def module(name: str, title: str, icon: str) -> Module:
    manifest = ModuleManifest(name=name, title=title, icon=icon)
    return Module(name, Path(), f"modules.{name}", manifest, ModuleState.RUNNING)


def build_interface(port: int, data_dir: Path, public_url: str | None) -> Interface:
    modules = ModuleSet(
        [
            module("inventory", "Inventory", "inventory_2"),
            module("reports", "Reports", "insights"),
            module("ops", "Operations", "build"),
        ]
    )
    interface = Interface(
        settings=Settings(port=port, data_dir=data_dir, public_url=public_url),
        services=ServiceRegistry(),
        modules=modules,
        messenger=Messenger(),
        sessions=MemorySessions(),
        brand="Acme Tools",
        storage_secret="only for tests, at least 32 bytes",
        tasks=MemoryTasks(),
        save_document=save,
        link_options=find_suppliers,
        may_write=lambda _model: current_user().has_permission("inventory.write"),
    )
    for name, cls in vars(pages).items():
        if isinstance(cls, type) and issubclass(cls, Page) and cls is not Page:
            owner = cls.path.split("/")[1] if name != "Page" else ""
            interface.pages.add_page(cls, modules[owner])
    add_components(interface)
    return interface


def add_components(interface: Interface) -> None:
    layout = interface.layout.owned_by("inventory")
    layout.add("dashboard_widget_slot", lambda: figure("1,284"), title="Products", order=1)
    layout.add("dashboard_widget", lambda: figure("17"), title="Below minimum", order=2)
    layout.add("dashboard_widget", broken_widget, title="Broken widget", order=3, permission="ops.read")
    layout.add("footer", lambda: ui.label("Acme Tools, for members of staff"))
    layout.add("footer", broken_widget, permission="ops.read", order=1)
    layout.add("sidebar", lambda: ui.label("Version 1.0"))
    layout.add_search(find_products, permission="inventory.write")
    layout.add_search(fail_to_find)
    layout.add_action("Restock everything", restock_all, icon="add_box", permission="inventory.write")
    admin = interface.admin.owned_by("inventory")
    admin.add_page(
        "Inventory checks", lambda: figure("Every product has a price"), icon="rule", permission="inventory.write"
    )
    admin.add_widget("Products", product_count, permission="inventory.write")

    def restock() -> None:
        interface.messenger.success("Everything is restocked")

    interface.services.register("restock", restock)


def figure(content: str) -> None:
    ui.label(content).style("font-size: 24px; font-weight: 600; line-height: 32px")


async def product_count() -> None:
    figure("9")


async def broken_widget() -> None:
    raise RuntimeError("the widget's secret reason")


async def find_products(words: str) -> list[SearchHit]:
    names = [str(row["name"]) for row in pages.ROWS if words.lower() in str(row["name"]).lower()]
    found = [SearchHit(title=name, path="/inventory/products/7", where=current_user().username) for name in names]
    return [*found, SearchHit(title="Elsewhere", path="//evil.example")]


async def fail_to_find(_words: str) -> list[SearchHit]:
    raise RuntimeError("the search's secret reason")


def restock_all() -> None:
    ui.notify("Restocking", type="positive")


async def save(model: type[BaseModel], data: dict[str, Any]) -> BaseModel:
    if data["sku"] == "A-1":
        raise ConflictError("Product with this sku exists already", fields={"sku": "This value is already in use."})
    if data["sku"] == "BOOM":
        raise ZeroDivisionError("secret internals")
    SAVED.append(data)
    return model(**data)


SAVED: list[dict[str, Any]] = []
SUPPLIERS = {
    f"65f00000000000000000000{number}": name
    for number, name in enumerate(["Acme Steel", "Baltic Bolts", "Copper & Co"], 1)
}


async def find_suppliers(_model: type[BaseModel], query: str) -> list[tuple[str, str]]:
    return [(identity, name) for identity, name in SUPPLIERS.items() if query.lower() in name.lower()]


def add_sign_in(app: FastAPI) -> None:
    @app.get("/login")
    async def login_page() -> HTMLResponse:
        return HTMLResponse(LOGIN)

    @app.post("/auth/login")
    async def login(request: Request, username: Annotated[str, Form()]) -> RedirectResponse:
        response = RedirectResponse(f"{request.scope.get('root_path', '')}/", 303)
        response.set_cookie(COOKIE, f"token-{username}", httponly=True, samesite="lax")
        return response

    @app.post("/auth/logout")
    async def logout(request: Request) -> RedirectResponse:
        response = RedirectResponse(f"{request.scope.get('root_path', '')}/login", 303)
        response.delete_cookie(COOKIE)
        return response


def add_session_controls(app: FastAPI, interface: Interface) -> None:
    """Add what ends sessions, or the server's memory of them."""
    sessions: Any = interface.sessions

    @app.post("/test/sessions")
    async def change_sessions(change: dict[str, Any]) -> None:
        sessions.fresh = change.get("fresh", sessions.fresh)
        sessions.failing = change.get("failing", sessions.failing)
        for name in change.get("revoke", []):
            sessions.held.pop(f"token-{name}", None)
        for name in change.get("restore", []):
            sessions.held[f"token-{name}"] = MemorySessions().held[f"token-{name}"]

    @app.post("/test/close-ended")
    async def close_ended() -> None:
        await interface.identity.close_ended()


def add_controls(app: FastAPI, interface: Interface) -> None:
    """Add what the tests move the application with, beside the browser."""
    tasks: Any = interface.tasks

    @app.post("/test/notify/{username}")
    async def notify(username: str, message: dict[str, str]) -> None:
        with acting_as(PEOPLE[username]):
            getattr(interface.messenger, message["severity"])(message["text"])

    @app.post("/test/job")
    async def put_job(job: dict[str, Any]) -> None:
        user = PEOPLE[job.pop("user")]
        tasks.put(record(job.pop("id"), job.pop("title"), user.id, **job))

    @app.post("/test/pages/{name}")
    async def add_page(name: str) -> None:
        async def build(visit: Any) -> None:
            visit.add_header(name)

        interface.pages.add(PageEntry(path=f"/{name}", title=name.title(), builder=build, module="ops"))

    @app.delete("/test/pages/{name}")
    async def remove_page(name: str) -> None:
        interface.pages.remove(f"/{name}")

    @app.get("/test/state")
    async def state() -> JSONResponse:
        tabs = [tab.client.id for tab in interface.tabs]
        told = {"saved": SAVED, "acted": pages.ACTED, "ticks": len(pages.TICKS)}
        return JSONResponse({"clients": list(Client.instances), "tabs": tabs, **told})


class OfflineInitializer(Initializer):
    """Prepares a document class for links without asking the database, which there is none of."""

    def __init__(self, document: type[Document]) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient("mongodb://127.0.0.1:1", connect=False)
        self.inited_classes = []
        self.allow_index_dropping = False
        self.skip_indexes = True
        self.recreate_views = False
        self.database = client["harness"]
        self.document_models = [document]
        self._database_major_version = 7
        self._existing_collections = []

    async def _load_cached_info(self) -> None:
        """Nothing to load."""


@contextlib.asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    await OfflineInitializer(pages.Supplier)
    yield


def create(port: int, data_dir: Path, public_url: str | None = None) -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    interface = build_interface(port, data_dir, public_url)
    sessions: Any = interface.sessions

    add_sign_in(app)
    add_session_controls(app, interface)
    add_controls(app, interface)
    mount_interface(app, interface)
    install_identity(
        app, sessions=sessions, settings=interface.settings, is_public=lambda path: path.startswith("/test/")
    )
    return app


def create_bare() -> FastAPI:
    """An application with nothing in it but NiceGUI: what ours is measured against."""
    app = FastAPI()

    def root() -> None:
        ui.label("Hello")

    ui.run_with(app, root=root, storage_secret="only for tests, at least 32 bytes", show_welcome_message=False)
    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--public-url")
    parser.add_argument("--bare", action="store_true")
    arguments = parser.parse_args()
    configure_logging("INFO")
    app = create_bare() if arguments.bare else create(arguments.port, arguments.data, arguments.public_url)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_config=None)


if __name__ == "__main__":
    main()
