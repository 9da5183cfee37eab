"""Accounts, roles and sessions of one application, behind one door."""

import time
from collections.abc import Callable
from uuid import UUID

from webos.auth.access_token import AccessTokens
from webos.auth.administration import Administration
from webos.auth.auth_log import AuthEventKind
from webos.auth.bearer import BearerResolver
from webos.auth.errors import AccountDisabledError, AccountNotFoundError, SignInFailedError
from webos.auth.factors.entrance import Entrance
from webos.auth.keys import ApiKeys
from webos.auth.letters import LetterWriter
from webos.auth.life import AccountLife
from webos.auth.mail import LetterPress, Postman, SmtpServer
from webos.auth.parts import AuthParts
from webos.auth.passwords import PasswordHasher
from webos.auth.resolver import SignIn
from webos.auth.secret_key import secret_key
from webos.auth.sessions import SessionRecord, hash_token
from webos.auth.views import Views
from webos.data.connection import Connection
from webos.kernel.context import ANONYMOUS, SYSTEM, Principal, User
from webos.kernel.settings import Settings

__all__ = ["AuthService"]


class AuthService(Administration):
    """Who there is, who is signed in, and what each may do.

    It checks no permission itself: who calls it decides who may.

    Args:
        connection: The database connection.
        settings: The settings of the process.
        hasher: Hashes passwords; the default parameters where None.
        clock: Monotonic time in seconds.
        wall: Seconds since 1970, which all processes agree on.
        brand: Name of the product, for mails.

    Attributes:
        accounts: The stored accounts.
        sessions: Tells who is behind a token.
        bearers: Tells who is behind an access token or an API key.
        life: What people do with their own accounts.
        keys: API keys.
        views: Lets superusers look at the system as others.
        entrance: Second factors at sign-in, passkeys, and proving again who one is.
        log: The record of sign-ins and of changes of accounts.
        postman: Sends mail; None without a mail server.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        *,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        brand: str = "WebOS",
    ) -> None:
        parts = AuthParts.of(connection.raw, settings, hasher or PasswordHasher(), clock=clock, brand=brand, wall=wall)
        super().__init__(parts)
        self._settings = settings
        self._tokens: AccessTokens | None = None
        self.views = Views(parts)
        self.entrance = Entrance(parts)
        self.keys = ApiKeys(parts.stored_keys, parts.accounts, parts.sessions, parts.log)
        self.bearers = BearerResolver(
            self.access_tokens,
            parts.sessions,
            parts.stored_keys,
            parts.principals,
            on_first_use=self.keys.note_first_use,
            clock=clock,
        )
        self.life = AccountLife(
            self,
            accounts=parts.accounts,
            desk=parts.desk,
            tickets=parts.tickets,
            links=parts.links,
            hasher=parts.hasher,
            throttle=parts.mail_throttle,
            outbox=parts.outbox,
            log=parts.log,
            settings=settings,
        )
        self.postman: Postman | None = None
        if settings.smtp_url is not None and settings.mail_from is not None:
            writer = LetterWriter(parts.accounts, parts.links, parts.log, brand)
            press = LetterPress(brand=brand, sender=settings.mail_from, home=settings.public_url or settings.origin)
            self.postman = Postman(parts.outbox, writer.write, press, SmtpServer.from_url(settings.smtp_url))
            parts.outbox.on_put = self.postman.wake

    async def start(self) -> None:
        """Make the indexes; call it once before anything else."""
        await self._parts.ensure_indexes()

    def access_tokens(self) -> AccessTokens:
        """Return what issues and checks access tokens, made at the first call: commands need no key.

        Raises:
            ConfigurationError: The file with the secret key is damaged, or others can read it.
        """
        if self._tokens is None:
            self._tokens = AccessTokens(secret_key(self._settings), self._settings.public_url or self._settings.origin)
        return self._tokens

    async def principal(self, user_id: UUID) -> Principal | None:
        """Return the user with an id as he may act now, or None where he may not or does not exist."""
        found = await self._parts.principals.load(user_id)
        return found[1].principal if found is not None and not found[1].disabled else None

    async def load_user(self, user_id: UUID, key_id: str = "") -> User:
        """Return the user behind an event or a task, with the permissions he has now.

        Args:
            user_id: Id of a user, of the system or of the anonymous visitor.
            key_id: Id of the API key by which he acted, within which he goes on; empty without one.

        Raises:
            AccountNotFoundError: There is no such account any more.
            AccountDisabledError: The account may not act any more.
            KeyNotValidError: The key was revoked, or has expired.
        """
        for known in (SYSTEM, ANONYMOUS):
            if user_id == known.id:
                return known
        found = await self._parts.principals.load(user_id)
        if found is None:
            msg = f"there is no user {user_id}"
            raise AccountNotFoundError(msg, user_message=AccountNotFoundError.title)
        if found[1].disabled:
            msg = f"user {found[1].principal.username} is disabled"
            raise AccountDisabledError(msg, user_message=AccountDisabledError.title)
        return await self.keys.limit(found[1].principal, key_id) if key_id else found[1].principal

    async def sign_in(
        self, username: str, password: str, *, address: str, former_token: str | None = None, otp: str = ""
    ) -> tuple[str, SignIn]:
        """Begin a session and return its token and whose it is.

        Args:
            username: Name of the user.
            password: The password.
            address: Where the connection comes from.
            former_token: Token the browser had until now; its session ends.
            otp: Code of the second factor; empty where it is asked for afterwards.

        Raises:
            SignInFailedError: Name or password is wrong, or the account is disabled.
            SignInThrottledError: There were too many attempts.
            SecondFactorNeededError: The password is right, and the account has a second factor; no session has begun.
            SecondFactorWrongError: `otp` is wrong.
        """
        token, record, _ = await self._parts.desk.sign_in(username, password, address, otp=otp)
        return token, await self.settle(token, record, former_token)

    async def settle(self, token: str, record: SessionRecord, former_token: str | None) -> SignIn:
        """Return whose session has begun, and end the one that the browser had until now.

        Args:
            token: Token of the new session.
            record: The new session.
            former_token: Token of the former one; None without one.

        Raises:
            SignInFailedError: The account was changed while it signed in.
        """
        sign_in = await self.sessions.resolve(token)
        if sign_in is None:
            await self._parts.stored_sessions.end(record.key)
            raise SignInFailedError
        if former_token is not None:
            await self.sign_out(former_token)
        return sign_in

    async def access_token(self, session_id: str) -> tuple[str, int]:
        """Return an access token bound to a session, and for how many seconds it counts.

        Args:
            session_id: Public id of the session.

        Raises:
            SignInFailedError: The session has ended.
        """
        record = await self._parts.stored_sessions.get_public(session_id)
        if record is None or await self.sessions.resolve_public(session_id) is None:
            raise SignInFailedError
        return self.access_tokens().issue(record.user_id, session_id, record.expires_at)

    async def list_sessions(self, user_id: UUID) -> list[SessionRecord]:
        """Return the sessions of a user, the one used last first."""
        return await self._parts.stored_sessions.of_user(user_id)

    async def sign_out(self, token: str) -> None:
        """End the session of `token`, where there is one."""
        record = await self._parts.stored_sessions.end(hash_token(token))
        self.sessions.forget_token(token)
        if record is not None:
            self.sessions.forget_session(record.public_id)
            account = await self.accounts.get(record.user_id)
            await self.log.add(AuthEventKind.SIGNED_OUT, account, session=record.public_id)

    async def end_session(self, session_id: str, user_id: UUID | None = None) -> None:
        """End the session with a public id, where there is one.

        Args:
            session_id: Its public id.
            user_id: Whose it must be; anybody's where None.
        """
        record = await self._parts.stored_sessions.get_public(session_id)
        if record is None or not await self._parts.stored_sessions.end_public(session_id, user_id):
            return
        self.sessions.forget_session(session_id)
        account = await self.accounts.get(record.user_id)
        await self.log.add(AuthEventKind.SESSION_REVOKED, account, session=session_id, device=record.device)

    async def end_other_sessions(self, user_id: UUID, keep: str) -> int:
        """Sign a user out everywhere but in one session, and return how many ended.

        Args:
            user_id: Whom.
            keep: Public id of the session that goes on.
        """
        account = await self._account(user_id)
        count = await self._parts.stored_sessions.end_user(user_id, keep=keep)
        self.sessions.forget_user(user_id)
        await self.log.add(AuthEventKind.ALL_SESSIONS_REVOKED, account, kept=keep)
        return count

    async def end_all_sessions(self, user_id: UUID) -> None:
        """Sign a user out everywhere."""
        await self._change(user_id, AuthEventKind.ALL_SESSIONS_REVOKED, {})
