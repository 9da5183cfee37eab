"""What administrators may do with second factors: every call asks who asks."""

from uuid import UUID

from webos.auth.factors.store import StoredFactors
from webos.auth.permissions import require_permission
from webos.auth.reach import Reach
from webos.auth.service import AuthService
from webos.kernel.context import demand_own_hand, signed_in_user

__all__ = ["FactorAdministration"]

_MANAGE_USERS = "admin.users"


class FactorAdministration:
    """Second factors of others, for those who hold `admin.users`, have no less than whom it is about, and proved themselves lately.

    Args:
        auth: Accounts and sessions.
    """

    def __init__(self, auth: AuthService) -> None:
        self._auth = auth
        self._reach = Reach(auth)

    @require_permission(_MANAGE_USERS)
    async def of(self, user_id: UUID) -> StoredFactors:
        """Return whether a user has an app, and how many recovery codes are left."""
        return await self._auth.factors.of(user_id)

    @require_permission(_MANAGE_USERS)
    async def reset(self, user_id: UUID) -> None:
        """Remove all factors of a user who has lost them; his sessions end, and he is told.

        Raises:
            RecentProofNeededError: The acting user has not proved lately who he is.
            PermissionDeniedError: The user has more than the acting user has.
            AccountNotFoundError: There is no such account.
        """
        demand_own_hand()
        await self._reach.demand_over(signed_in_user(), user_id)
        await self._auth.factors.reset(user_id)

    @require_permission(_MANAGE_USERS)
    async def demand(self, role: str, *, demanded: bool = True) -> None:
        """Let the users of a role need a second factor, or not any more; who has none is led to setting one up at once.

        Args:
            role: Name of the role.
            demanded: Whether they need one.

        Raises:
            RecentProofNeededError: The acting user has not proved lately who he is.
            PermissionDeniedError: The role has more than the acting user has.
            NotFoundError: There is no such role.
        """
        demand_own_hand()
        await self._reach.demand(signed_in_user(), roles=[role])
        await self._auth.demand_factor(role, demanded=demanded)
