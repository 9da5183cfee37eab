"""From the token in a cookie to the signed-in user: at once from memory, or from the database."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from webos.auth.fresh_cache import FreshCache
from webos.auth.principals import PrincipalSource
from webos.auth.sessions import SessionStore, hash_token
from webos.kernel.context import Principal

__all__ = ["SessionResolver", "SignIn"]

_KEPT = 10_000
_TOUCH_EVERY = timedelta(minutes=1)
# A token has 43 characters; anything much longer is not worth hashing.
_LONGEST_TOKEN = 64


@dataclass(frozen=True, slots=True)
class SignIn:
    """A user and the session he is signed in with.

    Attributes:
        principal: The user.
        session_id: Public id of the session; it opens nothing.
    """

    principal: Principal
    session_id: str


class SessionResolver:
    """Tells who is behind a token.

    What ends a session or changes a user counts at once in this process and within five seconds in others.

    Args:
        sessions: The sessions.
        principals: Where users come from.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self, sessions: SessionStore, principals: PrincipalSource, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._principals = principals
        self._clock = clock
        self._cache: FreshCache[str, SignIn] = FreshCache(_KEPT, clock)

    def peek(self, token: str) -> SignIn | None:
        """Return the sign-in if it was read within the last five seconds; None says nothing about the token."""
        entry = self._cache.get(hash_token(token)) if len(token) <= _LONGEST_TOKEN else None
        return entry[1] if entry is not None else None

    async def resolve(self, token: str) -> SignIn | None:
        """Return the sign-in behind a token, or None where it is wrong, ended, expired or its user disabled."""
        if len(token) > _LONGEST_TOKEN:
            return None
        key = hash_token(token)
        cached = self._cache.get(key)
        if cached is not None:
            return cached[1]
        generation = self._cache.generation
        record = await self._sessions.get(key)
        now = datetime.now(UTC)
        if record is None or record.expires_at <= now:
            return None
        found = await self._principals.load(record.user_id)
        if found is None:
            return None
        deadline, known = found
        if known.disabled or known.auth_version != record.auth_version:
            return None
        if now - record.last_seen_at >= _TOUCH_EVERY:
            await self._sessions.touch(key, now)
        sign_in = SignIn(known.principal, record.public_id)
        deadline = min(deadline, self._clock() + (record.expires_at - now).total_seconds())
        self._cache.put(key, sign_in, deadline=deadline, generation=generation)
        return sign_in

    def forget_token(self, token: str) -> None:
        """Look the session of `token` up again next time."""
        self._cache.discard(hash_token(token))

    def forget_session(self, session_id: str) -> None:
        """Look the session with a public id up again next time."""
        self._cache.drop(lambda _, sign_in: sign_in.session_id == session_id)

    def forget_user(self, user_id: UUID) -> None:
        """Look all sessions of a user, and the user himself, up again next time."""
        self._principals.forget(user_id)
        self._cache.drop(lambda _, sign_in: sign_in.principal.id == user_id)

    def forget_all(self) -> None:
        """Look every session and every user up again next time."""
        self._principals.forget_all()
        self._cache.clear()
