"""How far an administrator reaches who is no superuser: as far as his own permissions."""

from collections.abc import Iterable
from uuid import UUID

from webos.auth.errors import AccountNotFoundError
from webos.auth.scopes import covers_all
from webos.auth.service import AuthService
from webos.kernel.context import User
from webos.kernel.errors import PermissionDeniedError
from webos.kernel.recent import demand_recent

__all__ = ["Reach"]


class Reach:
    """Refuses administrators what is about more than they have themselves.

    Args:
        auth: Accounts and sessions.
    """

    def __init__(self, auth: AuthService) -> None:
        self._auth = auth

    async def demand_over(self, actor: User, user_id: UUID) -> None:
        """Refuse an actor who has less than a user.

        Raises:
            PermissionDeniedError: He has.
            AccountNotFoundError: There is no such account.
        """
        account = await self._auth.accounts.get(user_id)
        if account is None:
            raise AccountNotFoundError
        await self.demand(
            actor,
            roles=account.roles,
            grants=account.grants,
            groups=account.groups,
            is_superuser=account.is_superuser,
        )

    async def demand(
        self,
        actor: User,
        *,
        roles: Iterable[str] = (),
        grants: Iterable[str] = (),
        groups: Iterable[str] = (),
        is_superuser: bool = False,
    ) -> None:
        """Refuse an actor who has less than these together, or has not proved lately who he is.

        Raises:
            RecentProofNeededError: He has to prove it again.
            PermissionDeniedError: He has.
        """
        demand_recent()
        if actor.is_superuser:
            return
        together = await self._auth.granted(roles=roles, groups=groups) | frozenset(grants)
        if is_superuser or not covers_all(actor.permissions, together):
            msg = f"{actor.username} has less than what this is about"
            raise PermissionDeniedError(
                msg, user_message="This is about permissions that you do not have yourself. Ask somebody who has them."
            )
