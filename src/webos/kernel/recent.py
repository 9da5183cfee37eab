"""`@require_recent`: what may be called only by those who have proved lately who they are."""

import functools
import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from webos.kernel.context import PrincipalKind, current_user, signed_in_user
from webos.kernel.errors import RecentProofNeededError

__all__ = ["RECENT_MINUTES", "demand_recent", "require_recent"]

F = TypeVar("F", bound=Callable[..., Any])

RECENT_MINUTES = 10
"""How long a proof counts as recent, unless a caller asks for less or more."""


def demand_recent(minutes: float = RECENT_MINUTES) -> None:
    """Refuse those who have not proved within some minutes, in the session they act in, who they are.

    Signing in is a proof; later the password, a code or a passkey is asked for again. The system itself passes. An API key, a
    task and an event have no session and prove nothing.

    Args:
        minutes: How old the proof may be.

    Raises:
        NotSignedInError: Nobody is signed in.
        RecentProofNeededError: The proof is older, or there is none.
    """
    user = current_user()
    if getattr(user, "kind", None) is PrincipalKind.SYSTEM:
        return
    signed_in_user()
    proved_at: datetime | None = getattr(user, "proved_at", None)
    if proved_at is None or datetime.now(UTC) - proved_at > timedelta(minutes=minutes):
        raise RecentProofNeededError


def require_recent(minutes: float = RECENT_MINUTES) -> Callable[[F], F]:
    """Let only those call a coroutine function who have proved lately who they are.

    Pages ask for the proof in a dialog and then go on; programs get 403 with the code `webos.recent_proof_needed`. On a route
    it stands below the route's decorator.

    Args:
        minutes: How old the proof may be.

    Raises:
        TypeError: What is decorated is no coroutine function.
    """

    def decorate(function: F) -> F:
        if not inspect.iscoroutinefunction(function):
            msg = "@require_recent decorates coroutine functions"
            raise TypeError(msg)

        @functools.wraps(function)
        async def guarded(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any signature
            demand_recent(minutes)
            return await function(*args, **kwargs)

        return cast("F", guarded)

    return decorate
