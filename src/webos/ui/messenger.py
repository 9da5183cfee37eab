"""Toasts: the kernel's messenger, made visible, and kept for those who do not look."""

import asyncio
from dataclasses import replace

from nicegui import core

from webos.data.notices import NoticeService
from webos.kernel.messenger import Notification
from webos.ui.tabs import Tab, Tabs

__all__ = ["ToastChannel"]


class ToastChannel:
    """Shows notifications in the user's open tabs, and keeps them in his notification centre.

    What happens in the handling of an event is told to the tab it happened in, and kept as seen; everything else to
    all tabs of the user, in other processes too, and to nobody else. Whoever looks as another user is told in that
    tab only: it is not that user's news.

    Args:
        tabs: The open tabs.
        notices: Where notifications are kept; None where there is no database.
    """

    def __init__(self, tabs: Tabs, notices: NoticeService | None = None) -> None:
        self._tabs = tabs
        self._notices = notices

    def __call__(self, notification: Notification) -> None:
        """Show a notification; may be called from any thread."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if core.loop is not None:
                core.loop.call_soon_threadsafe(self._show, notification)
        else:
            self._show(notification)

    def _show(self, notification: Notification) -> None:
        current = self._tabs.current()
        if current is not None and _shows(current, notification):
            # A browser that has gone while the event was handled sees nothing of it.
            told, is_read = [current], current.client.has_socket_connection
            path = current.shell.path if current.shell is not None else ""
            notification = replace(notification, link=notification.link or path)
        else:
            told, is_read = self._tabs.of_user(notification.user_id), False
        for tab in told:
            if _shows(tab, notification):
                tab.toast(notification.severity, notification.message, notification.detail)
        if self._notices is not None and not notification.viewer:
            self._notices.post(notification, is_read=is_read)


def _shows(tab: Tab, notification: Notification) -> bool:
    is_same = tab.user_id == notification.user_id and tab.viewer == notification.viewer
    return is_same and not tab.closed and not tab.client.is_deleted
