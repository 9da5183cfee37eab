"""The explorer in a page: one element, kept up to date by the database's changes."""

import asyncio
from typing import Any

from nicegui import background_tasks
from nicegui.element import Element
from nicegui.elements import aggrid as _aggrid  # noqa: F401 - registers the grid library that the component imports
from nicegui.events import GenericEventArguments

from webos.data.changes import Change, ChangeHub
from webos.data.model_registry import ModelInfo
from webos.data.table import columns_of
from webos.kernel.messenger import Messenger
from webos.ui.explorer.columns import column_props
from webos.ui.explorer.routes import TABLES_PREFIX

__all__ = ["DataExplorer"]

_PUSH_SECONDS = 0.15
_MOST_IDS = 500


class DataExplorer(Element, component="explorer.js"):
    """A live grid over all documents of a model.

    The socket only carries the ids of changed rows; the browser fetches what it shows under the rights of its user.

    Args:
        info: The model.
        writable: Whether the acting user may change it.
        changes: Tells what changes.
        messenger: The way to the user.
        empty: What to say where there are no rows.
    """

    def __init__(
        self, info: ModelInfo, *, writable: bool, changes: ChangeHub, messenger: Messenger, empty: str = ""
    ) -> None:
        super().__init__()
        self._messenger = messenger
        self._changed_ids: set[str] = set()
        self._outdated = False
        self._push_task: asyncio.Task[Any] | None = None
        self.props["model"] = info.name
        self.props["title"] = f"{info.title}s" if not info.title.endswith("s") else info.title
        self.props["url"] = f"{TABLES_PREFIX}/{info.name}"
        self.props["columns"] = column_props(columns_of(info.document))
        self.props["writable"] = writable
        self.props["empty"] = empty
        self.on("saved", lambda _: self._messenger.success("Saved"))
        self.on("refused", self._refused)
        self._stop_listening = changes.listen(info.collection, self._noticed)

    def reload(self) -> None:
        """Read the rows again."""
        self.run_method("reload")

    def _refused(self, event: GenericEventArguments) -> None:
        title, message = str(event.args.get("title", ""))[:200], str(event.args.get("message", ""))[:500]
        self._messenger.error(f"{title}: {message}")

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
