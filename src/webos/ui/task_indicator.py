"""The user's background tasks in the top bar of his tabs."""

from collections import OrderedDict
from uuid import UUID

from nicegui.events import GenericEventArguments

from webos.kernel.context import current_user
from webos.kernel.errors import NotFoundError
from webos.kernel.messenger import Severity
from webos.tasks import TaskRecord, TaskState
from webos.ui.identity import IdentityGuard
from webos.ui.tabs import Tab, Tabs
from webos.ui.task_feed import TaskSource, TaskView, view_of

__all__ = ["TaskIndicator"]

_MOST_SHOWN = 8


class TaskIndicator:
    """Keeps the list of tasks in the top bar of every tab up to date, and tells the user when one has ended.

    Args:
        source: Where tasks come from.
        tabs: The open tabs.
        identity: Decides who looks them up.
    """

    def __init__(self, source: TaskSource, tabs: Tabs, identity: IdentityGuard) -> None:
        self._source = source
        self._tabs = tabs
        self._identity = identity
        self._shown: dict[UUID, OrderedDict[str, TaskView]] = {}
        source.subscribe_changes(self._on_change)

    def attach(self, tab: Tab) -> None:
        """Show the user's tasks in a tab, and let him cancel them there."""
        if tab.shell is None:
            return
        tab.shell.on("stop", self._cancel)
        # Connecting is no event, so nobody acts in it by itself.
        tab.client.on_connect(lambda: self._identity.run_as_owner(tab, lambda: self._load(tab)))

    async def _load(self, tab: Tab) -> None:
        records = await self._source.list_for(tab.user_id, _MOST_SHOWN)
        views = OrderedDict((record.id, view_of(record)) for record in records)
        self._shown[tab.user_id] = views
        self._push(tab.user_id)

    def _on_change(self, record: TaskRecord) -> None:
        user_id = record.user_id
        if not self._tabs.of_user(user_id):
            self._shown.pop(user_id, None)
            return
        views = self._shown.setdefault(user_id, OrderedDict())
        is_new = record.id not in views
        was_under_way = is_new or not views[record.id]["ended"]
        views[record.id] = view_of(record)
        if record.state.is_final and was_under_way:
            self._tell_end(record)
        if is_new:
            views.move_to_end(record.id, last=False)
            while len(views) > _MOST_SHOWN:
                views.popitem()
        self._push(user_id)

    def _tell_end(self, record: TaskRecord) -> None:
        """Say that a task has ended, wherever its user is; that he has stopped it he knows."""
        for tab in self._tabs.of_user(record.user_id):
            if record.state is TaskState.DONE:
                tab.toast(Severity.SUCCESS, f"Done: {record.title}")
            elif record.state is TaskState.FAILED:
                tab.toast(Severity.ERROR, f"Failed: {record.title}", record.error)

    def _push(self, user_id: UUID) -> None:
        views = list(self._shown.get(user_id, {}).values())
        for tab in self._tabs.of_user(user_id):
            if tab.shell is not None and not tab.client.is_deleted:
                tab.shell.show_tasks(views)

    async def _cancel(self, event: GenericEventArguments) -> None:
        identity = str(event.args)
        if identity not in self._shown.get(current_user().id, {}):
            msg = f"no task {identity!r} of this user"
            raise NotFoundError(msg)
        await self._source.cancel(identity)
