"""The user's background tasks in the top bar of his tabs."""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from nicegui.events import GenericEventArguments

from webos.data.notices import NoticeService
from webos.kernel.context import current_user
from webos.kernel.errors import NotFoundError
from webos.kernel.messenger import Notification, Severity
from webos.tasks import TaskRecord, TaskState
from webos.ui.identity import IdentityGuard
from webos.ui.tabs import Tab, Tabs
from webos.ui.task_feed import TaskSource, TaskView, view_of

__all__ = ["TaskIndicator"]

_MOST_SHOWN = 8
# What is older was told before this process began to watch.
_NEWS = timedelta(minutes=5)
_TOLD = {TaskState.DONE: (Severity.SUCCESS, "Done"), TaskState.FAILED: (Severity.ERROR, "Failed")}


class TaskIndicator:
    """Keeps the list of tasks in the top bar of every tab up to date, and tells the user when one has ended.

    Args:
        source: Where tasks come from.
        tabs: The open tabs.
        identity: Decides who looks them up.
        notices: Where it is kept for the user that a task has ended; None where it is not.
    """

    def __init__(
        self, source: TaskSource, tabs: Tabs, identity: IdentityGuard, notices: NoticeService | None = None
    ) -> None:
        self._notices = notices
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
        self._keep_end(record)
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

    def _keep_end(self, record: TaskRecord) -> None:
        """Keep for the user that a task has ended: every process says so, and the first one is heard."""
        ended = record.finished_at
        if self._notices is None or ended is None or record.state not in _TOLD:
            return
        if datetime.now(UTC) - ended < _NEWS:
            severity, words = _TOLD[record.state]
            told = Notification(record.user_id, severity, f"{words}: {record.title}", detail=record.error)
            self._notices.post(told, key=f"task-{record.id}-{ended.timestamp():.3f}")

    def _tell_end(self, record: TaskRecord) -> None:
        """Say that a task has ended, wherever its user is; that he has stopped it he knows."""
        for tab in self._tabs.of_user(record.user_id):
            if record.state in _TOLD:
                severity, words = _TOLD[record.state]
                tab.toast(severity, f"{words}: {record.title}", record.error)

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
