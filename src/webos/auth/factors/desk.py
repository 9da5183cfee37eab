"""The second factors of users: setting up, replacing and removing them, and what each change leads to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from webos.auth.accounts import Account
from webos.auth.auth_log import AuthEventKind
from webos.auth.caller import current_caller
from webos.auth.device import device_name
from webos.auth.errors import AccountNotFoundError
from webos.auth.factors.errors import FactorNotFoundError, LastFactorError, SecondFactorWrongError
from webos.auth.factors.passkey_store import Passkey
from webos.auth.factors.passkeys import check_passkey_name
from webos.auth.factors.proof import Proof
from webos.auth.factors.recovery import hash_code, new_codes
from webos.auth.factors.store import StoredFactors
from webos.auth.factors.totp import new_secret, step_of

if TYPE_CHECKING:
    from webos.auth.parts import AuthParts

__all__ = ["SecondFactors"]

_APP = Proof.APP.value
_PASSKEY = Proof.PASSKEY.value


class SecondFactors:
    """Second factors. It does not ask whether the acting user has proved himself lately: who calls it does.

    Every change ends all sessions of the user; the one in which he made it goes on under a new token.

    Args:
        parts: The parts of accounts and sessions.
    """

    def __init__(self, parts: "AuthParts") -> None:
        self._parts = parts

    async def of(self, user_id: UUID) -> StoredFactors:
        """Return what a user has besides passkeys."""
        return await self._parts.factors.of(user_id)

    async def passkeys(self, user_id: UUID) -> list[Passkey]:
        """Return the passkeys of a user, the oldest first."""
        return await self._parts.stored_passkeys.of_user(user_id)

    async def demanded(self, account: Account) -> bool:
        """Return whether a role of an account asks for a second factor."""
        known = await self._parts.principals.load(account.id)
        return known is not None and known[1].demands_factor

    async def offer_app(self, account: Account) -> str:
        """Return a secret for an app to learn: the one that was offered last, or a new one."""
        offered = await self._parts.factors.offered_app(account.id)
        if offered is None:
            offered = new_secret()
            await self._parts.factors.offer_app(account.id, offered)
        return offered

    async def confirm_app(self, account: Account, code: str, session_id: str) -> tuple[str, list[str]]:
        """Set up the app that has learnt the offered secret; return the new token and, for a first factor, recovery codes.

        Args:
            account: Whose.
            code: A code of the app.
            session_id: Public id of the session that goes on.

        Raises:
            FactorNotFoundError: Nothing was offered, or long ago.
            SecondFactorWrongError: The code is wrong.
            SignInThrottledError: There were too many attempts.
        """
        secret = await self._parts.factors.offered_app(account.id)
        if secret is None:
            raise FactorNotFoundError
        attempt = await self._parts.code_throttle.begin(account.id, familiar=f"offer {session_id}")
        step = step_of(secret, code, datetime.now(UTC))
        if step is None:
            raise SecondFactorWrongError
        await self._parts.code_throttle.succeeded(attempt)
        await self._parts.factors.set_app(account.id, secret, step)
        codes = await self._first_codes(account)
        said = "An authenticator app was set up for your account."
        return await self._changed(account, AuthEventKind.FACTOR_ADDED, _APP, said, session_id, proved=_APP), codes

    async def remove_app(self, account: Account, session_id: str) -> str:
        """Remove a user's app and return the token of the session that goes on.

        Raises:
            FactorNotFoundError: He has none.
            LastFactorError: It is the last factor, and a role needs one.
        """
        await self._keep_one(account, without=_APP)
        if not await self._parts.factors.remove_app(account.id):
            raise FactorNotFoundError
        said = "The authenticator app was removed from your account."
        return await self._changed(account, AuthEventKind.FACTOR_REMOVED, _APP, said, session_id)

    async def add_passkey(
        self, account: Account, session_id: str, name: str, answer: dict[str, Any]
    ) -> tuple[str, list[str]]:
        """Store a passkey that a browser has made; return the new token and, for a first factor, recovery codes.

        Raises:
            InvalidInputError: The name does not fit.
            PasskeyRefusedError: The answer does not fit.
        """
        passkey = await self._parts.passkeys.add(account, session_id, name, answer)
        codes = await self._first_codes(account)
        said = f"The passkey “{passkey.name}” was added to your account."
        token = await self._changed(
            account, AuthEventKind.FACTOR_ADDED, _PASSKEY, said, session_id, proved=_PASSKEY, name=passkey.name
        )
        return token, codes

    async def rename_passkey(self, account: Account, passkey_id: str, name: str) -> None:
        """Call a passkey something else; sessions go on.

        Raises:
            InvalidInputError: The name does not fit.
            FactorNotFoundError: The user has no such passkey.
        """
        if not await self._parts.stored_passkeys.rename(passkey_id, account.id, check_passkey_name(name)):
            raise FactorNotFoundError

    async def remove_passkey(self, account: Account, passkey_id: str, session_id: str) -> str:
        """Remove a passkey and return the token of the session that goes on.

        Raises:
            FactorNotFoundError: The user has no such passkey.
            LastFactorError: It is the last factor, and a role needs one.
        """
        mine = {each.id: each for each in await self.passkeys(account.id)}
        if passkey_id not in mine:
            raise FactorNotFoundError
        if len(mine) == 1:
            await self._keep_one(account, without=_PASSKEY)
        if not await self._parts.stored_passkeys.remove(passkey_id, account.id):
            raise FactorNotFoundError
        name = mine[passkey_id].name
        said = f"The passkey “{name}” was removed from your account."
        return await self._changed(account, AuthEventKind.FACTOR_REMOVED, _PASSKEY, said, session_id, name=name)

    async def renew_codes(self, account: Account) -> list[str]:
        """Return new recovery codes, this once; the former ones count no more.

        Raises:
            FactorNotFoundError: The user has no second factor that they could stand in for.
        """
        if not account.second_factors:
            raise FactorNotFoundError
        codes = await self._make_codes(account)
        await self._parts.log.add(AuthEventKind.RECOVERY_CODES_RENEWED, account)
        await self._tell(
            account, "New recovery codes were made for your account. The former ones do not count any more."
        )
        return codes

    async def reset(self, user_id: UUID) -> None:
        """Remove all factors of a user who has lost them; his sessions end, and he is told.

        Raises:
            AccountNotFoundError: There is no such account.
        """
        account = await self._parts.accounts.get(user_id)
        if account is None:
            raise AccountNotFoundError
        await self.forget(user_id)
        await self._end_sessions(account, [])
        await self._parts.log.add(AuthEventKind.FACTORS_RESET, account)
        await self._tell(account, "An administrator removed all second factors from your account.")

    async def forget(self, user_id: UUID) -> None:
        """Remove everything that is stored of a user, who may be gone himself."""
        await self._parts.factors.forget(user_id)
        await self._parts.stored_passkeys.forget(user_id)
        await self._parts.pending.void(user_id)

    async def _first_codes(self, account: Account) -> list[str]:
        return await self._make_codes(account) if not account.second_factors else []

    async def _make_codes(self, account: Account) -> list[str]:
        codes = new_codes()
        await self._parts.factors.set_codes(account.id, [hash_code(account.id, code) for code in codes])
        return codes

    async def _keep_one(self, account: Account, *, without: str) -> None:
        if set(account.second_factors) <= {without} and await self.demanded(account):
            raise LastFactorError

    async def _changed(
        self,
        account: Account,
        kind: AuthEventKind,
        factor: str,
        said: str,
        session_id: str,
        *,
        proved: str = "",
        name: str = "",
    ) -> str:
        proofs: Mapping[str, datetime] = await self._parts.desk.proofs_of(session_id)
        if proved:
            proofs = {**proofs, proved: datetime.now(UTC).replace(microsecond=0)}
        held = [_APP] if (await self.of(account.id)).app_since is not None else []
        held += [_PASSKEY] if await self.passkeys(account.id) else []
        if not held:
            await self._parts.factors.forget(account.id)
        changed = await self._end_sessions(account, held)
        await self._parts.log.add(kind, account, factor=factor, name=name)
        await self._tell(account, said)
        token, _ = await self._parts.desk.begin_session(changed, current_caller().address, proofs=proofs)
        return token

    async def _end_sessions(self, account: Account, held: list[str]) -> Account:
        if not await self._parts.accounts.change(account.id, {"second_factors": held}):
            raise AccountNotFoundError
        await self._parts.stored_sessions.end_user(account.id)
        await self._parts.pending.void(account.id)
        self._parts.sessions.forget_user(account.id)
        changed = await self._parts.accounts.get(account.id)
        if changed is None:
            raise AccountNotFoundError
        return changed

    async def _tell(self, account: Account, said: str) -> None:
        caller = current_caller()
        await self._parts.outbox.put(
            "factors_changed",
            user_id=str(account.id),
            said=said,
            at=datetime.now(UTC),
            address=caller.address,
            device=device_name(caller.user_agent) if caller.user_agent else "",
        )
