"""Which changes belong together, so that they can be taken back together."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import token_hex

from webos.kernel.context import current_trace_id

__all__ = ["ChangeSet", "change_set", "current_change_set", "enter_change_set", "running_change_set"]


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes that belong together.

    Attributes:
        label: What people call them, such as "Import of prices.csv".
        id: Names them for `AuditService.undo`.
    """

    label: str = ""
    id: str = field(default_factory=lambda: token_hex(16))


_ctx_change_set: ContextVar[ChangeSet | None] = ContextVar("change_set", default=None)


@contextmanager
def change_set(label: str, *, identity: str | None = None) -> Iterator[ChangeSet]:
    """Group all changes of the block, also those of tasks that are started inside.

    Args:
        label: What people call them.
        identity: Of a change-set to go on with, such as one that was interrupted; a new one where None.
    """
    running = ChangeSet(label) if identity is None else ChangeSet(label, identity)
    token = _ctx_change_set.set(running)
    try:
        yield running
    finally:
        _ctx_change_set.reset(token)


def enter_change_set(label: str, identity: str) -> None:
    """Go on with a change-set for the rest of the context, as a task does that was submitted inside of it."""
    _ctx_change_set.set(ChangeSet(label, identity))


def running_change_set() -> ChangeSet | None:
    """Return the change-set of the block that runs; None outside of one."""
    return _ctx_change_set.get()


def current_change_set() -> ChangeSet:
    """Return the running change-set; outside of one, all changes of a trace belong together."""
    return _ctx_change_set.get() or ChangeSet(id=current_trace_id())
