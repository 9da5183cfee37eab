"""The second half of signing in, passkeys instead of passwords, and proving again who one is."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from webos.auth.accounts import Account
from webos.auth.auth_log import AuthEventKind
from webos.auth.caller import current_caller
from webos.auth.errors import AccountNotFoundError, SignInFailedError
from webos.auth.factors.errors import PasskeyRefusedError, SecondFactorWrongError
from webos.auth.factors.pending import PendingSignIn
from webos.auth.factors.proof import Proof
from webos.auth.sessions import SessionRecord
from webos.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from webos.auth.parts import AuthParts

__all__ = ["Entrance"]

_SIGN_IN = "sign in"


class Entrance:
    """Takes codes and passkeys of those who sign in, or who are about to do something dangerous.

    Args:
        parts: The parts of accounts and sessions.
    """

    def __init__(self, parts: "AuthParts") -> None:
        self._parts = parts

    @property
    def takes_passkeys(self) -> bool:
        """Whether browsers offer passkeys at the server's address."""
        return self._parts.passkeys.available

    async def waiting(self, code: str) -> tuple[PendingSignIn, Account] | None:
        """Return the pending sign-in with a code and whose it is, or None where it has ended or was changed."""
        pending = await self._parts.pending.look(code)
        account = await self._parts.accounts.get(pending.user_id) if pending is not None else None
        if pending is None or account is None or account.disabled or account.auth_version != pending.auth_version:
            return None
        return pending, account

    async def finish_with_code(self, pending_code: str, code: str) -> tuple[str, SessionRecord]:
        """Begin the session of a pending sign-in with a code of the app, or a recovery code.

        Args:
            pending_code: Names the pending sign-in.
            code: What was entered.

        Raises:
            SignInFailedError: There is no such pending sign-in any more.
            SecondFactorWrongError: The code is wrong, or was used before.
            SignInThrottledError: There were too many attempts.
        """
        pending, account = await self._pending(pending_code)
        return await self._finish(pending, account, await self._parts.checks.check(account, code))

    async def ask_second(self, pending_code: str) -> dict[str, Any]:
        """Return what the browser needs to answer with a passkey as the second factor.

        Raises:
            SignInFailedError: There is no such pending sign-in any more.
            FactorNotFoundError: The account has no passkey.
        """
        pending, account = await self._pending(pending_code)
        return await self._parts.passkeys.ask(f"second {pending.key}", account)

    async def finish_with_passkey(self, pending_code: str, answer: dict[str, Any]) -> tuple[str, SessionRecord]:
        """Begin the session of a pending sign-in with a passkey.

        Raises:
            SignInFailedError: There is no such pending sign-in any more.
            PasskeyRefusedError: The answer does not fit.
        """
        pending, account = await self._pending(pending_code)
        try:
            await self._parts.passkeys.check(f"second {pending.key}", answer, account)
        except PasskeyRefusedError:
            await self._parts.log.add(AuthEventKind.SECOND_FACTOR_FAILED, account)
            raise
        return await self._finish(pending, account, Proof.PASSKEY)

    async def ask_sign_in(self) -> dict[str, Any]:
        """Return what the browser needs to sign in with a passkey alone.

        Raises:
            SignInThrottledError: The same address has asked too often.
            PasskeysUnavailableError: The server's address does not allow for passkeys.
        """
        await self._parts.throttle.begin("", current_caller().address)
        return await self._parts.passkeys.ask(_SIGN_IN)

    async def sign_in(self, answer: dict[str, Any]) -> tuple[str, SessionRecord]:
        """Begin a session with a passkey, which is two factors by itself: it asks for PIN or finger.

        Raises:
            PasskeyRefusedError: The answer does not fit.
            SignInFailedError: The account is disabled or gone.
        """
        address = current_caller().address
        try:
            passkey = await self._parts.passkeys.check(_SIGN_IN, answer)
        except PasskeyRefusedError:
            await self._parts.log.add(AuthEventKind.SIGN_IN_FAILED, reason="passkey")
            raise
        await self._parts.throttle.succeeded("", address)
        account = await self._parts.accounts.get(passkey.user_id)
        if account is None:
            raise SignInFailedError
        return await self._parts.desk.admit(account, address, method=Proof.PASSKEY)

    async def ask_new(self, account: Account, session_id: str) -> dict[str, Any]:
        """Return what the browser needs to make a passkey.

        Raises:
            PasskeysUnavailableError: The server's address does not allow for passkeys.
            ConflictError: The user has very many.
        """
        return await self._parts.passkeys.ask_new(account, session_id)

    async def ask_again(self, user_id: UUID, session_id: str) -> dict[str, Any]:
        """Return what the browser needs to prove again by passkey who its user is.

        Raises:
            FactorNotFoundError: He has no passkey.
        """
        return await self._parts.passkeys.ask(f"confirm {session_id}", await self._account(user_id))

    async def prove_by_passkey(self, user_id: UUID, session_id: str, answer: dict[str, Any]) -> None:
        """Take a passkey as the proof that it is still the user who acts.

        Raises:
            PasskeyRefusedError: The answer does not fit.
        """
        account = await self._account(user_id)
        try:
            await self._parts.passkeys.check(f"confirm {session_id}", answer, account)
        except PasskeyRefusedError:
            await self._parts.log.add(AuthEventKind.SECOND_FACTOR_FAILED, account, reason="asked again")
            raise
        await self._proved(account, session_id, Proof.PASSKEY)

    async def prove(self, user_id: UUID, session_id: str, *, password: str = "", code: str = "") -> None:
        """Take a password or a code as the proof that it is still the user who acts.

        Whoever has a second factor proves himself by it: his password alone may be what was stolen.

        Raises:
            SignInFailedError: The password is wrong.
            SecondFactorWrongError: The code is wrong, or was used before.
            SignInThrottledError: There were too many attempts.
        """
        account = await self._account(user_id)
        if account.second_factors:
            if not code:
                raise InvalidInputError(fields={"code": "Enter the code of your app, or a recovery code"})
            proof = await self._parts.checks.check(account, code)
        else:
            await self._parts.desk.check_password(account, password)
            proof = Proof.PASSWORD
        await self._proved(account, session_id, proof)

    async def _proved(self, account: Account, session_id: str, proof: Proof) -> None:
        record = await self._parts.stored_sessions.prove(session_id, proof.value)
        if record is None or record.user_id != account.id:
            raise SignInFailedError
        self._parts.sessions.forget_key(record.key)
        await self._parts.log.add(AuthEventKind.PROVED_AGAIN, account, session=session_id, by=proof.value)

    async def _pending(self, code: str) -> tuple[PendingSignIn, Account]:
        found = await self.waiting(code)
        if found is None:
            msg = "This took too long. Please sign in again"
            raise SignInFailedError(msg)
        return found

    async def _finish(self, pending: PendingSignIn, account: Account, proof: Proof) -> tuple[str, SessionRecord]:
        if not await self._parts.pending.redeem(pending):
            raise SecondFactorWrongError
        return await self._parts.desk.admit(account, current_caller().address, method=proof, before=pending.proofs)

    async def _account(self, user_id: UUID) -> Account:
        account = await self._parts.accounts.get(user_id)
        if account is None:
            raise AccountNotFoundError
        return account
