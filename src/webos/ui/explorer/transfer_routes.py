"""The HTTP interface of import and export. Everything acts as the signed-in user."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, RootModel, ValidationError
from starlette.requests import ClientDisconnect

from webos.auth import require_user
from webos.auth.limits import accepts_large_body
from webos.data.table import TableQuery
from webos.data.table.editing import validation_messages
from webos.data.transfer import ExportOptions, FileFormat, ImportOptions, LinkForm, TransferService, UnreadableFileError
from webos.kernel.errors import InvalidInputError
from webos.tasks.import_task import cancel_import, start_import, undo_import
from webos.tasks.service import TaskService
from webos.ui.explorer.routes import TABLES_PREFIX, Model, json_answer

__all__ = ["transfer_router"]

_PREFIX = "/api/webos"
_MOST_TEXT = 20_000

Identity = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]


class _Filter(RootModel[dict[str, dict[str, Any]]]):
    """Conditions by column, as the table API takes them."""


class _Tree(RootModel[dict[str, Any]]):
    """A nested filter, as the table API takes it."""


class _ExportQuery(BaseModel):
    """What the address of an export says."""

    format: FileFormat = FileFormat.CSV
    filter: str = Query(default="{}", max_length=_MOST_TEXT)
    tree: str = Query(default="", max_length=_MOST_TEXT)
    sort: str = Query(default="", max_length=500)
    search: str = Query(default="", max_length=200)
    columns: str = Query(default="", max_length=_MOST_TEXT)
    links: LinkForm = LinkForm.BOTH
    titles: bool = False
    delimiter: str = Query(default=",", max_length=1)

    def query(self) -> TableQuery:
        """Return which rows are wanted.

        Raises:
            InvalidInputError: The filter is no JSON object of conditions.
        """
        try:
            conditions = _Filter.model_validate_json(self.filter).root
        except ValidationError:
            raise InvalidInputError(fields={"filter": "A JSON object of conditions was expected."}) from None
        try:
            tree = _Tree.model_validate_json(self.tree).root if self.tree else None
        except ValidationError:
            raise InvalidInputError(fields={"tree": "A JSON object with a group was expected."}) from None
        names = [name.strip() for name in self.sort.split(",") if name.strip()]
        order = [(name.removeprefix("-"), "desc" if name.startswith("-") else "asc") for name in names]
        return TableQuery(conditions, order, self.search, tree=tree)

    def options(self) -> ExportOptions:
        """Return what is written of each row.

        Raises:
            InvalidInputError: An option does not fit.
        """
        columns = tuple(name.strip() for name in self.columns.split(",") if name.strip())
        try:
            return ExportOptions(
                format=self.format, columns=columns, links=self.links, titles=self.titles, delimiter=self.delimiter
            )
        except ValidationError as error:
            raise InvalidInputError(fields=validation_messages(error)) from None


def transfer_router(transfers: TransferService, tasks: TaskService) -> APIRouter:
    """Return the routes for `transfers`.

    Args:
        transfers: Imports and exports.
        tasks: Runs the imports.
    """
    router = APIRouter(prefix=_PREFIX, tags=["Import and export"], dependencies=[Depends(require_user)])
    tables_path = TABLES_PREFIX.removeprefix(_PREFIX)

    @router.get(f"{tables_path}/{{model}}/export", response_class=StreamingResponse)
    async def export(model: Model, wanted: Annotated[_ExportQuery, Query()]) -> StreamingResponse:
        """All rows of a filter as a file: `sort` is a list such as `name,-stock`, `filter` as for the rows."""
        stream = await transfers.export(model, wanted.query(), wanted.options())
        return _file(stream, f"{model} {datetime.now(UTC):%Y-%m-%d}", wanted.format)

    @router.post(f"{tables_path}/{{model}}/imports", status_code=201)
    @accepts_large_body()
    async def upload(
        model: Model,
        request: Request,
        filename: Annotated[str, Query(max_length=300)],
        options: Annotated[str, Query(max_length=_MOST_TEXT)] = "{}",
    ) -> Response:
        """Take a file, which is the body of the request; nothing is stored of its rows yet."""
        try:
            record = await transfers.upload(model, filename, request.stream(), _import_options(options))
        except ClientDisconnect:
            msg = "The upload ended before the file was there."
            raise UnreadableFileError(msg) from None
        return json_answer(record.public(), 201)

    _add_imports(router, transfers, tasks)
    return router


def _add_imports(router: APIRouter, transfers: TransferService, tasks: TaskService) -> None:
    """Add the routes of imports that have their file."""

    @router.get("/imports")
    async def imports() -> Response:
        """The imports of the user, the newest first."""
        return json_answer({"imports": [record.public() for record in await transfers.list_own()]})

    @router.get("/imports/{identity}")
    async def one(identity: Identity) -> Response:
        """How far an import is."""
        return json_answer((await transfers.get(identity)).public())

    @router.get("/imports/{identity}/outline")
    async def outline(identity: Identity) -> Response:
        """The columns and first rows of the file, and the fields they may fill."""
        return json_answer((await transfers.outline(identity)).to_dict())

    @router.put("/imports/{identity}/options")
    async def change_options(identity: Identity, options: ImportOptions) -> Response:
        """Change how a file is read and stored, before it is imported."""
        return json_answer((await transfers.change_options(identity, options)).public())

    @router.post("/imports/{identity}/check")
    async def check(identity: Identity, most_failures: Annotated[int, Query(ge=0, le=1000)] = 100) -> Response:
        """What an import would do; it changes nothing."""
        return json_answer((await transfers.check(identity, most_failures=most_failures)).to_dict())

    @router.post("/imports/{identity}/start", status_code=202)
    async def start(identity: Identity) -> Response:
        """Import the file in the background."""
        return json_answer({"task": (await start_import(transfers, identity)).id}, 202)

    @router.post("/imports/{identity}/cancel")
    async def cancel(identity: Identity) -> Response:
        """End an import; what is stored stays."""
        return json_answer((await cancel_import(transfers, tasks, identity)).public())

    @router.post("/imports/{identity}/undo", status_code=202)
    async def undo(identity: Identity) -> Response:
        """Take an import back in the background: what it made is deleted, what it changed gets its old values."""
        return json_answer({"task": (await undo_import(transfers, identity)).id}, 202)

    @router.get("/imports/{identity}/failed", response_class=StreamingResponse)
    async def failed(identity: Identity, format: FileFormat = FileFormat.CSV) -> StreamingResponse:  # noqa: A002 - its name in the address
        """The rows that were not stored, with the reasons, to be corrected and imported again."""
        record = await transfers.get(identity)
        stream = await transfers.failed_rows(identity, format)
        return _file(stream, f"{record.filename.rsplit('.', 1)[0]} failed", format)


def _import_options(text: str) -> ImportOptions:
    try:
        return ImportOptions.model_validate_json(text)
    except ValidationError as error:
        raise InvalidInputError(fields=validation_messages(error, "options")) from None


def _file(stream: AsyncIterator[bytes], name: str, kind: FileFormat) -> StreamingResponse:
    plain = "".join(each if each.isascii() and (each.isalnum() or each in " ._-") else "_" for each in name)
    disposition = f"attachment; filename=\"{plain}.{kind.value}\"; filename*=UTF-8''{quote(name)}.{kind.value}"
    headers = {
        "Content-Disposition": disposition,
        "Cache-Control": "no-store",
        # A proxy that gathers the whole file first would undo the streaming.
        "X-Accel-Buffering": "no",
    }
    return StreamingResponse(stream, media_type=kind.media_type, headers=headers)
