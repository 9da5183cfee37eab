"""Where people sign in: password against hash, slowed down for those who guess, noticed where it looks odd."""

from datetime import UTC, datetime, timedelta

from loguru import logger

from webos.auth.accounts import Account, AccountStore, fold_username
from webos.auth.auth_log import AuthEventKind, AuthLog
from webos.auth.caller import current_caller
from webos.auth.device import device_name
from webos.auth.errors import SignInFailedError
from webos.auth.known_devices import Familiarity, KnownDevices
from webos.auth.mail import MailOutbox
from webos.auth.passwords import PasswordHasher
from webos.auth.sessions import SessionRecord, SessionStore
from webos.auth.throttle import SignInThrottle

__all__ = ["SignInDesk"]

_LONGEST_NAME = 64
_MANY_FAILURES = 10
_LOOKED_BACK = timedelta(hours=1)


class SignInDesk:
    """Begins sessions for those who know their password.

    Args:
        accounts: The accounts.
        sessions: The sessions.
        hasher: Compares passwords.
        throttle: Slows down those who guess.
        devices: The devices users have signed in with.
        outbox: Takes mail to those whose sign-in looks odd.
        log: The record.
    """

    def __init__(
        self,
        *,
        accounts: AccountStore,
        sessions: SessionStore,
        hasher: PasswordHasher,
        throttle: SignInThrottle,
        devices: KnownDevices,
        outbox: MailOutbox,
        log: AuthLog,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._hasher = hasher
        self._throttle = throttle
        self._devices = devices
        self._outbox = outbox
        self._log = log

    async def check_password(self, account: Account, password: str) -> None:
        """Ask somebody who is signed in for his password again, and slow him down like everybody who guesses.

        Args:
            account: Who is signed in.
            password: What he entered.

        Raises:
            SignInFailedError: It is wrong.
            SignInThrottledError: There were too many attempts.
        """
        key, address = fold_username(account.username), current_caller().address
        closes = self._throttle.begin(key, address)
        if not (await self._hasher.verify(password, await self._accounts.get_hash(account.id))).valid:
            await self._log.add(AuthEventKind.SIGN_IN_FAILED, account, address=address, reason="asked again")
            if closes:
                await self._log.add(AuthEventKind.LOCKED, account, address=address)
            msg = "The current password is wrong"
            raise SignInFailedError(msg)
        self._throttle.succeeded(key, address)

    async def sign_in(self, username: str, password: str, address: str) -> tuple[str, SessionRecord, Account]:
        """Begin a session and return its token, its record and whose it is.

        Args:
            username: Name of the user.
            password: The password.
            address: Where the connection comes from.

        Raises:
            SignInFailedError: Name or password is wrong, or the account is disabled or a program's.
            SignInThrottledError: There were too many attempts.
        """
        key = fold_username(username)[:_LONGEST_NAME]
        closes = self._throttle.begin(key, address)
        found = await self._accounts.find_with_hash(username)
        account, stored = found if found is not None else (None, None)
        verdict = await self._hasher.verify(password, stored)
        if account is None or account.disabled or account.is_service or not verdict.valid:
            # An unknown name is not logged: it may be a password that went into the wrong field.
            logger.warning("sign-in of {} from {} failed", account.username if account else "an unknown user", address)
            await self._log.add(AuthEventKind.SIGN_IN_FAILED, account, address=address)
            if closes:
                await self._log.add(AuthEventKind.LOCKED, account, address=address)
            raise SignInFailedError
        if verdict.new_hash is not None:
            await self._accounts.renew_hash(account.id, verdict.new_hash)
        token, record = await self.begin_session(account, address)
        self._throttle.succeeded(key, address)
        await self._notice(account, address)
        await self._log.add(AuthEventKind.SIGNED_IN, account, address=address, session=record.public_id)
        logger.info("{} signed in from {}", account.username, address)
        return token, record, account

    async def begin_session(self, account: Account, address: str) -> tuple[str, SessionRecord]:
        """Begin a session for somebody who has proved who he is, and return its token and its record."""
        user_agent = current_caller().user_agent
        return await self._sessions.create(account, address=address, user_agent=user_agent)

    async def _notice(self, account: Account, address: str) -> None:
        """Write to a user whose sign-in may not have been his own."""
        user_agent = current_caller().user_agent
        about = {
            "user_id": str(account.id),
            "address": address,
            "device": device_name(user_agent) if user_agent else "",
            "at": datetime.now(UTC),
        }
        failures = await self._log.failures_before_success(account.id, since=datetime.now(UTC) - _LOOKED_BACK)
        familiarity = await self._devices.note(account.id, user_agent, address)
        if failures >= _MANY_FAILURES:
            await self._log.add(AuthEventKind.SUSPICIOUS, account, address=address, failures=failures)
            await self._outbox.put("suspicious", failures=failures, **about)
        elif familiarity is Familiarity.NEW:
            await self._log.add(AuthEventKind.NEW_DEVICE, account, address=address)
            await self._outbox.put("new_device", **about)
