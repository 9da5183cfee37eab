"""On whose behalf data is read and written: the acting user, or the framework itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from webos.kernel.context import SYSTEM, User, ctx_user
from webos.kernel.errors import NotSignedInError, PermissionDeniedError

__all__ = ["SystemScope", "acting_user", "in_system_context", "system_context"]


class SystemScope:
    """Permission to work unrestricted, valid until its block ends.

    A task that was started inside the block and outlives it still carries the scope in its context; the flag
    makes sure that it is refused then.
    """

    __slots__ = ("active",)

    def __init__(self) -> None:
        self.active = True


_ctx_system: ContextVar[SystemScope | None] = ContextVar("system_scope", default=None)


@contextmanager
def system_context() -> Iterator[SystemScope]:
    """Work as the framework itself inside the block: no ownership filter, author `system` unless a user acts."""
    scope = SystemScope()
    token = _ctx_system.set(scope)
    try:
        yield scope
    finally:
        scope.active = False
        _ctx_system.reset(token)


def in_system_context() -> bool:
    """Return whether an unrestricted block is running.

    Raises:
        PermissionDeniedError: The block this code was started in has ended.
    """
    scope = _ctx_system.get()
    if scope is None:
        return False
    if not scope.active:
        msg = "the system context this code was started in has ended"
        raise PermissionDeniedError(msg, user_message=PermissionDeniedError.title)
    return True


def acting_user() -> User:
    """Return who reads or writes now; access without anybody is refused.

    Raises:
        NotSignedInError: No user is set and no system context is running.
    """
    user = ctx_user.get(None)
    if user is None:
        if in_system_context():
            return SYSTEM
        msg = "data access without a user"
        raise NotSignedInError(msg, user_message=NotSignedInError.title)
    return user
