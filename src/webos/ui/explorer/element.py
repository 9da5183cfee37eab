"""The explorer in a page: one element, kept up to date by the database's changes."""

import asyncio
from typing import Any

from nicegui import background_tasks
from nicegui.element import Element
from nicegui.elements import aggrid as _aggrid  # noqa: F401 - registers the grid library that the component imports
from nicegui.events import GenericEventArguments
from pydantic import BaseModel

from webos.data.changes import Change, ChangeHub
from webos.data.model_registry import ModelInfo
from webos.data.table import TableService, shown_columns
from webos.kernel.errors import ConflictError, WebOSError
from webos.kernel.messenger import Messenger
from webos.ui.explorer.columns import column_props
from webos.ui.explorer.routes import TABLES_PREFIX

__all__ = ["DataExplorer"]

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


class DataExplorer(Element, component="explorer.js"):
    """A live grid over all documents of a model.

    The socket only carries the ids of changed rows; the browser fetches what it shows under the rights of its user.

    Args:
        info: The model.
        tables: Stores what is edited, under the rights of whoever edits.
        writable: Whether the acting user may change it.
        changes: Tells what changes.
        messenger: The way to the user.
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
        empty: str = "",
    ) -> None:
        super().__init__()
        columns = shown_columns(info.document)
        self._info = info
        self._tables = tables
        self._titles = {column.field: column.title for column in columns}
        self._messenger = messenger
        self._changed_ids: set[str] = set()
        self._outdated = False
        self._push_task: asyncio.Task[Any] | None = None
        self.props["model"] = info.name
        self.props["title"] = f"{info.title}s" if not info.title.endswith("s") else info.title
        self.props["url"] = f"{TABLES_PREFIX}/{info.name}"
        self.props["columns"] = column_props(columns)
        self.props["writable"] = writable
        self.props["empty"] = empty
        self.on("edit", self._edit)
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
            reason = error.fields.get(edit.field) or error.user_message
            self._messenger.error(f"{self._titles.get(edit.field, edit.field)}: {reason}")
            if isinstance(error, ConflictError):
                self.run_method("patch", [edit.id])
        else:
            self._messenger.success("Saved")
        finally:
            self.run_method("settle", edit.ticket, row)

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
