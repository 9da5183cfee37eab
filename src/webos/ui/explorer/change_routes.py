"""The HTTP interface of changes to several rows: bulk, paste, trash, undo. Everything acts as the signed-in user."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from webos.auth import require_user
from webos.data.audit.change_set import change_set
from webos.data.table.paste import PastedRow
from webos.data.table.selection import Selection
from webos.data.table.tools import TableTools
from webos.data.table.trash import TrashOutcome
from webos.tasks.service import TaskService
from webos.tasks.table_task import ChangeRows, UndoRows
from webos.ui.explorer.routes import TABLES_PREFIX, Identity, Model, RowsQuery, json_answer

__all__ = ["change_router"]

_MOST_IDS = 10_000

Ids = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=_MOST_IDS)]
TaskId = Annotated[str, Path(max_length=64)]
ChangeSetId = Annotated[str, Field(min_length=1, max_length=100)]


class _Bulk(BaseModel):
    """What is to become of which rows."""

    model_config = ConfigDict(extra="forbid")

    query: RowsQuery = Field(default_factory=RowsQuery)
    ids: Ids | None = None
    excluded: Ids = Field(default_factory=list)
    changes: dict[str, Any] | None = Field(default=None, min_length=1, max_length=50)
    expected: int | None = Field(default=None, ge=0)

    def selection(self) -> Selection:
        """Return which rows are meant."""
        return Selection(self.query.query(), None if self.ids is None else tuple(self.ids), tuple(self.excluded))


class _PastedRow(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=100)
    changes: dict[str, Any] = Field(min_length=1, max_length=200)
    was: dict[str, Any] = Field(default_factory=dict, max_length=200)
    revision: int | None = None


class _Paste(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rows: list[_PastedRow] = Field(min_length=1, max_length=500)


class _Ids(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ids: Annotated[Ids, Field(min_length=1, max_length=500)]


class _Undo(BaseModel):
    model_config = ConfigDict(extra="forbid")

    change_set: ChangeSetId


def change_router(tools: TableTools, tasks: TaskService) -> APIRouter:
    """Return the routes for the changes of `tools`.

    Args:
        tools: What tables can do.
        tasks: Runs changes of many rows.
    """
    router = APIRouter(prefix=TABLES_PREFIX, tags=["Tables"], dependencies=[Depends(require_user)])
    _add_bulk(router, tools, tasks)
    _add_trash(router, tools)

    @router.post("/{model}/paste")
    async def paste(model: Model, wanted: _Paste) -> Response:
        """Change several rows, all of them or none."""
        rows = [PastedRow(each.id, each.changes, each.was, each.revision) for each in wanted.rows]
        stored, group = await tools.paste.apply(model, rows)
        return json_answer({"rows": stored, "change_set": group})

    @router.post("/{model}/undo")
    async def undo(model: Model, wanted: _Undo) -> Response:
        """Take a change-set of few rows back at once."""
        tools.tables.info(model)
        done = await tools.audit.undo(wanted.change_set)
        reasons = [each.reason for each in done.conflicts[:20]]
        return json_answer({"undone": done.undone, "conflicts": reasons, "change_set": done.change_set})

    @router.post("/{model}/rows/{identity}/delete")
    async def delete(model: Model, identity: Identity) -> Response:
        """Mark a row as deleted, so that it can be taken back."""
        with change_set("Deletion in a table") as group:
            await tools.tables.delete(model, identity)
        return json_answer({"change_set": group.id})

    return router


def _add_bulk(router: APIRouter, tools: TableTools, tasks: TaskService) -> None:
    @router.post("/{model}/bulk/preview")
    async def preview(model: Model, wanted: _Bulk) -> Response:
        """What a change of many rows would do; it changes nothing."""
        return json_answer(asdict(await tools.bulk.preview(model, wanted.selection(), wanted.changes)))

    @router.post("/{model}/bulk", status_code=202)
    async def start(model: Model, wanted: _Bulk) -> Response:
        """Change many rows in the background; without `changes` they are deleted."""
        tools.tables.info(model)
        tools.tables.writable(model)
        query = {"filter": wanted.query.filter, "tree": wanted.query.tree, "search": wanted.query.search}
        handle = await ChangeRows.kiq(
            model, query, wanted.changes, ids=wanted.ids, excluded=wanted.excluded, expected=wanted.expected
        )
        return json_answer({"task": handle.id}, 202)

    @router.post("/{model}/bulk/undo", status_code=202)
    async def undo(model: Model, wanted: _Undo) -> Response:
        """Take a change of many rows back in the background."""
        tools.tables.writable(model)
        return json_answer({"task": (await UndoRows.kiq(wanted.change_set)).id}, 202)

    @router.get("/{model}/tasks/{task}")
    async def progress(model: Model, task: TaskId) -> Response:
        """How far one's background task is."""
        tools.tables.writable(model)
        record = await tasks.get(task)
        return json_answer(
            {
                "state": record.state.value,
                "done": record.done,
                "total": record.total,
                "error": record.error,
                "result": record.result,
            }
        )

    @router.post("/{model}/tasks/{task}/cancel", status_code=204)
    async def cancel(model: Model, task: TaskId) -> Response:
        """End one's background task; what is changed stays changed."""
        tools.tables.writable(model)
        await tasks.cancel(task)
        return Response(status_code=204)


def _add_trash(router: APIRouter, tools: TableTools) -> None:
    @router.get("/{model}/trash")
    async def rows(model: Model) -> Response:
        """The deleted rows, the last deleted first."""
        return json_answer({"rows": await tools.trash.rows(model), "purge": tools.trash.may_purge(model)})

    @router.post("/{model}/trash/restore")
    async def restore(model: Model, wanted: _Ids) -> Response:
        """Take deletions back."""
        return _outcome(await tools.trash.restore(model, wanted.ids))

    @router.post("/{model}/trash/purge")
    async def purge(model: Model, wanted: _Ids) -> Response:
        """Remove deleted rows for good."""
        return _outcome(await tools.trash.purge(model, wanted.ids))


def _outcome(outcome: TrashOutcome) -> Response:
    return json_answer({"done": outcome.done, "problems": outcome.problems})
