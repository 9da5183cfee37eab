"""The progress of one background task, in a page."""

from nicegui.element import Element

from webos.kernel.context import current_user
from webos.tasks import TaskRecord
from webos.ui.assets import COMPONENTS
from webos.ui.task_feed import TaskSource, TaskView, view_of

__all__ = ["TaskProgress"]

_MOST_LOOKED_THROUGH = 100


class TaskProgress(Element, component=COMPONENTS / "progress.js"):
    """A live progress bar of a task of the acting user, with a way to cancel it.

    Args:
        source: Where tasks come from.
        task_id: The task.
    """

    def __init__(self, source: TaskSource, task_id: str) -> None:
        super().__init__()
        self._source = source
        self._task_id = task_id
        self._user_id = current_user().id
        self._props["task"] = {
            "id": task_id,
            "title": "Background task",
            "state": "waiting",
            "percent": None,
            "message": "",
            "cancellable": False,
        }
        self._is_known = False
        self._end = source.subscribe_changes(self._on_change, user_id=self._user_id)
        self.on("stop", self._cancel, [])

    async def load(self) -> None:
        """Show the task as it is now, or say that it is not there any more."""
        found = await self._source.list_for(self._user_id, _MOST_LOOKED_THROUGH)
        task = next((record for record in found if record.id == self._task_id), None)
        if task is not None:
            self._on_change(task)
        elif not self._is_known:
            self._show({**self._props["task"], "state": "cancelled", "message": "There is no such task any more."})

    def _on_change(self, record: TaskRecord) -> None:
        if self.is_deleted or record.id != self._task_id or record.user_id != self._user_id:
            return
        self._is_known = True
        self._show(view_of(record))

    def _show(self, view: TaskView) -> None:
        self._props["task"] = view
        if self.client.has_socket_connection:
            self.run_method("setTask", view)

    async def _cancel(self) -> None:
        await self._source.cancel(self._task_id)

    def _handle_delete(self) -> None:
        self._end()
        super()._handle_delete()
