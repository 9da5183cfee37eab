"""What the interface is made of; the server builds it and hands it over."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel
from starlette.requests import HTTPConnection

from webos.data.notices import NoticeService
from webos.kernel.loader import ModuleSet
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.kernel.settings import Settings
from webos.ui.admin_area import AdminArea
from webos.ui.identity import IdentityGuard, SessionSource
from webos.ui.layout import LayoutManager
from webos.ui.menu import Menu
from webos.ui.navigation import PageRegistry
from webos.ui.record_search import RecordSource
from webos.ui.tabs import Tabs
from webos.ui.task_feed import TaskSource

__all__ = ["Interface", "LinkOptions", "SaveDocument", "TableFactory"]

SaveDocument = Callable[[type[BaseModel], dict[str, Any]], Awaitable[Any]]
"""Stores a new document of a model from its fields, as the acting user; raises `WebOSError` with `fields`."""

LinkOptions = Callable[[type[BaseModel], str], Awaitable[list[tuple[str, str]]]]
"""Finds documents of a model by what was typed: ids and labels, of those the acting user may read."""


class TableFactory(Protocol):
    """Adds a grid over a document class where it is called."""

    def __call__(self, model: type[BaseModel], **options: Any) -> Any:  # noqa: ANN401 - options of the grid, and the grid
        """Add a grid and return it."""


def _unavailable(name: str) -> Callable[..., Any]:
    def refuse(*_arguments: object, **_options: object) -> None:
        msg = f"the server has not provided {name}"
        raise RuntimeError(msg)

    return refuse


@dataclass(eq=False, kw_only=True)
class Interface:
    """Everything pages, forms and the shell need of the application around them.

    Attributes:
        settings: The settings of the process.
        services: The application's services.
        modules: All modules.
        messenger: The way to the users.
        sessions: Where sessions are looked up.
        brand: The product's name, in the sidebar and in titles.
        logo: Address of the product's logo; empty for our own.
        session_cookie: Name of the cookie with the session token.
        storage_secret: Signs what NiceGUI keeps in browsers; without it `app.storage` is not available.
        pages: The pages.
        layout: The slots and the palette's actions.
        tasks: The background tasks; None where there are none.
        notices: What users have been told; None where nothing is kept.
        records: Finds records for the palette.
        tables: Adds grids over document classes.
        link_options: Finds documents to link to.
        save_document: Stores a document that a form has made.
        may_write: Whether the acting user may store documents of a class.
        admin: The admin panel.
        menu: Sidebar and palette as the browser wants them.
        tabs: The open tabs.
        identity: Decides who acts in an event.
    """

    settings: Settings
    services: ServiceRegistry
    modules: ModuleSet
    messenger: Messenger
    sessions: SessionSource
    brand: str = "WebOS"
    logo: str = ""
    session_cookie: str = "webos_session"
    storage_secret: str | None = field(default=None, repr=False)
    pages: PageRegistry = field(default_factory=PageRegistry)
    layout: LayoutManager = field(default_factory=LayoutManager)
    tasks: TaskSource | None = None
    notices: NoticeService | None = None
    records: RecordSource = field(default=lambda _words: ())
    tables: TableFactory = field(default_factory=lambda: _unavailable("tables"))
    link_options: LinkOptions = field(default_factory=lambda: _unavailable("link_options"))
    save_document: SaveDocument = field(default_factory=lambda: _unavailable("save_document"))
    may_write: Callable[[type[BaseModel]], bool] = field(default_factory=lambda: _unavailable("may_write"))
    admin: AdminArea = field(init=False)
    menu: Menu = field(init=False)
    tabs: Tabs = field(init=False)
    identity: IdentityGuard = field(init=False)

    def __post_init__(self) -> None:
        self.admin = AdminArea(self.pages, self.layout)
        self.menu = Menu(self.pages, self.layout, self.modules)
        self.tabs = Tabs(self._read_token)
        self.identity = IdentityGuard(self.sessions, self.tabs)

    def _read_token(self, connection: HTTPConnection) -> str | None:
        return connection.cookies.get(self.session_cookie)
