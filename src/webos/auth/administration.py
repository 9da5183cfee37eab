"""Making and changing accounts and roles."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from loguru import logger
from pymongo.asynchronous.client_session import AsyncClientSession

from webos.auth.accounts import Account
from webos.auth.auth_log import AuthEventKind
from webos.auth.caller import current_caller
from webos.auth.device import device_name
from webos.auth.errors import AccountNotFoundError, LastAdministratorError
from webos.auth.factors.desk import SecondFactors
from webos.auth.group_desk import Groups
from webos.auth.groups import Group
from webos.auth.parts import AuthParts
from webos.auth.passwords import check_new_password
from webos.auth.roles import Role, check_grants
from webos.auth.together import together
from webos.kernel.errors import InvalidInputError, NotFoundError

__all__ = ["Administration"]


class Administration:
    """What administrators do with accounts and roles. It checks no permission itself: who calls it decides who may.

    Args:
        parts: The parts of accounts and sessions.

    Attributes:
        groups: Groups of users.
        factors: Second factors of users.
    """

    def __init__(self, parts: AuthParts) -> None:
        self._parts = parts
        self.accounts, self.sessions, self.log = parts.accounts, parts.sessions, parts.log
        self.groups = Groups(parts)
        self.factors = SecondFactors(parts)

    async def create_user(
        self,
        username: str,
        password: str | None,
        *,
        display_name: str = "",
        roles: Iterable[str] = (),
        grants: Iterable[str] = (),
        is_superuser: bool = False,
        first_administrator: bool = False,
        is_service: bool = False,
        email: str = "",
    ) -> Account:
        """Make an account.

        Args:
            username: Name to sign in with; capitals do not count.
            password: At least 8 characters; None for an account that cannot sign in with a password.
            display_name: Name to show.
            roles: Names of existing roles.
            grants: Permissions and wildcards beyond those of the roles.
            is_superuser: Whether every permission is granted.
            first_administrator: Whether this is the one made at the first start, of which there is only one.
            is_service: Whether a program acts by it, with API keys; nobody can sign in with it.
            email: Checked address for mail; empty without one.

        Raises:
            InvalidInputError: A value does not fit, or a role does not exist.
            UsernameTakenError: Somebody has the user name.
            EmailTakenError: Somebody has the address.
        """
        role_names = await self.existing_roles(roles)
        checked = check_grants(grants)
        if password is not None:
            check_new_password(password)
        account = await self.accounts.insert(
            username,
            await self._parts.hasher.hash(password) if password is not None else None,
            display_name=display_name,
            roles=role_names,
            grants=checked,
            is_superuser=is_superuser,
            first_administrator=first_administrator,
            is_service=is_service,
            email=email,
        )
        await self.log.add(AuthEventKind.CREATED, account)
        logger.info("user {} was created", account.username)
        return account

    async def find_user(self, username: str) -> Account | None:
        """Return the account with a user name, whatever its capitals."""
        return await self.accounts.find(username)

    async def list_users(self) -> list[Account]:
        """Return all accounts, by user name."""
        return [account async for account in self.accounts.all()]

    async def set_password(self, user_id: UUID, password: str) -> None:
        """Set a new password; all sessions of the user end.

        Raises:
            InvalidInputError: The password does not fit.
            AccountNotFoundError: There is no such account.
        """
        check_new_password(password)
        account = await self._account(user_id)
        await self.store_password(account, await self._parts.hasher.hash(password), AuthEventKind.PASSWORD_CHANGED)

    async def store_password(self, account: Account, password_hash: str, kind: AuthEventKind) -> None:
        """Store the hash of a new password; all sessions of the user end, links are void, and he is told.

        Args:
            account: Whose.
            password_hash: The hash.
            kind: How it came about.

        Raises:
            AccountNotFoundError: There is no such account.
        """
        await self._change(account.id, kind, {"password_hash": password_hash})
        await self._parts.tickets.void(account.id)
        caller = current_caller()
        await self._parts.outbox.put(
            "password_changed",
            user_id=str(account.id),
            at=datetime.now(UTC),
            address=caller.address,
            device=device_name(caller.user_agent) if caller.user_agent else "",
        )

    async def set_access(
        self,
        user_id: UUID,
        *,
        roles: Iterable[str] | None = None,
        grants: Iterable[str] | None = None,
        groups: Iterable[str] | None = None,
        is_superuser: bool | None = None,
    ) -> None:
        """Change what a user may do; all sessions of the user end. What is None stays.

        Raises:
            InvalidInputError: A role or a group does not exist, or a grant does not fit.
            LastAdministratorError: Nobody else could administer the system.
            AccountNotFoundError: There is no such account.
        """
        changes: dict[str, Any] = {}
        if roles is not None:
            changes["roles"] = await self.existing_roles(roles)
        if grants is not None:
            changes["grants"] = check_grants(grants)
        if groups is not None:
            changes["groups"] = await self.groups.existing(groups)
        if is_superuser is not None:
            changes["is_superuser"] = is_superuser
            if not is_superuser:
                await self._keep_an_administrator(user_id)
        await self._change(user_id, AuthEventKind.ACCESS_CHANGED, changes, **changes)

    async def set_disabled(self, user_id: UUID, *, disabled: bool) -> None:
        """Shut an account out or let it in again; all sessions of the user end.

        Raises:
            LastAdministratorError: Nobody else could administer the system.
            AccountNotFoundError: There is no such account.
        """
        if disabled:
            await self._keep_an_administrator(user_id)
        kind = AuthEventKind.DISABLED if disabled else AuthEventKind.ENABLED
        await self._change(user_id, kind, {"disabled": disabled})

    async def delete_user(self, user_id: UUID) -> None:
        """Remove an account with its sessions, keys and links. Documents it owns are kept, for superusers to see.

        Raises:
            LastAdministratorError: Nobody else could administer the system.
            AccountNotFoundError: There is no such account.
        """
        await self._keep_an_administrator(user_id)
        account = await self._account(user_id)

        async def write(within: AsyncClientSession) -> None:
            await self.accounts.delete(user_id, within=within)
            await self._parts.stored_sessions.end_user(user_id, within=within)
            await self.log.add(AuthEventKind.DELETED, account, within=within)

        await together(self._parts.database, write)
        await self._parts.stored_keys.remove_user(user_id)
        await self._parts.tickets.void(user_id)
        await self._parts.devices.forget(user_id)
        await self.factors.forget(user_id)
        self.sessions.forget_user(user_id)
        logger.info("user {} was deleted", account.username)

    async def set_role(self, name: str, permissions: Iterable[str]) -> Role:
        """Make a role or replace its permissions; it counts for its users at once, and they stay signed in.

        Raises:
            InvalidInputError: The name or a permission does not fit.
        """
        wanted = list(permissions)

        async def write(within: AsyncClientSession) -> Role:
            role = await self._parts.roles.set(name, wanted, within=within)
            granted = list(role.permissions)
            await self.log.add(AuthEventKind.ROLE_CHANGED, within=within, role=role.name, permissions=granted)
            return role

        role = await together(self._parts.database, write)
        self.sessions.forget_all()
        return role

    async def demand_factor(self, role: str, *, demanded: bool) -> None:
        """Let the users of a role need a second factor, or not any more; who has none is led to setting one up at once.

        Args:
            role: Name of the role.
            demanded: Whether they need one.

        Raises:
            NotFoundError: There is no such role.
        """
        if not await self._parts.roles.demand_factor(role, demanded=demanded):
            msg = f"There is no role {role}"
            raise NotFoundError(msg)
        self.sessions.forget_all()
        await self.log.add(AuthEventKind.ROLE_CHANGED, role=role, second_factor="required" if demanded else "optional")

    async def delete_role(self, name: str) -> None:
        """Remove a role; who had it loses it and is signed out, and so do groups.

        Raises:
            NotFoundError: There is none.
        """

        async def write(within: AsyncClientSession) -> None:
            if not await self._parts.roles.remove(name, within=within):
                msg = f"There is no role {name}"
                raise NotFoundError(msg)
            await self._parts.groups.drop_role(name, within=within)
            await self.accounts.drop("roles", name, within=within)
            await self.log.add(AuthEventKind.ROLE_DELETED, within=within, role=name)

        await together(self._parts.database, write)
        self.sessions.forget_all()

    async def list_roles(self) -> list[Role]:
        """Return all roles, by name."""
        return [role async for role in self._parts.roles.all()]

    async def access_of(self, account: Account) -> tuple[list[Group], dict[str, Role]]:
        """Return the groups of an account, and the roles it has by itself and by these, by name."""
        groups = await self._parts.groups.named(account.groups)
        names = {*account.roles, *(role for group in groups for role in group.roles)}
        return groups, await self._parts.roles.named(names)

    async def granted(self, *, roles: Iterable[str] = (), groups: Iterable[str] = ()) -> frozenset[str]:
        """Return all that roles and groups grant together; unknown ones grant nothing."""
        names = {*roles, *(role for group in await self._parts.groups.named(groups) for role in group.roles)}
        return await self._parts.roles.permissions(names)

    async def existing_roles(self, roles: Iterable[str]) -> list[str]:
        """Return the names of roles, sorted.

        Raises:
            InvalidInputError: One of them does not exist.
        """
        names = sorted(set(roles))
        missing = await self._parts.roles.missing(names)
        if missing:
            raise InvalidInputError(fields={"roles": f"There is no role {', '.join(missing)}"})
        return names

    async def _change(self, user_id: UUID, kind: AuthEventKind, changes: Mapping[str, Any], **detail: Any) -> None:  # noqa: ANN401 - names and words
        """Change an account, end its sessions and put that on record, all or nothing."""

        async def write(within: AsyncClientSession) -> None:
            if not await self.accounts.change(user_id, changes, within=within):
                raise AccountNotFoundError
            await self._parts.stored_sessions.end_user(user_id, within=within)
            await self.log.add(kind, await self.accounts.get(user_id, within=within), within=within, **detail)

        await together(self._parts.database, write)
        self.sessions.forget_user(user_id)

    async def _account(self, user_id: UUID) -> Account:
        account = await self.accounts.get(user_id)
        if account is None:
            raise AccountNotFoundError
        return account

    async def _keep_an_administrator(self, user_id: UUID) -> None:
        account = await self.accounts.get(user_id)
        if account is not None and account.is_superuser and not await self.accounts.has_other_administrator(user_id):
            raise LastAdministratorError
