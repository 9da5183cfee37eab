"""One thing that a user has been told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from webos.kernel.messenger import Severity

__all__ = ["Notice", "notice_id", "owner_of"]

_LONGEST_ID = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A kept notification.

    Attributes:
        id: Names it; begins with its user, so that a change can be told without reading it.
        user_id: Whose it is.
        severity: How it looks.
        message: Plain text.
        detail: A second, smaller line.
        link: Path of the page it came from; empty for none.
        at: When it was told, in UTC.
        is_read: Whether the user has seen it.
    """

    id: str
    user_id: UUID
    severity: Severity
    message: str
    detail: str = ""
    link: str = ""
    at: datetime
    is_read: bool = False


def notice_id(user_id: UUID, key: str = "") -> str:
    """Return the id of a notice.

    Args:
        user_id: Whose it is.
        key: What it is about: several with the same key are one; a new one where empty.
    """
    return f"{user_id.hex}:{(key or uuid4().hex)[:_LONGEST_ID]}"


def owner_of(identity: object) -> UUID | None:
    """Return whose notice an id names, or None where it is no id of a notice."""
    try:
        return UUID(hex=str(identity).partition(":")[0])
    except ValueError:
        return None
