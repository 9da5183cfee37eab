"""The messenger: one way to tell a user something, wherever the code that tells runs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from loguru import logger

from webos.kernel.context import ctx_user

__all__ = ["Messenger", "Notification", "Severity"]


class Severity(Enum):
    """How a notification looks and how long it stays."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one user.

    Attributes:
        user_id: Who is to see it.
        severity: How it looks.
        message: Plain text; it is never read as markup.
    """

    user_id: UUID
    severity: Severity
    message: str


class Messenger:
    """Sends notifications to the acting user through every channel that is attached.

    The interface attaches a channel that shows toasts in the user's open tabs.
    """

    def __init__(self) -> None:
        self._channels: list[Callable[[Notification], None]] = []

    def attach(self, channel: Callable[[Notification], None]) -> None:
        """Deliver every later notification to `channel` as well."""
        self._channels.append(channel)

    def detach(self, channel: Callable[[Notification], None]) -> None:
        """Stop delivering to `channel`."""
        self._channels.remove(channel)

    def info(self, message: str) -> None:
        """Tell the acting user something neutral."""
        self._send(Severity.INFO, message)

    def success(self, message: str) -> None:
        """Tell the acting user that it worked."""
        self._send(Severity.SUCCESS, message)

    def warning(self, message: str) -> None:
        """Tell the acting user to look again."""
        self._send(Severity.WARNING, message)

    def error(self, message: str) -> None:
        """Tell the acting user that it did not work."""
        self._send(Severity.ERROR, message)

    def _send(self, severity: Severity, message: str) -> None:
        user = ctx_user.get(None)
        if user is None:
            logger.warning("a notification was dropped: no user in this context")
            return
        notification = Notification(user.id, severity, message)
        for channel in list(self._channels):
            try:
                channel(notification)
            except Exception:  # noqa: BLE001 - a broken channel must not fail the work it reports on
                logger.exception("a notification channel failed")
