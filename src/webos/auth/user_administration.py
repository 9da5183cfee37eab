"""What administrators may do with users, roles and groups: every call asks who asks."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from webos.auth.accounts import Account
from webos.auth.errors import AccountNotFoundError
from webos.auth.groups import Group
from webos.auth.permissions import require_permission
from webos.auth.reach import Reach
from webos.auth.roles import Role
from webos.auth.service import AuthService
from webos.auth.sessions import SessionRecord
from webos.auth.why import PermissionAnswer, explain_permission
from webos.kernel.context import User, demand, demand_own_hand, signed_in_user

__all__ = ["UserAdministration"]

MANAGE_USERS = "admin.users"
_EXPLAIN = "admin.access"


class UserAdministration:
    """Users, roles and groups, for those who hold `admin.users`.

    Who is no superuser himself hands out no more than he has, and changes nobody who has more than he: else the
    permission would be worth every other.

    Args:
        auth: Accounts and sessions.
        permissions: Returns all declared permissions and what each allows.
    """

    def __init__(self, auth: AuthService, permissions: Callable[[], dict[str, str]]) -> None:
        self._auth = auth
        self._permissions = permissions
        self._reach = Reach(auth)

    def permissions(self) -> dict[str, str]:
        """Return every permission that a module declares, with what it allows."""
        signed_in_user()
        return dict(sorted(self._permissions().items()))

    @require_permission(MANAGE_USERS)
    async def users(self) -> list[Account]:
        """Return all accounts, by user name."""
        return await self._auth.list_users()

    @require_permission(MANAGE_USERS)
    async def sessions(self, user_id: UUID) -> list[SessionRecord]:
        """Return where a user is signed in, the session used last first."""
        return await self._auth.list_sessions(user_id)

    @require_permission(MANAGE_USERS)
    async def create(
        self,
        username: str,
        password: str | None,
        *,
        display_name: str = "",
        email: str = "",
        roles: Iterable[str] = (),
        groups: Iterable[str] = (),
        is_superuser: bool = False,
        is_service: bool = False,
    ) -> Account:
        """Make an account.

        Args:
            username: Name to sign in with.
            password: At least 8 characters; None for an account that cannot sign in with a password.
            display_name: Name to show.
            email: Address for mail; empty without one.
            roles: Names of roles.
            groups: Names of groups.
            is_superuser: Whether every permission is granted.
            is_service: Whether a program acts by it, with API keys.

        Raises:
            PermissionDeniedError: That is more than the acting user has.
            InvalidInputError: A value does not fit, or a role or group does not exist.
            UsernameTakenError: Somebody has the user name.
            EmailTakenError: Somebody has the address.
        """
        actor = _actor()
        named, of_groups = await self._auth.existing_roles(roles), await self._auth.groups.existing(groups)
        await self._reach.demand(actor, roles=named, groups=of_groups, is_superuser=is_superuser)
        account = await self._auth.create_user(
            username,
            password,
            display_name=display_name,
            email=email,
            roles=named,
            is_superuser=is_superuser,
            is_service=is_service,
        )
        if of_groups:
            await self._auth.set_access(account.id, groups=of_groups)
        return await self._account(account.id)

    @require_permission(MANAGE_USERS)
    async def set_access(
        self,
        user_id: UUID,
        *,
        roles: Iterable[str] | None = None,
        grants: Iterable[str] | None = None,
        groups: Iterable[str] | None = None,
        is_superuser: bool | None = None,
    ) -> None:
        """Change what a user may do; all his sessions end. What is None stays.

        Raises:
            PermissionDeniedError: The user has, or would get, more than the acting user has.
            InvalidInputError: A role or a group does not exist, or a grant does not fit.
            LastAdministratorError: Nobody else could administer the system.
            AccountNotFoundError: There is no such account.
        """
        actor = _actor()
        wanted = [None if names is None else sorted(set(names)) for names in (roles, grants, groups)]
        await self._reach.demand_over(actor, user_id)
        await self._reach.demand(
            actor,
            roles=wanted[0] or (),
            grants=wanted[1] or (),
            groups=wanted[2] or (),
            is_superuser=bool(is_superuser),
        )
        named, granted, of_groups = wanted
        await self._auth.set_access(user_id, roles=named, grants=granted, groups=of_groups, is_superuser=is_superuser)

    @require_permission(MANAGE_USERS)
    async def set_disabled(self, user_id: UUID, *, disabled: bool) -> None:
        """Shut an account out or let it in again; all its sessions end.

        Raises:
            PermissionDeniedError: The user has more than the acting user has.
            LastAdministratorError: Nobody else could administer the system.
            AccountNotFoundError: There is no such account.
        """
        await self._reach.demand_over(_actor(), user_id)
        await self._auth.set_disabled(user_id, disabled=disabled)

    @require_permission(MANAGE_USERS)
    async def delete(self, user_id: UUID) -> None:
        """Remove an account; documents it owns are kept.

        Raises:
            PermissionDeniedError: The user has more than the acting user has.
            LastAdministratorError: Nobody else could administer the system.
            AccountNotFoundError: There is no such account.
        """
        await self._reach.demand_over(_actor(), user_id)
        await self._auth.delete_user(user_id)

    @require_permission(MANAGE_USERS)
    async def end_sessions(self, user_id: UUID) -> None:
        """Sign a user out everywhere.

        Raises:
            PermissionDeniedError: The user has more than the acting user has.
            AccountNotFoundError: There is no such account.
        """
        await self._reach.demand_over(_actor(), user_id)
        await self._auth.end_all_sessions(user_id)

    @require_permission(MANAGE_USERS)
    async def reset_link(self, user_id: UUID) -> str:
        """Return a link with which a user chooses a new password, to hand over to him.

        Raises:
            PermissionDeniedError: The user has more than the acting user has.
            AccountNotFoundError: There is no such account.
        """
        await self._reach.demand_over(_actor(), user_id)
        return await self._auth.life.reset_link(user_id)

    @require_permission(MANAGE_USERS)
    async def invite(self, email: str, *, roles: Iterable[str] = (), by_mail: bool = True) -> str:
        """Invite somebody to make an account, by mail or by a link that is returned.

        Raises:
            PermissionDeniedError: The roles grant more than the acting user has.
            InvalidInputError: That is no address, or a role does not exist.
            EmailTakenError: Somebody has the address.
            MailNotSetUpError: The server sends no mail.
        """
        actor = _actor()
        named = await self._auth.existing_roles(roles)
        await self._reach.demand(actor, roles=named)
        return await self._auth.life.invite(email, roles=named, inviter=actor.username, by_mail=by_mail)

    @require_permission(MANAGE_USERS)
    async def roles(self) -> list[Role]:
        """Return all roles, by name."""
        return await self._auth.list_roles()

    @require_permission(MANAGE_USERS)
    async def set_role(self, name: str, permissions: Iterable[str]) -> Role:
        """Make a role or replace its permissions; it counts for its users at once.

        Raises:
            PermissionDeniedError: The role has, or would get, more than the acting user has.
            InvalidInputError: The name or a permission does not fit.
        """
        actor, wanted = _actor(), sorted(set(permissions))
        await self._reach.demand(actor, roles=[name], grants=wanted)
        return await self._auth.set_role(name, wanted)

    @require_permission(MANAGE_USERS)
    async def delete_role(self, name: str) -> None:
        """Remove a role; who had it loses it and is signed out.

        Raises:
            PermissionDeniedError: The role has more than the acting user has.
            NotFoundError: There is none.
        """
        await self._reach.demand(_actor(), roles=[name])
        await self._auth.delete_role(name)

    @require_permission(MANAGE_USERS)
    async def groups(self) -> list[Group]:
        """Return all groups, by name."""
        return await self._auth.groups.all()

    @require_permission(MANAGE_USERS)
    async def set_group(self, name: str, roles: Iterable[str]) -> Group:
        """Make a group or replace its roles; that counts for its members at once.

        Raises:
            PermissionDeniedError: The group has, or would get, more than the acting user has.
            InvalidInputError: The name does not fit, or a role does not exist.
        """
        wanted = sorted(set(roles))
        await self._reach.demand(_actor(), roles=wanted, groups=[name.strip()])
        return await self._auth.groups.set(name, wanted)

    @require_permission(MANAGE_USERS)
    async def delete_group(self, name: str) -> None:
        """Remove a group; its members lose its roles and are signed out.

        Raises:
            PermissionDeniedError: The group has more than the acting user has.
            NotFoundError: There is none.
        """
        await self._reach.demand(_actor(), groups=[name])
        await self._auth.groups.delete(name)

    async def why(self, permission: str, user_id: UUID | None = None) -> PermissionAnswer:
        """Tell from where a user has a permission, or that he has not.

        Args:
            permission: Name of the permission.
            user_id: Whom it is about; the acting user where None. About others it needs `admin.access`.

        Raises:
            PermissionDeniedError: The acting user may not ask about others.
            AccountNotFoundError: There is no such account.
        """
        asking = signed_in_user()
        if user_id not in {None, asking.id}:
            demand(_EXPLAIN)
        account = await self._account(user_id or asking.id)
        groups, roles = await self._auth.access_of(account)
        return explain_permission(
            account, permission, roles=roles, groups=groups, meaning=self._permissions().get(permission)
        )

    async def view_as(self, user_id: UUID, session_id: str) -> datetime:
        """Look at the system as another user, changing nothing, and return until when; only superusers may.

        Args:
            user_id: As whom.
            session_id: Public id of the acting user's session.

        Raises:
            PermissionDeniedError: The acting user is no superuser, or the other one is.
            ConflictError: The account cannot sign in, or the session looks as somebody else already.
            SessionNeededError: It is not a session of the acting user.
            AccountNotFoundError: There is no such account.
        """
        return await self._auth.views.begin(session_id, _actor().id, user_id)

    async def end_views(self) -> int:
        """End every view of the acting user as somebody else, wherever he looks, and return how many there were."""
        return await self._auth.views.end_all(_actor().id)

    async def _account(self, user_id: UUID) -> Account:
        account = await self._auth.accounts.get(user_id)
        if account is None:
            raise AccountNotFoundError
        return account


def _actor() -> User:
    demand_own_hand()
    return signed_in_user()
