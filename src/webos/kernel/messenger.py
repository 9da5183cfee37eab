"""The messenger: one way to tell a user something, wherever the code that tells runs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from loguru import logger

from webos.kernel.context import PrincipalKind, ctx_user

__all__ = ["Messenger", "Notification", "Severity"]

_LONGEST = 1000
# Browsers read a second slash, or a backslash, as the beginning of another host.
_PATH = re.compile(r"/(?![/\\])[^\s\x00-\x1f]*\Z")


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
        link: Path of the page it came from, such as `/orders/7`; empty for none.
        detail: A second, smaller line.
        viewer: Who looks at the system as that user and made it happen; empty where the user did himself.
    """

    user_id: UUID
    severity: Severity
    message: str
    link: str = ""
    detail: str = ""
    viewer: str = ""


class Messenger:
    """Sends notifications to the acting user through every channel that is attached.

    The interface attaches a channel that shows toasts in the user's open tabs, in whatever process they are, and keeps
    the rest for him. The system and visitors who have not signed in are told nothing.
    """

    def __init__(self) -> None:
        self._channels: list[Callable[[Notification], None]] = []

    def attach(self, channel: Callable[[Notification], None]) -> None:
        """Deliver every later notification to `channel` as well."""
        self._channels.append(channel)

    def detach(self, channel: Callable[[Notification], None]) -> None:
        """Stop delivering to `channel`."""
        self._channels.remove(channel)

    def info(self, message: str, *, link: str = "") -> None:
        """Tell the acting user something neutral.

        Args:
            message: Plain text.
            link: Path of a page that shows more; for what happens in a page that page where empty.
        """
        self._send(Severity.INFO, message, link)

    def success(self, message: str, *, link: str = "") -> None:
        """Tell the acting user that it worked.

        Args:
            message: Plain text.
            link: Path of a page that shows more; for what happens in a page that page where empty.
        """
        self._send(Severity.SUCCESS, message, link)

    def warning(self, message: str, *, link: str = "") -> None:
        """Tell the acting user to look again.

        Args:
            message: Plain text.
            link: Path of a page that shows more; for what happens in a page that page where empty.
        """
        self._send(Severity.WARNING, message, link)

    def error(self, message: str, *, link: str = "") -> None:
        """Tell the acting user that it did not work.

        Args:
            message: Plain text.
            link: Path of a page that shows more; for what happens in a page that page where empty.
        """
        self._send(Severity.ERROR, message, link)

    def _send(self, severity: Severity, message: str, link: str) -> None:
        user = ctx_user.get(None)
        if user is None:
            logger.warning("a notification was dropped: no user in this context")
            return
        if getattr(user, "kind", PrincipalKind.USER) is not PrincipalKind.USER:
            logger.debug("a notification was dropped: {} is nobody who could read it", user.username)
            return
        if link and not _PATH.match(link):
            logger.warning("the link of a notification was dropped: it is no path of a page")
            link = ""
        text = str(message)[:_LONGEST]
        notification = Notification(user.id, severity, text, link, viewer=getattr(user, "viewer", ""))
        for channel in list(self._channels):
            try:
                channel(notification)
            except Exception:  # noqa: BLE001 - a broken channel must not fail the work it reports on
                logger.exception("a notification channel failed")
