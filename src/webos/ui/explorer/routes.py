"""The explorer's HTTP interface: rows in blocks, single rows, changes. Everything acts as the signed-in user."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from webos.auth import require_user
from webos.data.table import TableQuery, TableService

__all__ = ["TABLES_PREFIX", "Identity", "Model", "RowsQuery", "explorer_router", "json_answer"]

TABLES_PREFIX = "/api/webos/tables"

Model = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$")]
Identity = Annotated[str, Path(max_length=100)]


class RowsQuery(BaseModel):
    """Which rows, in which order.

    Attributes:
        filter: Conditions by column.
        tree: Nested filter of groups and conditions.
        sort: Columns and directions, the most important first.
        search: Words to look for in every text column.
        handle: Of an earlier answer, to see the same rows in the same order.
    """

    model_config = ConfigDict(extra="forbid")

    filter: dict[str, dict[str, Any]] = Field(default_factory=dict, max_length=50)
    tree: dict[str, Any] | None = None
    sort: list[tuple[str, str]] = Field(default_factory=list, max_length=5)
    search: str = Field(default="", max_length=200)
    handle: str = Field(default="", max_length=40)

    def query(self) -> TableQuery:
        """Return the query of the table service."""
        return TableQuery(self.filter, self.sort, self.search, tree=self.tree)


class _Range(RowsQuery):
    start: int = Field(default=0, ge=0)
    end: int = Field(default=100, ge=0)


class _Place(RowsQuery):
    id: str = Field(max_length=100)


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
        return json_answer({"rows": block.rows, "handle": block.handle, "total": block.total})

    @router.post("/{model}/total")
    async def total(model: Model, wanted: RowsQuery) -> Response:
        """The number of rows; answers when they are counted."""
        handle, number = await tables.total(model, wanted.query(), wanted.handle)
        return json_answer({"handle": handle, "total": number})

    @router.post("/{model}/position")
    async def position(model: Model, wanted: _Place) -> Response:
        """At which row a record stands."""
        return json_answer({"index": await tables.position(model, wanted.query(), wanted.id, wanted.handle)})

    @router.post("/{model}/rows/by-id")
    async def rows_by_id(model: Model, wanted: _Ids) -> Response:
        """Single rows; those that are gone or hidden are left out."""
        return json_answer({"rows": await tables.rows(model, wanted.ids)})

    @router.post("/{model}", status_code=201)
    async def create(model: Model, values: dict[str, Any]) -> Response:
        """Store a new document."""
        return json_answer({"row": await tables.create(model, values)}, status=201)

    @router.patch("/{model}/rows/{identity}")
    async def change(model: Model, identity: Identity, change: _Change) -> Response:
        """Change fields of one document."""
        row = await tables.change(model, identity, change.changes, revision=change.revision, was=change.was)
        return json_answer({"row": row})

    @router.delete("/{model}/rows/{identity}", status_code=204)
    async def delete(model: Model, identity: Identity) -> Response:
        """Mark a document as deleted."""
        await tables.delete(model, identity)
        return Response(status_code=204)

    @router.get("/{model}/options")
    async def options(model: Model, q: str = "") -> Response:
        """Documents whose label has the words `q`, for a picker."""
        found = await tables.options(model, q[:200])
        return json_answer({"options": [{"id": identity, "label": label} for identity, label in found]})

    return router


def json_answer(content: dict[str, Any], status: int = 200) -> Response:
    """Return an answer with JSON."""
    return Response(orjson.dumps(content), status, media_type="application/json")
