"""From the token in a cookie to the signed-in user: at once from memory, or from the database."""

import dataclasses
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from uuid import UUID

from webos.auth.fresh_cache import FreshCache
from webos.auth.principals import PrincipalSource
from webos.auth.sessions import SessionRecord, SessionStore, hash_token
from webos.kernel.context import Principal

__all__ = ["SessionResolver", "SignIn", "SignInCache", "SignInKind"]

SignInCache = FreshCache[str, "SignIn"]
"""Who is behind what, by the hash of a token or key."""

_KEPT = 10_000
_TOUCH_EVERY = timedelta(minutes=1)
# A token has 43 characters; anything much longer is not worth hashing.
_LONGEST_TOKEN = 64


class SignInKind(Enum):
    """By what somebody is known."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - names a kind
    KEY = "key"


@dataclass(frozen=True, slots=True)
class SignIn:
    """A user and what he is signed in with.

    Attributes:
        principal: The user.
        session_id: Public id of the session; it opens nothing. Empty for an API key.
        enrolling: Whether he must set up a second factor before he may do anything else.
        owner_id: Whose session it is, where that is not the principal: he looks at the system as another user.
        kind: Whether a browser's cookie, an access token or an API key names him.
    """

    principal: Principal
    session_id: str
    kind: SignInKind = SignInKind.SESSION
    owner_id: UUID | None = None
    enrolling: bool = False


class SessionResolver:
    """Tells who is behind a token.

    What ends a session or changes a user counts at once in this process, and in others as soon as they hear of it or
    after five seconds.

    Args:
        sessions: The sessions.
        principals: Where users come from.
        clock: Monotonic time in seconds.

    Attributes:
        cache: Who is behind what, shared with the other ways to be known.
    """

    def __init__(
        self, sessions: SessionStore, principals: PrincipalSource, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._principals = principals
        self._clock = clock
        self.cache: SignInCache = FreshCache(_KEPT, clock)
        # Which hash belongs to a public id; that never changes.
        self._keys: OrderedDict[str, str] = OrderedDict()

    def peek(self, token: str) -> SignIn | None:
        """Return the sign-in if it was read within the last five seconds; None says nothing about the token."""
        entry = self.cache.get(hash_token(token)) if len(token) <= _LONGEST_TOKEN else None
        return entry[1] if entry is not None else None

    async def resolve(self, token: str) -> SignIn | None:
        """Return the sign-in behind a token, or None where it is wrong, ended, expired or its user disabled."""
        if len(token) > _LONGEST_TOKEN:
            return None
        key = hash_token(token)
        cached = self.cache.get(key)
        if cached is not None:
            return cached[1]
        generation = self.cache.generation
        return await self._judge(key, await self._sessions.get(key), generation)

    async def resolve_public(self, session_id: str) -> SignIn | None:
        """Return the sign-in of the session with a public id, or None where it has ended or its user is disabled."""
        known = self._keys.get(session_id)
        cached = self.cache.get(known) if known is not None else None
        if cached is not None:
            return cached[1]
        generation = self.cache.generation
        record = await self._sessions.get_public(session_id)
        if record is None:
            return None
        # Remembered under the same key as by its cookie, so that whatever ends the session is noticed here as well.
        while len(self._keys) >= _KEPT:
            self._keys.popitem(last=False)
        self._keys[session_id] = record.key
        return await self._judge(record.key, record, generation)

    async def _judge(self, key: str, record: SessionRecord | None, generation: int) -> SignIn | None:
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
            await self._sessions.touch(record.key, now)
        principal = dataclasses.replace(known.principal, proved_at=record.proved_at)
        sign_in = SignIn(principal, record.public_id, enrolling=known.lacks_factor)
        viewed = await self._viewed(known.principal, record, now)
        if viewed is not None:
            viewed_until, principal = viewed
            deadline = min(deadline, viewed_until)
            sign_in = SignIn(principal, record.public_id, owner_id=known.principal.id, enrolling=known.lacks_factor)
        deadline = min(deadline, self._clock() + (record.expires_at - now).total_seconds())
        self.cache.put(key, sign_in, deadline=deadline, generation=generation)
        return sign_in

    async def _viewed(self, viewer: Principal, record: SessionRecord, now: datetime) -> tuple[float, Principal] | None:
        """Return as whom a session looks at the system and until when that is known, or None where as its own user."""
        if record.viewed_id is None or record.view_ends_at is None or record.view_ends_at <= now:
            return None
        found = await self._principals.load(record.viewed_id)
        # Whoever has been made more than the viewer may see meanwhile is not looked as any more.
        if not viewer.is_superuser or found is None or found[1].disabled or found[1].principal.is_superuser:
            return None
        deadline = min(found[0], self._clock() + (record.view_ends_at - now).total_seconds())
        return deadline, dataclasses.replace(found[1].principal, viewer=viewer.username)

    def forget_token(self, token: str) -> None:
        """Look the session of `token` up again next time."""
        self.forget_key(hash_token(token))

    def forget_key(self, key: str) -> None:
        """Look the session, or the API key, with the hash `key` up again next time."""
        self.cache.discard(key)

    def forget_session(self, session_id: str) -> None:
        """Look the session with a public id up again next time."""
        self.cache.drop(lambda _, sign_in: sign_in.session_id == session_id)

    def forget_user(self, user_id: UUID) -> None:
        """Look all sessions of a user, and the user himself, up again next time."""
        self._principals.forget(user_id)
        self.cache.drop(lambda _, sign_in: user_id in {sign_in.principal.id, sign_in.owner_id})

    def forget_all(self) -> None:
        """Look every session and every user up again next time."""
        self._principals.forget_all()
        self.cache.clear()
