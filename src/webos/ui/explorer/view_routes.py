"""The HTTP interface of views that people keep. Everything acts as the signed-in user."""

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from webos.auth import require_user
from webos.data.table.saved_views import OwnLayout, SavedView, SavedViews
from webos.data.table.view_state import ViewState
from webos.ui.explorer.routes import TABLES_PREFIX, Identity, Model, json_answer

__all__ = ["view_router"]


class _View(BaseModel):
    """A view to keep."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200)
    shared: bool = False
    state: ViewState


class _Layout(BaseModel):
    """How a user leaves a table."""

    model_config = ConfigDict(extra="forbid")

    state: ViewState | None = None
    default: str = Field(default="", max_length=24)


def view_router(views: SavedViews) -> APIRouter:
    """Return the routes for `views`."""
    router = APIRouter(prefix=TABLES_PREFIX, tags=["Tables"], dependencies=[Depends(require_user)])

    @router.get("/{model}/views")
    async def listing(model: Model) -> Response:
        """The views one may see, and how one left the table."""
        layout = await views.layout(model)
        return json_answer(
            {
                "views": [_public(view) for view in await views.list(model)],
                "own": layout.state.model_dump(mode="json") if layout.state is not None else None,
                "default": layout.default,
            }
        )

    @router.post("/{model}/views", status_code=201)
    async def add(model: Model, view: _View) -> Response:
        """Keep a view."""
        return json_answer(_public(await views.add(model, view.name, view.state, shared=view.shared)), 201)

    @router.put("/{model}/views/{identity}", status_code=204)
    async def change(model: Model, identity: Identity, view: _View) -> Response:
        """Change one of one's views."""
        await views.change(model, identity, view.name, view.state, shared=view.shared)
        return Response(status_code=204)

    @router.delete("/{model}/views/{identity}", status_code=204)
    async def remove(model: Model, identity: Identity) -> Response:
        """Delete one of one's views."""
        await views.remove(model, identity)
        return Response(status_code=204)

    @router.put("/{model}/layout", status_code=204)
    async def keep_layout(model: Model, layout: _Layout) -> Response:
        """Remember how one leaves the table."""
        await views.keep_layout(model, OwnLayout(layout.state, layout.default))
        return Response(status_code=204)

    return router


def _public(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "shared": view.shared,
        "mine": view.mine,
        "owner": view.owner,
        "state": view.state.model_dump(mode="json"),
    }
