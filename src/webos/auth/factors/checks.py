"""Whether a code that somebody entered is right: one of his app, or one of his recovery codes."""

from datetime import UTC, datetime

from webos.auth.accounts import Account
from webos.auth.auth_log import AuthEventKind, AuthLog
from webos.auth.caller import current_caller
from webos.auth.factors.code_throttle import CodeThrottle
from webos.auth.factors.errors import SecondFactorWrongError
from webos.auth.factors.proof import Proof
from webos.auth.factors.recovery import hash_code
from webos.auth.factors.store import FactorStore
from webos.auth.factors.totp import is_code, step_of
from webos.auth.known_devices import KnownDevices
from webos.auth.mail import MailOutbox

__all__ = ["CodeChecks"]


class CodeChecks:
    """Compares codes, lets each count once, and slows down those who guess.

    Args:
        store: Secrets of apps and recovery codes.
        throttle: Counts attempts.
        devices: The devices users have signed in with.
        outbox: Takes mail.
        log: The record.
    """

    def __init__(
        self, store: FactorStore, throttle: CodeThrottle, devices: KnownDevices, outbox: MailOutbox, log: AuthLog
    ) -> None:
        self._store = store
        self._throttle = throttle
        self._devices = devices
        self._outbox = outbox
        self._log = log

    async def check(self, account: Account, code: str) -> Proof:
        """Return what a code proves.

        Args:
            account: Whose code it must be.
            code: Six digits of the app, or a recovery code.

        Raises:
            SecondFactorWrongError: It is wrong, or was used before.
            SignInThrottledError: There were too many wrong codes; recovery codes still count.
        """
        if is_code(code):
            await self._check_app(account, code)
            return Proof.APP
        await self._check_recovery(account, code)
        return Proof.RECOVERY

    async def _check_app(self, account: Account, code: str) -> None:
        caller = current_caller()
        familiar = await self._devices.familiar(account.id, caller.user_agent, caller.address)
        attempt = await self._throttle.begin(account.id, familiar=familiar)
        secret = await self._store.app(account.id)
        step = step_of(secret.text, code, datetime.now(UTC)) if secret is not None else None
        if secret is None or step is None or not await self._store.use_step(account.id, secret, step):
            await self._log.add(AuthEventKind.SECOND_FACTOR_FAILED, account)
            if attempt.closes:
                # Whoever comes this far knows the password, or has the session.
                await self._log.add(AuthEventKind.SUSPICIOUS, account, reason="second factor")
                await self._outbox.put(
                    "factor_guessed", user_id=str(account.id), address=caller.address, at=datetime.now(UTC)
                )
            raise SecondFactorWrongError
        await self._throttle.succeeded(attempt)

    async def _check_recovery(self, account: Account, code: str) -> None:
        if not await self._store.use_code(account.id, hash_code(account.id, code)):
            await self._log.add(AuthEventKind.SECOND_FACTOR_FAILED, account)
            raise SecondFactorWrongError
        left = (await self._store.of(account.id)).codes_left
        await self._log.add(AuthEventKind.RECOVERY_CODE_USED, account, left=left)
        await self._outbox.put(
            "factors_changed",
            user_id=str(account.id),
            said=f"A recovery code was used to sign in. {left} of them are left.",
            address=current_caller().address,
            at=datetime.now(UTC),
        )
