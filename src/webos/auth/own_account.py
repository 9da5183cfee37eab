"""What the acting user may see and change of his own account."""

from collections.abc import Iterable

from webos.auth.accounts import Account, check_display_name
from webos.auth.api_keys import ApiKey
from webos.auth.errors import AccountNotFoundError
from webos.auth.factors.passkey_store import Passkey
from webos.auth.factors.store import StoredFactors
from webos.auth.service import AuthService
from webos.auth.sessions import SessionRecord
from webos.kernel.context import User, demand_own_hand, signed_in_user
from webos.kernel.recent import require_recent

__all__ = ["OwnAccount"]


class OwnAccount:
    """The account of the acting user: every call is about whoever acts, so that it can be about nobody else.

    Serve it to people, in pages: an API key that reached it could make itself wider ones.

    Args:
        auth: Accounts and sessions.
    """

    def __init__(self, auth: AuthService) -> None:
        self._auth = auth

    @property
    def mail_is_set_up(self) -> bool:
        """Whether the server can send mail."""
        return self._auth.life.mail_is_set_up

    async def get(self) -> Account:
        """Return the account.

        Raises:
            NotSignedInError: Nobody acts.
            AccountNotFoundError: The account was deleted.
        """
        account = await self._auth.accounts.get(_myself().id)
        if account is None:
            raise AccountNotFoundError
        return account

    async def rename(self, display_name: str) -> None:
        """Change the name that others see.

        Raises:
            InvalidInputError: It is too long, or cannot be shown.
        """
        name = check_display_name(display_name)
        user_id = _myself().id
        await self._auth.accounts.describe(user_id, display_name=name)
        self._auth.sessions.forget_user(user_id)

    async def sessions(self) -> list[SessionRecord]:
        """Return where one is signed in, the session used last first."""
        return await self._auth.list_sessions(_myself().id)

    async def end_session(self, session_id: str) -> None:
        """Sign out in one place; a session of somebody else stays as it is.

        Args:
            session_id: Public id of the session.
        """
        await self._auth.end_session(session_id, _myself().id)

    async def end_other_sessions(self, keep: str) -> int:
        """Sign out everywhere but here, and return in how many places.

        Args:
            keep: Public id of the session that goes on.
        """
        return await self._auth.end_other_sessions(_myself().id, keep)

    async def keys(self) -> list[ApiKey]:
        """Return one's API keys, the newest first."""
        return await self._auth.keys.of_user(_myself().id)

    async def factors(self) -> StoredFactors:
        """Return whether one has an authenticator app, and how many recovery codes are left."""
        return await self._auth.factors.of(_myself().id)

    async def passkeys(self) -> list[Passkey]:
        """Return one's passkeys, the oldest first."""
        return await self._auth.factors.passkeys(_myself().id)

    @property
    def takes_passkeys(self) -> bool:
        """Whether browsers offer passkeys at the server's address."""
        return self._auth.entrance.takes_passkeys

    @require_recent()
    async def create_key(self, name: str, scopes: Iterable[str], *, days: int | None) -> tuple[str, ApiKey]:
        """Make an API key and return it, this once, and what is stored of it.

        Args:
            name: What it is for.
            scopes: Permissions and wildcards it is limited to.
            days: How long it counts; None for ever.

        Raises:
            RecentProofNeededError: One has not proved lately who one is.
            InvalidInputError: The name, a scope or the time does not fit.
        """
        return await self._auth.keys.create(_myself().id, name, scopes, days=days)

    async def revoke_key(self, key_id: str) -> None:
        """End an API key.

        Raises:
            NotFoundError: One has no such key.
        """
        await self._auth.keys.revoke(key_id, _myself().id)


def _myself() -> User:
    """Return the acting user, who must act himself: an account is nothing to look at as somebody else."""
    demand_own_hand()
    return signed_in_user()
