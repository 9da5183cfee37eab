"""The audit stamp: who changes something, and when."""

from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from uuid import UUID

from webos.data.scope import acting_user
from webos.kernel.context import demand_own_hand

__all__ = ["Stamp", "current_stamp", "running_stamp", "stamping"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Author and time of one change.

    Attributes:
        by: Id of the acting user.
        at: Time in UTC, in whole milliseconds as the database keeps it.
    """

    by: UUID
    at: datetime


class stamping:  # noqa: N801 - used like a function
    """Fix one stamp for the block, so that a document in memory and the stored one carry the same.

    It holds until the block ends, also for tasks that were started inside and outlive it.

    Args:
        given: The stamp; a new one for the acting user and now where None.
    """

    __slots__ = ("_given", "_stamp", "_token")

    def __init__(self, given: Stamp | None = None) -> None:
        self._given = given
        self._stamp: Stamp | None = None
        self._token: Token[stamping | None] | None = None

    @property
    def stamp(self) -> Stamp | None:
        """The stamp, or None after the block."""
        return self._stamp

    def __enter__(self) -> Stamp:
        self._stamp = stamp = self._given or _new_stamp()
        self._token = _ctx_stamping.set(self)
        return stamp

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stamp = None
        if self._token is not None:
            _ctx_stamping.reset(self._token)


_ctx_stamping: ContextVar[stamping | None] = ContextVar("stamping", default=None)


def running_stamp() -> Stamp | None:
    """Return the stamp of the running write, if it is the acting user's."""
    running = _ctx_stamping.get()
    stamp = running.stamp if running is not None else None
    return stamp if stamp is not None and stamp.by == acting_user().id else None


def current_stamp() -> Stamp:
    """Return the stamp of the running write, or a new one for the acting user and now."""
    return running_stamp() or _new_stamp()


def _new_stamp() -> Stamp:
    # Every write is stamped, whoever may make it; who only looks as somebody else makes none.
    demand_own_hand()
    return Stamp(acting_user().id, _now())


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
