"""The explorer in a page: one element, kept up to date by the database's changes."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nicegui import background_tasks
from nicegui.dependencies import register_esm
from nicegui.element import Element
from nicegui.elements import aggrid as _aggrid  # noqa: F401 - registers the grid library that the component imports
from nicegui.events import GenericEventArguments
from pydantic import BaseModel

from webos.data.changes import Change, ChangeHub
from webos.data.model_registry import ModelInfo
from webos.data.table import ColumnKind, TableService, shown_columns
from webos.data.table.editing import find_document
from webos.kernel.errors import ConflictError, WebOSError
from webos.kernel.labels import plural_of
from webos.kernel.messenger import Messenger
from webos.ui.explorer.columns import column_props
from webos.ui.explorer.routes import TABLES_PREFIX
from webos.ui.form import AutoForm

if TYPE_CHECKING:
    from webos.ui.interface import Interface

__all__ = ["DataExplorer"]

_BROWSER = Path(__file__).parent / "browser"
# Not by the class's own argument: that goes by the time of the folder, which stays when a file in it is changed.
register_esm("webos-explorer", _BROWSER, max_time=max(file.stat().st_mtime for file in _BROWSER.glob("*.js")))

_PUSH_SECONDS = 0.15
_MOST_IDS = 500


class _Edit(BaseModel):
    """One edited cell, as the browser sends it."""

    ticket: int
    id: str
    field: str
    value: Any = None
    was: Any = None
    revision: int | None = None


class _Duplicate(BaseModel):
    """The row that another one is to be like."""

    id: str


class DataExplorer(Element, component="explorer.js"):
    """A live grid over all documents of a model.

    The socket only carries the ids of changed rows; the browser fetches what it shows under the rights of its user.

    Args:
        info: The model.
        tables: Stores what is edited, under the rights of whoever edits.
        writable: Whether the acting user may change it.
        changes: Tells what changes.
        messenger: The way to the user.
        interface: What forms for new rows stand on.
        empty: What to say where there are no rows.
    """

    def __init__(
        self,
        info: ModelInfo,
        *,
        tables: TableService,
        writable: bool,
        changes: ChangeHub,
        messenger: Messenger,
        interface: "Interface",
        empty: str = "",
    ) -> None:
        super().__init__()
        columns = shown_columns(info.document)
        self._info = info
        self._tables = tables
        self._titles = {column.field: column.title for column in columns}
        self._messenger = messenger
        self._interface = interface
        self._changed_ids: set[str] = set()
        self._outdated = False
        self._push_task: asyncio.Task[Any] | None = None
        self.props["model"] = info.name
        self.props["title"] = plural_of(info.title)
        self.props["noun"] = info.title
        self.props["tables"] = TABLES_PREFIX
        self.props["url"] = f"{TABLES_PREFIX}/{info.name}"
        self.props["columns"] = column_props(columns)
        self.props["writable"] = writable
        self.props["empty"] = empty
        self.on("edit", self._edit)
        self.on("add", self._add, [])
        self.on("duplicate", self._duplicate)
        self.on("form_closed", self.clear, [])
        self._stop_listening = changes.listen(info.collection, self._noticed)

    def reload(self) -> None:
        """Read the rows again."""
        self.run_method("reload")

    async def _edit(self, event: GenericEventArguments) -> None:
        """Store one edited cell; the browser puts the old value back where it is refused."""
        edit = _Edit.model_validate(event.args)
        row = None
        try:
            row = await self._tables.change(
                self._info.name,
                edit.id,
                {edit.field: edit.value},
                revision=edit.revision,
                was={edit.field: edit.was},
            )
        except WebOSError as error:
            if not (isinstance(error, ConflictError) and await self._show_conflict(edit)):
                reason = error.fields.get(edit.field) or error.user_message
                self._messenger.error(f"{self._titles.get(edit.field, edit.field)}: {reason}")
        else:
            self._messenger.success("Saved")
        finally:
            self.run_method("settle", edit.ticket, row)

    async def _show_conflict(self, edit: _Edit) -> bool:
        """Let the user choose between his value and the one that somebody else has stored; False where it is the same."""
        rows = await self._tables.rows(self._info.name, [edit.id])
        if not rows or rows[0].get(edit.field) == edit.was:
            return False
        self.run_method("settle", edit.ticket, rows[0])
        self.run_method("conflicted", rows[0], edit.field, edit.value, edit.was)
        return True

    def _add(self) -> None:
        self._show_form(f"Add {self._info.title.lower()}", {})

    async def _duplicate(self, event: GenericEventArguments) -> None:
        """Open the form for a new row with the values of another one."""
        wanted = _Duplicate.model_validate(event.args)
        try:
            self._tables.info(self._info.name)
            document = await find_document(self._info.document, wanted.id)
        except WebOSError as error:
            self._messenger.error(error.user_message)
            return
        rows = await self._tables.rows(self._info.name, [wanted.id])
        values: dict[str, Any] = {}
        for column in shown_columns(self._info.document):
            value = getattr(document, column.field)
            if column.kind is ColumnKind.LINK and value is not None:
                linked = rows[0][column.field]
                value = {"value": linked["id"], "label": linked["label"] or linked["id"]}
            values[column.field] = value
        self._show_form(f"Duplicate {self._info.title.lower()}", values)

    def _show_form(self, title: str, values: dict[str, Any]) -> None:
        async def store(_: BaseModel, given: dict[str, Any]) -> str:
            stored = await self._tables.store(self._info, given)
            self.run_method("added", str(stored.id))
            return f"{self._info.title} added"

        self.clear()
        document = self._info.document
        with self:
            AutoForm(
                self._interface,
                document,
                store,
                name=title,
                submit_label="Add",
                values=values,
            )
        self.run_method("showForm", title)

    def _noticed(self, change: Change) -> None:
        if self.is_deleted:
            self._stop_listening()
            return
        if change.operation in {"update", "replace"}:
            self._changed_ids.add(str(change.document_id))
        else:
            self._outdated = True
        if self._push_task is None or self._push_task.done():
            self._push_task = background_tasks.create(self._push(), name="explorer changes")

    async def _push(self) -> None:
        """Collect changes for a moment, then tell the browser once."""
        await asyncio.sleep(_PUSH_SECONDS)
        identities, self._changed_ids = self._changed_ids, set()
        outdated, self._outdated = self._outdated, False
        if self.is_deleted:
            return
        if len(identities) > _MOST_IDS:
            outdated = True
        elif identities:
            self.run_method("patch", list(identities))
        if outdated:
            self.run_method("outdated")

    def _handle_delete(self) -> None:
        self._stop_listening()
        super()._handle_delete()
