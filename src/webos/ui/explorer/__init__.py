"""The data explorer: a live, editable grid over a model, and the HTTP interface it reads through."""

from webos.ui.explorer.change_routes import change_router
from webos.ui.explorer.element import DataExplorer
from webos.ui.explorer.record_routes import record_router
from webos.ui.explorer.routes import explorer_router
from webos.ui.explorer.transfer_routes import transfer_router
from webos.ui.explorer.view_routes import view_router

__all__ = ["DataExplorer", "change_router", "explorer_router", "record_router", "transfer_router", "view_router"]
