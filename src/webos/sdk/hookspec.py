"""The hooks a module may implement where convention is not enough (§10.1 of the specification)."""

from collections.abc import Awaitable

from fastapi import APIRouter
from pydantic import BaseModel

from webos.data.document import CoreDocument
from webos.kernel.context import AppContext
from webos.kernel.hooks import hookspec
from webos.tasks import BaseTask
from webos.ui.admin_area import AdminArea
from webos.ui.layout import LayoutManager

__all__ = ["WebOSHookSpec"]


class WebOSHookSpec:
    """All hooks. An implementation is a function of the same name marked `@hookimpl`, in any convention file.

    It may leave out arguments it does not need. What it raises marks its module as failed and stops no other.
    """

    @hookspec
    def register_routes(self, router: APIRouter) -> None:
        """Add routes to the module's private router, mounted under `/api/<module>`."""

    @hookspec
    def register_db_models(self) -> list[type[CoreDocument]]:  # type: ignore[empty-body]  # a specification has no body
        """Return documents that are not in `models.py`."""

    @hookspec
    def register_ui(self, layout: LayoutManager) -> None:
        """Put components into slots of the layout."""

    @hookspec
    def register_admin_ui(self, admin: AdminArea) -> None:
        """Add pages and widgets to the admin panel."""

    @hookspec
    def register_settings(self) -> type[BaseModel]:  # type: ignore[empty-body]  # a specification has no body
        """Return the Pydantic model of the module's settings, where it is not the one in `settings.py`."""

    @hookspec
    def register_demo(self) -> list[type[BaseTask]]:  # type: ignore[empty-body]  # a specification has no body
        """Return the tasks that `webos demo load` runs, in their order; each takes `everything: bool`."""

    @hookspec
    def startup(self, ctx: AppContext) -> Awaitable[None] | None:
        """Run when all of the module is registered; a returned awaitable is awaited for 60 seconds at most. Acts as the system."""

    @hookspec
    def shutdown(self, ctx: AppContext) -> Awaitable[None] | None:
        """Run when the application stops; a returned awaitable is awaited for 60 seconds at most. Acts as the system."""
