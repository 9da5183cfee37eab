"""Passkeys (WebAuthn): what the browser is asked, and whether its answer is right."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from webos.auth.accounts import Account
from webos.auth.factors.challenges import ChallengeStore
from webos.auth.factors.errors import FactorNotFoundError, PasskeyRefusedError, PasskeysUnavailableError
from webos.auth.factors.passkey_store import Passkey, PasskeyStore
from webos.kernel.errors import ConflictError, InvalidInputError

__all__ = ["Passkeys", "check_passkey_name"]

_MOST = 20
_LONGEST_NAME = 64
_TIMEOUT = 5 * 60 * 1000
_TO_ADD = "add"


def check_passkey_name(name: str) -> str:
    """Return a name without the spaces around it.

    Raises:
        InvalidInputError: It is empty, too long, or cannot be shown.
    """
    shown = name.strip()
    if not 1 <= len(shown) <= _LONGEST_NAME or not shown.isprintable():
        raise InvalidInputError(fields={"name": f"Use 1 to {_LONGEST_NAME} characters in one line"})
    return shown


class Passkeys:
    """Asks browsers for passkeys and checks what they answer.

    Each question can be answered once, within five minutes, for the purpose it was asked for. The user must prove himself
    to the passkey, by PIN or finger, each time.

    Args:
        store: The passkeys.
        challenges: What was asked.
        origin: Scheme, host and port under which browsers reach the server.
        brand: Name of the product.
    """

    def __init__(self, store: PasskeyStore, challenges: ChallengeStore, origin: str, brand: str) -> None:
        self._store = store
        self._challenges = challenges
        self._origin = origin
        self._brand = brand
        self._host = urlsplit(origin).hostname or ""

    @property
    def available(self) -> bool:
        """Whether browsers offer passkeys at the server's address: by https, or on this machine, and never for a bare IP."""
        try:
            ipaddress.ip_address(self._host)
        except ValueError:
            return self._origin.startswith("https://") or self._host == "localhost"
        return False

    async def ask_new(self, account: Account, session_id: str) -> dict[str, Any]:
        """Return what the browser needs to make a passkey.

        Args:
            account: For whom.
            session_id: Public id of his session; the answer must come from it.

        Raises:
            PasskeysUnavailableError: The server's address does not allow for it.
            ConflictError: He has very many.
        """
        import webauthn
        from webauthn.helpers import structs

        self._demand_available()
        known = await self._store.of_user(account.id)
        if len(known) >= _MOST:
            msg = f"Nobody needs more than {_MOST} passkeys. Remove one first"
            raise ConflictError(msg)
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=self._brand,
            user_id=account.id.bytes,
            user_name=account.username,
            user_display_name=account.display_name or account.username,
            challenge=await self._challenges.issue(_purpose(_TO_ADD, str(account.id), session_id)),
            timeout=_TIMEOUT,
            exclude_credentials=_descriptors(known),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
        )
        return cast("dict[str, Any]", orjson.loads(webauthn.options_to_json(options)))

    async def add(self, account: Account, session_id: str, name: str, answer: dict[str, Any]) -> Passkey:
        """Store the passkey that a browser has made.

        Args:
            account: For whom.
            session_id: Public id of his session.
            name: What he calls it.
            answer: What the browser answered.

        Raises:
            InvalidInputError: The name does not fit.
            PasskeyRefusedError: The answer does not fit the question, or came from another site.
        """
        import webauthn

        shown = check_passkey_name(name)
        challenge = await self._redeem(answer, _purpose(_TO_ADD, str(account.id), session_id))
        try:
            found = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception as error:
            # The library raises whatever a malformed answer leads to.
            raise PasskeyRefusedError from error
        response = answer.get("response")
        named = response.get("transports") if isinstance(response, dict) else None
        passkey = Passkey(
            id=webauthn.helpers.bytes_to_base64url(found.credential_id),
            user_id=account.id,
            name=shown,
            public_key=found.credential_public_key,
            sign_count=found.sign_count,
            synchronised=found.credential_device_type.value == "multi_device",
            backed_up=found.credential_backed_up,
            transports=tuple(str(each)[:20] for each in named[:8]) if isinstance(named, list) else (),
            created_at=datetime.now(UTC).replace(microsecond=0),
        )
        if not await self._store.add(passkey):
            raise PasskeyRefusedError
        return passkey

    async def ask(self, purpose: str, account: Account | None = None) -> dict[str, Any]:
        """Return what the browser needs to use a passkey.

        Args:
            purpose: What for; the answer counts for nothing else.
            account: Whose passkeys it may be; anybody's where None.

        Raises:
            PasskeysUnavailableError: The server's address does not allow for it.
            FactorNotFoundError: The account has no passkey.
        """
        import webauthn
        from webauthn.helpers import structs

        self._demand_available()
        known = await self._store.of_user(account.id) if account is not None else []
        if account is not None and not known:
            raise FactorNotFoundError
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=await self._challenges.issue(purpose),
            timeout=_TIMEOUT,
            allow_credentials=_descriptors(known),
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
        return cast("dict[str, Any]", orjson.loads(webauthn.options_to_json(options)))

    async def check(self, purpose: str, answer: dict[str, Any], account: Account | None = None) -> Passkey:
        """Return the passkey that has answered.

        Args:
            purpose: What it was asked for.
            answer: What the browser answered.
            account: Whose it must be; anybody's where None.

        Raises:
            PasskeyRefusedError: It is not known, is somebody else's, or the answer does not fit.
        """
        import webauthn

        challenge = await self._redeem(answer, purpose)
        passkey_id = answer.get("id")
        passkey = await self._store.get(passkey_id) if isinstance(passkey_id, str) and passkey_id else None
        if passkey is None or (account is not None and passkey.user_id != account.id):
            raise PasskeyRefusedError
        try:
            found = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
            handle = answer["response"].get("userHandle")
            is_his = not handle or webauthn.base64url_to_bytes(handle) == passkey.user_id.bytes
        except Exception as error:
            raise PasskeyRefusedError from error
        if not is_his or not await self._store.use(passkey, found.new_sign_count, backed_up=found.credential_backed_up):
            raise PasskeyRefusedError
        return passkey

    async def _redeem(self, answer: dict[str, Any], purpose: str) -> bytes:
        """Return the challenge that was answered, which counts no more from now on.

        Raises:
            PasskeyRefusedError: It was not asked for this purpose, or was answered before.
        """
        from webauthn.helpers import base64url_to_bytes, parse_client_data_json

        self._demand_available()
        try:
            challenge = parse_client_data_json(base64url_to_bytes(answer["response"]["clientDataJSON"])).challenge
        except Exception as error:
            raise PasskeyRefusedError from error
        if not await self._challenges.redeem(challenge, purpose):
            raise PasskeyRefusedError
        return challenge

    def _demand_available(self) -> None:
        if not self.available:
            raise PasskeysUnavailableError


def _purpose(*parts: str) -> str:
    return " ".join(parts)


def _descriptors(passkeys: Sequence[Passkey]) -> list[Any]:
    from webauthn.helpers import base64url_to_bytes, structs

    known = {each.value for each in structs.AuthenticatorTransport}
    return [
        structs.PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(passkey.id),
            transports=[structs.AuthenticatorTransport(each) for each in passkey.transports if each in known],
        )
        for passkey in passkeys
    ]
