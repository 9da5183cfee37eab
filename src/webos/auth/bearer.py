"""From what a program sends in a header to the user it acts for: an access token or an API key."""

import dataclasses
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from webos.auth.access_token import AccessTokens, Claims
from webos.auth.api_keys import KEY_PREFIX, NOTED_EVERY, ApiKey, KeyStore
from webos.auth.fresh_cache import FreshCache
from webos.auth.principals import PrincipalSource
from webos.auth.resolver import SessionResolver, SignIn, SignInKind
from webos.auth.scopes import limited
from webos.auth.sessions import hash_token

__all__ = ["BearerResolver", "presented"]

_LONGEST = 2048
_KEPT = 10_000
_SCHEME = b"bearer "


def presented(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the access token or API key in a request's headers; None where there is neither.

    Args:
        headers: The headers, names in lower case.
    """
    value = headers.get(b"authorization", b"")
    if value[: len(_SCHEME)].lower() == _SCHEME:
        return value[len(_SCHEME) :].strip().decode("latin-1")
    key = headers.get(b"x-api-key")
    return key.strip().decode("latin-1") if key is not None else None


class BearerResolver:
    """Tells who is behind an access token or an API key.

    Args:
        tokens: Returns what checks access tokens.
        sessions: Tells who is behind the session a token is bound to.
        keys: The API keys.
        principals: Where users come from.
        on_first_use: Called when a key is used for the first time.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        tokens: Callable[[], AccessTokens],
        sessions: SessionResolver,
        keys: KeyStore,
        principals: PrincipalSource,
        *,
        on_first_use: Callable[[ApiKey], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._keys = keys
        self._principals = principals
        self._on_first_use = on_first_use
        self._clock = clock
        # A signature stays right: what may change is asked of the session each time.
        self._claims: FreshCache[str, Claims] = FreshCache(_KEPT, clock)

    async def resolve(self, credential: str, address: str) -> SignIn | None:
        """Return the sign-in behind a token or key; None where it is wrong, ended, expired or its user disabled.

        Args:
            credential: What the header said.
            address: Where the connection comes from.
        """
        if not credential or len(credential) > _LONGEST:
            return None
        if credential.startswith(KEY_PREFIX):
            return await self._by_key(credential, address)
        return await self._by_token(credential)

    async def _by_token(self, token: str) -> SignIn | None:
        key = hash_token(token)
        known = self._claims.get(key)
        claims = known[1] if known is not None else self._tokens().check(token)
        if claims is None:
            return None
        if known is None:
            left = (claims.expires_at - datetime.now(UTC)).total_seconds()
            self._claims.put(key, claims, deadline=self._clock() + left, generation=self._claims.generation)
        sign_in = await self._sessions.resolve_public(claims.session_id)
        if sign_in is None or sign_in.principal.id != claims.user_id:
            return None
        return dataclasses.replace(sign_in, kind=SignInKind.TOKEN)

    async def _by_key(self, credential: str, address: str) -> SignIn | None:
        cache = self._sessions.cache
        key = hash_token(credential)
        cached = cache.get(key)
        if cached is not None:
            return cached[1]
        generation = cache.generation
        record = await self._keys.get(key)
        now = datetime.now(UTC)
        if record is None or record.is_expired(now):
            return None
        found = await self._principals.load(record.user_id)
        if found is None or found[1].disabled:
            return None
        deadline, owner = found
        noted = record.last_used_at is not None and now - record.last_used_at < NOTED_EVERY
        if not noted and await self._keys.use(key, now, address):
            await self._on_first_use(record)
        sign_in = SignIn(limited(owner.principal, record.scopes, record.id), "", SignInKind.KEY)
        if record.expires_at is not None:
            deadline = min(deadline, self._clock() + (record.expires_at - now).total_seconds())
        cache.put(key, sign_in, deadline=deadline, generation=generation)
        return sign_in
