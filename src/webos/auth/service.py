"""Accounts, roles and sessions of one application, behind one door."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from loguru import logger

from webos.auth.accounts import Account, AccountStore, fold_username
from webos.auth.errors import AccountDisabledError, AccountNotFoundError, LastAdministratorError, SignInFailedError
from webos.auth.passwords import PasswordHasher, check_new_password
from webos.auth.principals import PrincipalSource
from webos.auth.resolver import SessionResolver, SignIn
from webos.auth.roles import Role, RoleStore, check_grants
from webos.auth.sessions import SessionStore, hash_token
from webos.auth.throttle import SignInThrottle
from webos.data.connection import Connection
from webos.kernel.context import ANONYMOUS, SYSTEM, Principal, User
from webos.kernel.errors import InvalidInputError
from webos.kernel.settings import Settings

__all__ = ["AuthService"]

_LONGEST_NAME = 64


class AuthService:
    """Who there is, who is signed in, and what each may do.

    It checks no permission itself: who calls it decides who may.

    Args:
        connection: The database connection.
        settings: The settings of the process.
        hasher: Hashes passwords; the default parameters where None.
        clock: Monotonic time in seconds.

    Attributes:
        accounts: The stored accounts.
        sessions: Tells who is behind a token.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        *,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        lifetime = timedelta(hours=settings.session_hours)
        self.accounts = AccountStore(connection.raw)
        self._roles = RoleStore(connection.raw)
        self._stored = SessionStore(connection.raw, lifetime)
        self._principals = PrincipalSource(self.accounts, self._roles, clock=clock)
        self.sessions = SessionResolver(self._stored, self._principals, clock=clock)
        self._hasher = hasher or PasswordHasher()
        self._throttle = SignInThrottle(clock=clock)

    async def start(self) -> None:
        """Make the indexes; call it once before anything else."""
        await self.accounts.ensure_indexes()
        await self._stored.ensure_indexes()

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

        Raises:
            InvalidInputError: A value does not fit, or a role does not exist.
            UsernameTakenError: Somebody has the user name.
        """
        role_names = await self._existing(roles)
        checked = check_grants(grants)
        if password is not None:
            check_new_password(password)
        account = await self.accounts.insert(
            username,
            await self._hasher.hash(password) if password is not None else None,
            display_name=display_name,
            roles=role_names,
            grants=checked,
            is_superuser=is_superuser,
            first_administrator=first_administrator,
        )
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
        await self._change(user_id, password_hash=await self._hasher.hash(password))

    async def set_access(
        self,
        user_id: UUID,
        *,
        roles: Iterable[str] | None = None,
        grants: Iterable[str] | None = None,
        is_superuser: bool | None = None,
    ) -> None:
        """Change what a user may do; all sessions of the user end. What is None stays.

        Raises:
            InvalidInputError: A role does not exist, or a grant does not fit.
            LastAdministratorError: Nobody else could administer the system.
            AccountNotFoundError: There is no such account.
        """
        changes: dict[str, Any] = {}
        if roles is not None:
            changes["roles"] = await self._existing(roles)
        if grants is not None:
            changes["grants"] = check_grants(grants)
        if is_superuser is not None:
            changes["is_superuser"] = is_superuser
            if not is_superuser:
                await self._keep_an_administrator(user_id)
        await self._change(user_id, **changes)

    async def set_disabled(self, user_id: UUID, *, disabled: bool) -> None:
        """Shut an account out or let it in again; all sessions of the user end.

        Raises:
            LastAdministratorError: Nobody else could administer the system.
            AccountNotFoundError: There is no such account.
        """
        if disabled:
            await self._keep_an_administrator(user_id)
        await self._change(user_id, disabled=disabled)

    async def set_role(self, name: str, permissions: Iterable[str]) -> Role:
        """Make a role or replace its permissions; it counts for its users at once, and they stay signed in.

        Raises:
            InvalidInputError: The name or a permission does not fit.
        """
        role = await self._roles.set(name, permissions)
        self.sessions.forget_all()
        return role

    async def list_roles(self) -> list[Role]:
        """Return all roles, by name."""
        return [role async for role in self._roles.all()]

    async def principal(self, user_id: UUID) -> Principal | None:
        """Return the user with an id as he may act now, or None where he may not or does not exist."""
        found = await self._principals.load(user_id)
        return found[1].principal if found is not None and not found[1].disabled else None

    async def load_user(self, user_id: UUID) -> User:
        """Return the user behind an event or a task, with the permissions he has now.

        Args:
            user_id: Id of a user, of the system or of the anonymous visitor.

        Raises:
            AccountNotFoundError: There is no such account any more.
            AccountDisabledError: The account may not act any more.
        """
        for known in (SYSTEM, ANONYMOUS):
            if user_id == known.id:
                return known
        found = await self._principals.load(user_id)
        if found is None:
            msg = f"there is no user {user_id}"
            raise AccountNotFoundError(msg, user_message=AccountNotFoundError.title)
        if found[1].disabled:
            msg = f"user {found[1].principal.username} is disabled"
            raise AccountDisabledError(msg, user_message=AccountDisabledError.title)
        return found[1].principal

    async def sign_in(
        self, username: str, password: str, *, address: str, former_token: str | None = None
    ) -> tuple[str, SignIn]:
        """Begin a session and return its token and whose it is.

        Args:
            username: Name of the user.
            password: The password.
            address: Where the connection comes from.
            former_token: Token the browser had until now; its session ends.

        Raises:
            SignInFailedError: Name or password is wrong, or the account is disabled.
            SignInThrottledError: There were too many attempts.
        """
        key = fold_username(username)[:_LONGEST_NAME]
        self._throttle.begin(key, address)
        found = await self.accounts.find_with_hash(username)
        account, stored = found if found is not None else (None, None)
        verdict = await self._hasher.verify(password, stored)
        if account is None or account.disabled or not verdict.valid:
            # An unknown name is not logged: it may be a password that went into the wrong field.
            logger.warning("sign-in of {} from {} failed", account.username if account else "an unknown user", address)
            raise SignInFailedError
        if verdict.new_hash is not None:
            await self.accounts.renew_hash(account.id, verdict.new_hash)
        token, _ = await self._stored.create(account)
        sign_in = await self.sessions.resolve(token)
        if sign_in is None:
            # The account was changed while the password was compared.
            raise SignInFailedError
        if former_token is not None:
            await self.sign_out(former_token)
        self._throttle.succeeded(key, address)
        logger.info("{} signed in from {}", account.username, address)
        return token, sign_in

    async def sign_out(self, token: str) -> None:
        """End the session of `token`, where there is one."""
        await self._stored.end(hash_token(token))
        self.sessions.forget_token(token)

    async def end_session(self, session_id: str) -> None:
        """End the session with a public id, where there is one."""
        await self._stored.end_public(session_id)
        self.sessions.forget_session(session_id)

    async def end_all_sessions(self, user_id: UUID) -> None:
        """Sign a user out everywhere."""
        await self._change(user_id)

    async def _change(self, user_id: UUID, **changes: object) -> None:
        if not await self.accounts.change(user_id, changes):
            raise AccountNotFoundError
        await self._stored.end_user(user_id)
        self.sessions.forget_user(user_id)

    async def _existing(self, roles: Iterable[str]) -> list[str]:
        names = sorted(set(roles))
        missing = await self._roles.missing(names)
        if missing:
            raise InvalidInputError(fields={"roles": f"There is no role {', '.join(missing)}"})
        return names

    async def _keep_an_administrator(self, user_id: UUID) -> None:
        account = await self.accounts.get(user_id)
        if account is not None and account.is_superuser and not await self.accounts.has_other_administrator(user_id):
            raise LastAdministratorError
