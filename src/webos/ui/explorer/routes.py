"""The explorer's HTTP interface: rows in blocks, single rows, changes. Everything acts as the signed-in user."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from webos.auth import require_user
from webos.data.table import TableQuery, TableService

__all__ = ["TABLES_PREFIX", "explorer_router"]

TABLES_PREFIX = "/api/webos/tables"

Model = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$")]
Identity = Annotated[str, Path(max_length=100)]


class _Query(BaseModel):
    """Which rows, in which order."""

    model_config = ConfigDict(extra="forbid")

    filter: dict[str, dict[str, Any]] = Field(default_factory=dict, max_length=50)
    sort: list[tuple[str, str]] = Field(default_factory=list, max_length=5)
    search: str = Field(default="", max_length=200)
    handle: str = Field(default="", max_length=40)

    def query(self) -> TableQuery:
        """Return the query of the table service."""
        return TableQuery(self.filter, self.sort, self.search)


class _Range(_Query):
    start: int = Field(default=0, ge=0)
    end: int = Field(default=100, ge=0)


class _Ids(BaseModel):
    ids: list[str] = Field(max_length=1000)


class _Change(BaseModel):
    """New values of some fields, and what they were when the user looked."""

    model_config = ConfigDict(extra="forbid")

    changes: dict[str, Any] = Field(min_length=1)
    was: dict[str, Any] = Field(default_factory=dict)
    revision: int | None = None


def explorer_router(tables: TableService) -> APIRouter:
    """Return the routes for `tables`."""
    router = APIRouter(prefix=TABLES_PREFIX, tags=["Tables"], dependencies=[Depends(require_user)])

    @router.post("/{model}/rows")
    async def rows(model: Model, wanted: _Range) -> Response:
        """Rows from `start` up to, not including, `end`."""
        block = await tables.block(model, wanted.query(), wanted.start, wanted.end, wanted.handle)
        return _json({"rows": block.rows, "handle": block.handle, "total": block.total})

    @router.post("/{model}/total")
    async def total(model: Model, wanted: _Query) -> Response:
        """The number of rows; answers when they are counted."""
        handle, number = await tables.total(model, wanted.query(), wanted.handle)
        return _json({"handle": handle, "total": number})

    @router.post("/{model}/rows/by-id")
    async def rows_by_id(model: Model, wanted: _Ids) -> Response:
        """Single rows; those that are gone or hidden are left out."""
        return _json({"rows": await tables.rows(model, wanted.ids)})

    @router.post("/{model}", status_code=201)
    async def create(model: Model, values: dict[str, Any]) -> Response:
        """Store a new document."""
        return _json({"row": await tables.create(model, values)}, status=201)

    @router.patch("/{model}/rows/{identity}")
    async def change(model: Model, identity: Identity, change: _Change) -> Response:
        """Change fields of one document."""
        row = await tables.change(model, identity, change.changes, revision=change.revision, was=change.was)
        return _json({"row": row})

    @router.delete("/{model}/rows/{identity}", status_code=204)
    async def delete(model: Model, identity: Identity) -> Response:
        """Mark a document as deleted."""
        await tables.delete(model, identity)
        return Response(status_code=204)

    @router.get("/{model}/options")
    async def options(model: Model, q: str = "") -> Response:
        """Documents whose label has the words `q`, for a picker."""
        found = await tables.options(model, q[:200])
        return _json({"options": [{"id": identity, "label": label} for identity, label in found]})

    return router


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
