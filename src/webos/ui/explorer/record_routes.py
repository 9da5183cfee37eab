"""The HTTP interface of single records: details, history, links. Everything acts as the signed-in user."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from webos.auth import require_user
from webos.data.table.record import RecordReader
from webos.data.table.tools import TableTools
from webos.kernel.context import current_user
from webos.ui.explorer.columns import column_props
from webos.ui.explorer.routes import TABLES_PREFIX, Identity, Model, json_answer

__all__ = ["record_router"]


class _Restore(BaseModel):
    """Which version is wanted, and which one the user has seen last."""

    model_config = ConfigDict(extra="forbid")

    revision: int = Field(ge=1)
    based_on: int | None = None


def record_router(tools: TableTools) -> APIRouter:
    """Return the routes for the records of `tools`."""
    router = APIRouter(prefix=TABLES_PREFIX, tags=["Tables"], dependencies=[Depends(require_user)])
    records: RecordReader = tools.records

    @router.get("/{model}/rows/{identity}")
    async def one(model: Model, identity: Identity) -> Response:
        """A record with its columns, whichever table it belongs to."""
        info = tools.tables.info(model)
        found = await records.row(model, identity)
        writable = info.may_write(current_user())
        columns = column_props(tools.tables.columns(info))
        return json_answer({**found, "columns": columns, "writable": writable})

    @router.get("/{model}/links/{field}")
    async def choices(
        model: Model,
        field: Annotated[str, Path(max_length=100)],
        q: Annotated[str, Query(max_length=200)] = "",
        id: Annotated[list[str] | None, Query(max_length=200)] = None,  # noqa: A002 - its name in the address
    ) -> Response:
        """Records that a link may lead to: with the words `q` in their label, or with these ids."""
        found = await records.choices(model, field, q, id or ())
        return json_answer({"options": [{"id": key, "label": label} for key, label in found]})

    @router.get("/{model}/rows/{identity}/links")
    async def links(model: Model, identity: Identity) -> Response:
        """How many records link to this one, by field."""
        return json_answer({"links": [asdict(each) for each in await records.linked(model, identity)]})

    @router.get("/{model}/rows/{identity}/links/{other}/{field}")
    async def linking(
        model: Model, identity: Identity, other: str, field: Annotated[str, Path(max_length=100)]
    ) -> Response:
        """The first records that link to this one through a field."""
        found = await records.linking(model, identity, other, field)
        return json_answer({"records": [{"id": key, "label": label} for key, label in found]})

    @router.get("/{model}/rows/{identity}/history")
    async def history(
        model: Model, identity: Identity, before: Annotated[int | None, Query(ge=1, le=2**31)] = None
    ) -> Response:
        """The changes of a record, the latest first."""
        return json_answer({"entries": await records.history(model, identity, before=before)})

    @router.post("/{model}/rows/{identity}/restore")
    async def restore(model: Model, identity: Identity, wanted: _Restore) -> Response:
        """Write an old version of a record as a new change."""
        row = await records.restore(model, identity, revision=wanted.revision, based_on=wanted.based_on)
        return json_answer({"row": row})

    return router
