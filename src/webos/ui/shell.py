"""The frame around every page: one element for sidebar, top bar and menus, so that a page stays cheap."""

from typing import TYPE_CHECKING, Any

import orjson
from nicegui import background_tasks
from nicegui.element import Element
from nicegui.events import GenericEventArguments
from nicegui.functions.page_title import page_title

from webos.auth.view_only import END_VIEW
from webos.kernel.context import User, current_user
from webos.kernel.messenger import Severity
from webos.ui.assets import COMPONENTS
from webos.ui.cards import error_card
from webos.ui.failures import explain
from webos.ui.layout import Component
from webos.ui.markup import box
from webos.ui.tabs import Tab
from webos.ui.visit import run_builder

if TYPE_CHECKING:
    from webos.ui.interface import Interface

__all__ = ["Shell"]

_LOGOUT_URL = "/auth/logout"
_SLOTS = ("sidebar", "topbar", "footer", "user_menu")


class Shell(Element, component=COMPONENTS / "shell.js"):
    """Sidebar, top bar, menus, palette and toasts of one tab; pages are its children.

    Args:
        interface: The interface of the application.
        tab: The tab it is in.

    Attributes:
        tab: The tab it is in.
        path: Path of the page that is shown.
        module: Name of the module whose page is shown; empty for the framework's own.
    """

    def __init__(self, interface: "Interface", tab: Tab) -> None:
        super().__init__()
        user = current_user()
        self.tab = tab
        self.path = ""
        self.module = ""
        self._interface = interface
        self._sent = False
        name = getattr(user, "display_name", "") or user.username
        about = {"name": name, "username": user.username, "roles": user.roles, "initials": initials(name)}
        self._props["brand"] = interface.brand
        if interface.logo:
            self._props["logo"] = interface.logo
        # As text: NiceGUI makes an observed copy of everything nested, for every client.
        self._props["navigation"] = interface.menu.navigation(user)
        self._props["actions"] = interface.menu.actions(user)
        self._props["user"] = orjson.dumps(about).decode()
        viewer = getattr(user, "viewer", "")
        if viewer:
            self._props["viewer"] = viewer
            self._props["end-view-url"] = END_VIEW
        self._props["logout-url"] = _LOGOUT_URL
        self._props["has-records"] = bool(interface.layout.searches(user) or interface.records(""))
        self._props["has-tasks"] = interface.tasks is not None
        self.on("action", self._run_action)
        self._fill_slots(user)

    def show(self, path: str, title: str, group: str) -> None:
        """Mark a page as the one that is shown.

        Args:
            path: Its path.
            title: Its title.
            group: The heading it stands under.
        """
        self.path = path
        document_title = f"{title} · {self._interface.brand}"
        if self._sent:
            self.client.title = document_title
            self.run_method("show", {"path": path, "title": title, "group": group, "documentTitle": document_title})
            return
        with self:
            page_title(document_title)
        self._props["path"] = path
        self._props["title"] = title
        self._props["group"] = group

    def settled(self) -> None:
        """Say that the page that is shown is complete."""
        if self._sent and not self.is_deleted:
            self.run_method("settled")

    def mark_sent(self) -> None:
        """Say that the first page is on its way; later changes are sent after it."""
        self._sent = True

    def refresh_navigation(self, user: User) -> None:
        """List the pages anew, as `user` may see them now."""
        self.run_method("setNavigation", self._interface.menu.navigation(user))

    def show_tasks(self, tasks: list[dict[str, Any]]) -> None:
        """Show the user's background tasks in the top bar."""
        self.run_method("setTasks", tasks)

    def show_bell(self) -> None:
        """Have a bell in the top bar."""
        self._props["has-notices"] = True

    def show_unread(self, count: int) -> None:
        """Show at the bell how much the user has not seen."""
        self.run_method("setUnread", count)

    def show_notices(self, notices: list[dict[str, Any]]) -> None:
        """Show the user what he has been told."""
        self.run_method("setNotices", notices)

    def toast(self, severity: Severity, message: str, detail: str = "") -> None:
        """Show a short message."""
        self.run_method("toast", {"severity": severity.value, "message": message, "detail": detail})

    def _fill_slots(self, user: User) -> None:
        for name in _SLOTS:
            components = self._interface.layout.components(name, user)
            if components:
                with self.add_slot(name):
                    for component in components:
                        self._fill(component)

    @staticmethod
    def _fill(component: Component) -> None:
        holder = box()
        holder.props["data-module"] = component.owner
        background_tasks.create(fill_widget(component), name="build a component of the layout", context=holder)

    async def _run_action(self, event: GenericEventArguments) -> None:
        action = self._interface.layout.action(str(event.args))
        if action is None or not action.is_visible_to(current_user()):
            self.toast(Severity.WARNING, "This command is not available.")
            return
        try:
            await run_builder(action.handler)
        except Exception as error:  # noqa: BLE001 - the boundary between the shell and a module
            told = explain(error)
            self.toast(told.severity, told.message, told.detail)


async def fill_widget(component: Component) -> None:
    """Build a component where this is called; one that raises leaves a small card and disturbs nobody."""
    try:
        await run_builder(component.builder)
    except Exception as error:  # noqa: BLE001 - the boundary between the shell and a module
        error_card(explain(error))


def initials(name: str) -> str:
    """Return one or two letters that stand for a name."""
    words = [word for word in name.replace(".", " ").replace("_", " ").replace("-", " ").split() if word]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
