"""Making and revoking API keys."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from loguru import logger

from webos.auth.accounts import AccountStore
from webos.auth.api_keys import ApiKey, KeyStore
from webos.auth.auth_log import AuthEventKind, AuthLog
from webos.auth.errors import AccountNotFoundError, KeyNotValidError
from webos.auth.resolver import SessionResolver
from webos.auth.roles import check_grants
from webos.auth.scopes import limited
from webos.kernel.context import Principal
from webos.kernel.errors import InvalidInputError, NotFoundError

__all__ = ["ApiKeys"]

_LONGEST_NAME = 64
_MOST_DAYS = 3650


class ApiKeys:
    """API keys of people and of service accounts. It checks no permission itself.

    Args:
        store: The stored keys.
        accounts: The accounts.
        sessions: Forgets keys that are revoked.
        log: The record.
    """

    def __init__(self, store: KeyStore, accounts: AccountStore, sessions: SessionResolver, log: AuthLog) -> None:
        self._store = store
        self._accounts = accounts
        self._sessions = sessions
        self._log = log

    async def create(self, user_id: UUID, name: str, scopes: Iterable[str], *, days: int | None) -> tuple[str, ApiKey]:
        """Make a key and return it, this once, and what is stored of it.

        Args:
            user_id: Who acts with it; it can do nothing that he cannot.
            name: What it is for.
            scopes: Permissions and wildcards it is limited to.
            days: How long it counts; None for ever.

        Raises:
            InvalidInputError: The name, a scope or the time does not fit.
            AccountNotFoundError: There is no such account.
        """
        label = name.strip()
        if not 1 <= len(label) <= _LONGEST_NAME or not label.isprintable():
            raise InvalidInputError(fields={"name": f"Use 1 to {_LONGEST_NAME} characters"})
        try:
            checked = check_grants(scopes)
        except InvalidInputError as error:
            raise InvalidInputError(fields={"scopes": next(iter(error.fields.values()))}) from None
        if not checked:
            raise InvalidInputError(fields={"scopes": "Name at least one permission, or * for all that you may"})
        if days is not None and not 1 <= days <= _MOST_DAYS:
            raise InvalidInputError(fields={"days": f"Use 1 to {_MOST_DAYS} days"})
        account = await self._accounts.get(user_id)
        if account is None:
            raise AccountNotFoundError
        secret, made = await self._store.create(
            user_id, label, checked, timedelta(days=days) if days is not None else None
        )
        await self._log.add(AuthEventKind.KEY_CREATED, account, key=made.id, name=label, scopes=checked)
        logger.info("an API key for {} was made", account.username)
        return secret, made

    async def of_user(self, user_id: UUID) -> list[ApiKey]:
        """Return the keys of a user, the newest first."""
        return await self._store.of_user(user_id)

    async def revoke(self, key_id: str, user_id: UUID | None = None) -> ApiKey:
        """End a key and return what was stored of it.

        Args:
            key_id: Its public id.
            user_id: Whose it must be; anybody's where None.

        Raises:
            NotFoundError: There is no such key.
        """
        found = await self._store.find(key_id, user_id)
        if found is None or not await self._store.remove(found.key):
            msg = "There is no such key"
            raise NotFoundError(msg)
        self._sessions.forget_key(found.key)
        account = await self._accounts.get(found.user_id)
        await self._log.add(AuthEventKind.KEY_REVOKED, account, key=found.id, name=found.name)
        return found

    async def limit(self, owner: Principal, key_id: str) -> Principal:
        """Return the principal that acts for `owner` by a key, as long as the key counts.

        Args:
            owner: Whose key it is, with what he may do now.
            key_id: Public id of the key.

        Raises:
            KeyNotValidError: The key was revoked, or has expired.
        """
        found = await self._store.find(key_id, owner.id)
        if found is None or found.is_expired(datetime.now(UTC)):
            msg = f"key {key_id} of {owner.username} does not count any more"
            raise KeyNotValidError(msg, user_message="The API key by which this was begun does not count any more.")
        return limited(owner, found.scopes, found.id)

    async def note_first_use(self, key: ApiKey) -> None:
        """Put the first use of a key on record."""
        account = await self._accounts.get(key.user_id)
        await self._log.add(AuthEventKind.KEY_FIRST_USED, account, key=key.id, name=key.name)
