"""The bell in the top bar: how much a user has not seen yet, live, and the list of what he was told."""

import asyncio
from typing import Any
from uuid import UUID

from loguru import logger
from nicegui import background_tasks
from nicegui.events import GenericEventArguments
from pymongo.errors import PyMongoError

from webos.data.notices import Notice, NoticeService
from webos.kernel.context import current_user, demand_own_hand
from webos.kernel.errors import InvalidInputError
from webos.ui.identity import IdentityGuard
from webos.ui.tabs import Tab, Tabs

__all__ = ["NoticeBell"]

_MOST_SHOWN = 50
# A new notice is a toast in every tab; many at once are only a number.
_MOST_TOASTS = 3
_GATHER_SECONDS = 0.05


class NoticeBell:
    """Keeps the bells of all tabs of this process up to date, whatever process the news comes from.

    Args:
        notices: The notification centre.
        tabs: The open tabs.
        identity: Decides who looks them up.
    """

    def __init__(self, notices: NoticeService, tabs: Tabs, identity: IdentityGuard) -> None:
        self._notices = notices
        self._store = notices.store
        self._tabs = tabs
        self._identity = identity
        self._unread: dict[UUID, int] = {}
        self._pending: dict[UUID, list[str]] = {}
        self._is_running = False
        notices.subscribe(self._on_news)

    def attach(self, tab: Tab) -> None:
        """Give a tab its bell, unless somebody else looks there as the user."""
        if tab.shell is None or tab.viewer:
            return
        tab.shell.show_bell()
        tab.shell.on("notices", self._answer)
        tab.client.on_connect(lambda: self._identity.run_as_owner(tab, lambda: self._load(tab)))

    async def _load(self, tab: Tab) -> None:
        if tab.user_id not in self._unread:
            self._unread[tab.user_id] = await self._store.unread(tab.user_id)
        if tab.shell is not None and not tab.client.is_deleted:
            tab.shell.show_unread(self._unread[tab.user_id])

    async def _answer(self, event: GenericEventArguments) -> None:
        demand_own_hand()
        user_id = current_user().id
        asked = event.args if isinstance(event.args, dict) else {}
        match asked.get("do"):
            case "list":
                pass
            case "read":
                await self._store.mark_read(user_id, str(asked.get("id")))
            case "read-all":
                await self._store.mark_read(user_id)
            case "clear":
                await self._store.clear(user_id)
            case other:
                msg = f"a bell cannot {other!r}"
                raise InvalidInputError(msg)
        tab = self._tabs.of(event.sender.client)
        views = [_view(notice) for notice in await self._store.newest(user_id, _MOST_SHOWN)]
        if tab.shell is not None and not tab.client.is_deleted:
            tab.shell.show_notices(views)

    def _on_news(self, user_id: UUID | None, identity: str | None) -> None:
        concerned = {tab.user_id for tab in self._tabs} if user_id is None else {user_id}
        for each in concerned:
            if not self._tabs_of(each):
                self._unread.pop(each, None)
                continue
            waiting = self._pending.setdefault(each, [])
            if identity is not None and not self._notices.is_own(identity):
                waiting.append(identity)
        if self._pending and not self._is_running:
            self._is_running = True
            background_tasks.create(self._tell(), name="tell open tabs what is new")

    async def _tell(self) -> None:
        try:
            while self._pending:
                await asyncio.sleep(_GATHER_SECONDS)  # marking all as read is many changes at once
                pending, self._pending = self._pending, {}
                for user_id, identities in pending.items():
                    await self._tell_user(user_id, identities)
        except PyMongoError as error:
            logger.warning("open tabs were not told what is new: {}", type(error).__name__)
        finally:
            self._is_running = False

    async def _tell_user(self, user_id: UUID, identities: list[str]) -> None:
        unread = self._unread[user_id] = await self._store.unread(user_id)
        new = await self._store.get_many(identities[-_MOST_TOASTS:]) if identities else []
        for tab in self._tabs_of(user_id):
            if tab.shell is None:
                continue
            tab.shell.show_unread(unread)
            for notice in new:
                # What is read already was told in the tab it happened in.
                if not notice.is_read and notice.user_id == user_id:
                    tab.toast(notice.severity, notice.message, notice.detail)

    def _tabs_of(self, user_id: UUID) -> list[Tab]:
        return [tab for tab in self._tabs.of_user(user_id) if not tab.viewer and not tab.client.is_deleted]


def _view(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "severity": notice.severity.value,
        "message": notice.message,
        "detail": notice.detail,
        "link": notice.link,
        "at": notice.at.isoformat(),
        "read": notice.is_read,
    }
