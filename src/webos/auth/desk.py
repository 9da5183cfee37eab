"""Where people sign in: password against hash, slowed down for those who guess, noticed where it looks odd.

Every way in ends here, in `begin_session`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from loguru import logger

from webos.auth.accounts import Account, AccountStore, fold_username
from webos.auth.auth_log import AuthEventKind, AuthLog
from webos.auth.caller import current_caller
from webos.auth.device import device_name
from webos.auth.errors import SignInFailedError
from webos.auth.factors.checks import CodeChecks
from webos.auth.factors.errors import SecondFactorNeededError
from webos.auth.factors.pending import PendingStore
from webos.auth.factors.proof import Proof, is_twofold
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
    """Begins sessions for those who have proved who they are.

    Args:
        accounts: The accounts.
        sessions: The sessions.
        hasher: Compares passwords.
        throttle: Slows down those who guess.
        devices: The devices users have signed in with.
        outbox: Takes mail to those whose sign-in looks odd.
        log: The record.
        checks: Compares codes of second factors.
        pending: Sign-ins that lack their second factor.
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
        checks: CodeChecks,
        pending: PendingStore,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._hasher = hasher
        self._throttle = throttle
        self._devices = devices
        self._outbox = outbox
        self._log = log
        self._checks = checks
        self._pending = pending

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
        closes = await self._throttle.begin(key, address)
        if not (await self._hasher.verify(password, await self._accounts.get_hash(account.id))).valid:
            await self._log.add(AuthEventKind.SIGN_IN_FAILED, account, address=address, reason="asked again")
            if closes:
                await self._log.add(AuthEventKind.LOCKED, account, address=address)
            msg = "The current password is wrong"
            raise SignInFailedError(msg)
        await self._throttle.succeeded(key, address)

    async def sign_in(
        self, username: str, password: str, address: str, *, otp: str = ""
    ) -> tuple[str, SessionRecord, Account]:
        """Begin a session and return its token, its record and whose it is.

        Args:
            username: Name of the user.
            password: The password.
            address: Where the connection comes from.
            otp: Code of the second factor; empty where it is asked for afterwards.

        Raises:
            SignInFailedError: Name or password is wrong, or the account is disabled or a program's.
            SignInThrottledError: There were too many attempts.
            SecondFactorNeededError: The password is right, and the account has a second factor.
            SecondFactorWrongError: `otp` is wrong.
        """
        key = fold_username(username)[:_LONGEST_NAME]
        closes = await self._throttle.begin(key, address)
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
        await self._throttle.succeeded(key, address)
        now = datetime.now(UTC).replace(microsecond=0)
        before = {Proof.PASSWORD.value: now}
        method = await self._checks.check(account, otp) if otp and account.second_factors else Proof.PASSWORD
        token, record = await self.admit(account, address, method=method, before=before)
        return token, record, account

    async def admit(
        self, account: Account, address: str, *, method: Proof, before: Mapping[str, datetime] | None = None
    ) -> tuple[str, SessionRecord]:
        """Begin the session of somebody who signs in, put it on record, and write to him where it looks odd.

        Args:
            account: Who.
            address: Where the connection comes from.
            method: By what he has just proved who he is.
            before: What he had proved before, and when.

        Raises:
            SignInFailedError: The account is disabled or a program's.
            SecondFactorNeededError: The account has a second factor, and it was not proved yet.
        """
        proofs = {**(before or {}), method.value: datetime.now(UTC).replace(microsecond=0)}
        token, record = await self.begin_session(account, address, proofs=proofs)
        await self._notice(account, address)
        await self._log.add(
            AuthEventKind.SIGNED_IN, account, address=address, session=record.public_id, by=sorted(proofs)
        )
        logger.info("{} signed in from {}", account.username, address)
        return token, record

    async def begin_session(
        self, account: Account, address: str, *, proofs: Mapping[str, datetime] | None = None
    ) -> tuple[str, SessionRecord]:
        """Begin a session for somebody who has proved who he is, and return its token and its record.

        No session begins in any other way, whatever the first factor was.

        Args:
            account: Who.
            address: Where the connection comes from.
            proofs: By what he has proved it, and when; by his password, just now, where None.

        Raises:
            SignInFailedError: The account is disabled or a program's.
            SecondFactorNeededError: The account has a second factor, and it was not proved yet. The error names the pending
                sign-in; `second_step` makes the answer that goes on with it.
        """
        if account.disabled or account.is_service:
            raise SignInFailedError
        proved = dict(proofs) if proofs else {Proof.PASSWORD.value: datetime.now(UTC).replace(microsecond=0)}
        if account.second_factors and not is_twofold(proved):
            code = await self._pending.issue(account, proved)
            await self._log.add(AuthEventKind.SECOND_FACTOR_ASKED, account, address=address)
            raise SecondFactorNeededError(code, account.second_factors)
        user_agent = current_caller().user_agent
        return await self._sessions.create(account, address=address, user_agent=user_agent, proofs=proved)

    async def proofs_of(self, session_id: str) -> Mapping[str, datetime]:
        """Return by what the user of a session has proved who he is; nothing where there is no such session."""
        record = await self._sessions.get_public(session_id)
        return record.proofs if record is not None else {}

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
