"""The data explorer: a live, editable grid over a model, and the HTTP interface it reads through."""

from webos.ui.explorer.element import DataExplorer
from webos.ui.explorer.routes import explorer_router
from webos.ui.explorer.transfer_routes import transfer_router

__all__ = ["DataExplorer", "explorer_router", "transfer_router"]
