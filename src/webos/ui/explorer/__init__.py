"""The data explorer: a live, editable grid over a model, and the HTTP interface it reads through."""

from webos.ui.explorer.element import DataExplorer
from webos.ui.explorer.routes import explorer_router

__all__ = ["DataExplorer", "explorer_router"]
