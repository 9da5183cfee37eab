"""Toasts: the kernel's messenger, made visible."""

import asyncio

from nicegui import core

from webos.kernel.messenger import Notification
from webos.ui.tabs import Tabs

__all__ = ["ToastChannel"]


class ToastChannel:
    """Shows notifications in the user's open tabs.

    What happens in the handling of an event is told to the tab it happened in; everything else to all tabs of
    the user, and to nobody else.

    Args:
        tabs: The open tabs.
    """

    def __init__(self, tabs: Tabs) -> None:
        self._tabs = tabs

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
        if current is not None and current.user_id == notification.user_id:
            current.toast(notification.severity, notification.message)
            return
        for tab in self._tabs.of_user(notification.user_id):
            tab.toast(notification.severity, notification.message)
