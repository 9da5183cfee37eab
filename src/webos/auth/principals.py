"""From a user's id to the principal with all its permissions, kept for a few seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from webos.auth.accounts import AccountStore
from webos.auth.fresh_cache import FRESH_SECONDS, FreshCache
from webos.auth.groups import GroupStore
from webos.auth.roles import RoleStore
from webos.kernel.context import Principal

__all__ = ["KnownPrincipal", "PrincipalSource"]

_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class KnownPrincipal:
    """A principal and what its sessions are measured against.

    Attributes:
        principal: The user with roles resolved.
        disabled: Whether the account may not act.
        auth_version: The account's `auth_version`.
        demands_factor: Whether a role asks for a second factor.
        lacks_factor: Whether one does, and the account has none.
    """

    principal: Principal
    disabled: bool
    auth_version: int
    demands_factor: bool = False
    lacks_factor: bool = False


class PrincipalSource:
    """Builds principals from accounts, groups and roles.

    Args:
        accounts: The accounts.
        roles: The roles.
        groups: The groups.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        accounts: AccountStore,
        roles: RoleStore,
        groups: GroupStore,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._roles = roles
        self._groups = groups
        self._clock = clock
        self._cache: FreshCache[UUID, KnownPrincipal] = FreshCache(_KEPT, clock)

    async def load(self, user_id: UUID) -> tuple[float, KnownPrincipal] | None:
        """Return the principal with an id and until when it counts as fresh, or None where there is no account."""
        cached = self._cache.get(user_id)
        if cached is not None:
            return cached
        generation = self._cache.generation
        # Taken before the first read: what is kept is as old as its oldest part.
        deadline = self._clock() + FRESH_SECONDS
        account = await self._accounts.get(user_id)
        if account is None:
            return None
        role_names = set(account.roles)
        for group in await self._groups.named(account.groups):
            role_names.update(group.roles)
        roles = (await self._roles.named(role_names)).values()
        demanded = any(role.second_factor for role in roles)
        principal = Principal(
            id=account.id,
            username=account.username,
            role_names=tuple(sorted(role_names)),
            grants=frozenset(grant for role in roles for grant in role.permissions) | frozenset(account.grants),
            is_superuser=account.is_superuser,
            display_name=account.display_name,
        )
        lacks = demanded and not account.second_factors
        known = KnownPrincipal(principal, account.disabled, account.auth_version, demanded, lacks)
        self._cache.put(user_id, known, deadline=deadline, generation=generation)
        return deadline, known

    def forget(self, user_id: UUID) -> None:
        """Read the user again next time."""
        self._cache.discard(user_id)

    def forget_all(self) -> None:
        """Read every user again next time."""
        self._cache.clear()
