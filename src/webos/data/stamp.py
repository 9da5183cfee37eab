"""The audit stamp: who changes something, and when."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from webos.data.scope import acting_user

__all__ = ["Stamp", "current_stamp", "stamping"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Author and time of one change.

    Attributes:
        by: Id of the acting user.
        at: Time in UTC, in whole milliseconds as the database keeps it.
    """

    by: UUID
    at: datetime


_ctx_stamp: ContextVar[Stamp | None] = ContextVar("stamp", default=None)


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def current_stamp() -> Stamp:
    """Return the stamp of the running write, or a new one for the acting user and now."""
    stamp = _ctx_stamp.get()
    user = acting_user()
    if stamp is not None and stamp.by == user.id:
        return stamp
    return Stamp(user.id, _now())


@contextmanager
def stamping() -> Iterator[Stamp]:
    """Fix one stamp for the block, so that a document in memory and the stored one carry the same."""
    stamp = Stamp(acting_user().id, _now())
    token = _ctx_stamp.set(stamp)
    try:
        yield stamp
    finally:
        _ctx_stamp.reset(token)
