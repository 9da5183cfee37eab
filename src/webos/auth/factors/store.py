"""Secrets of authenticator apps and recovery codes as they are stored: encrypted, and hashed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pymongo.asynchronous.database import AsyncDatabase

from webos.data.secret.catalogue import SecretCatalogue, SecretField
from webos.data.secret.keyring import Keyring
from webos.data.secret.place import Place

__all__ = ["FactorStore", "StoredFactors"]

_COLLECTION = "webos_factors"
_APP = "totp_secret"
_OFFERED = "totp_offered"
_OFFER_LASTS = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFactors:
    """What is stored of a user, without secrets.

    Attributes:
        app_since: When an authenticator app was set up; None without one.
        codes_left: How many recovery codes are unused.
    """

    app_since: datetime | None = None
    codes_left: int = 0


@dataclass(frozen=True, slots=True)
class AppSecret:
    """The secret of an app.

    Attributes:
        text: The secret.
        nonce: Tells this secret from one that replaced it.
    """

    text: str = field(repr=False)
    nonce: bytes = field(repr=False)


class FactorStore:
    """Secrets of apps and recovery codes in the database.

    Args:
        database: The database, without the guard.
        keyring: Returns the keys that secrets are encrypted with; called when there is the first one.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], keyring: Callable[[], Keyring]) -> None:
        self._factors = database[_COLLECTION]
        self._catalogue = SecretCatalogue(database)
        self._find_keyring = keyring
        self._known_keyring: Keyring | None = None

    @property
    def _keyring(self) -> Keyring:
        if self._known_keyring is None:
            self._known_keyring = self._find_keyring()
        return self._known_keyring

    async def prepare(self) -> None:
        """Have the secrets encrypted anew with all others when keys are changed."""
        await self._catalogue.note([SecretField(_COLLECTION, _APP), SecretField(_COLLECTION, _OFFERED)])

    async def of(self, user_id: UUID) -> StoredFactors:
        """Return what is stored of a user."""
        row = await self._factors.find_one({"_id": user_id}, {"app_since": 1, "codes": 1}) or {}
        return StoredFactors(app_since=row.get("app_since"), codes_left=len(row.get("codes", ())))

    async def offer_app(self, user_id: UUID, secret: str) -> None:
        """Keep a secret that an app is about to learn; it opens nothing before it was confirmed."""
        sealed = self._keyring.seal(secret, _place(_OFFERED, user_id), searchable=False)
        changes = {_OFFERED: sealed, "offered_until": datetime.now(UTC) + _OFFER_LASTS}
        await self._factors.update_one({"_id": user_id}, {"$set": changes}, upsert=True)

    async def offered_app(self, user_id: UUID) -> str | None:
        """Return the secret that was offered last, None where there is none or it is too old."""
        query = {"_id": user_id, "offered_until": {"$gt": datetime.now(UTC)}}
        found = self._open(_OFFERED, await self._factors.find_one(query, {_OFFERED: 1}), user_id)
        return found.text if found is not None else None

    async def set_app(self, user_id: UUID, secret: str, step: int) -> None:
        """Set up an app, in place of a former one.

        Args:
            user_id: Whose.
            secret: Its secret.
            step: Time step of the code that confirmed it, which counts no more.
        """
        sealed = self._keyring.seal(secret, _place(_APP, user_id), searchable=False)
        changes = {_APP: sealed, "last_step": step, "app_since": datetime.now(UTC).replace(microsecond=0)}
        await self._factors.update_one(
            {"_id": user_id}, {"$set": changes, "$unset": {_OFFERED: "", "offered_until": ""}}
        )

    async def app(self, user_id: UUID) -> AppSecret | None:
        """Return the secret of a user's app; None without one."""
        return self._open(_APP, await self._factors.find_one({"_id": user_id}, {_APP: 1}), user_id)

    async def use_step(self, user_id: UUID, secret: AppSecret, step: int) -> bool:
        """Let a time step count once, and return whether this was the once; earlier steps are over as well."""
        query = {"_id": user_id, f"{_APP}.nonce": secret.nonce, "last_step": {"$lt": step}}
        return bool((await self._factors.update_one(query, {"$set": {"last_step": step}})).modified_count)

    async def remove_app(self, user_id: UUID) -> bool:
        """Forget a user's app and return whether there was one."""
        gone = {_APP: "", "last_step": "", "app_since": ""}
        query = {"_id": user_id, "app_since": {"$exists": True}}
        return bool((await self._factors.update_one(query, {"$unset": gone})).modified_count)

    async def set_codes(self, user_id: UUID, hashes: Iterable[str]) -> None:
        """Keep the hashes of recovery codes, in place of all former ones."""
        await self._factors.update_one({"_id": user_id}, {"$set": {"codes": list(hashes)}}, upsert=True)

    async def use_code(self, user_id: UUID, hashed: str) -> bool:
        """Let a recovery code count once, and return whether this was the once."""
        found = await self._factors.update_one({"_id": user_id, "codes": hashed}, {"$pull": {"codes": hashed}})
        return bool(found.modified_count)

    async def forget(self, user_id: UUID) -> None:
        """Remove everything of a user."""
        await self._factors.delete_one({"_id": user_id})

    def _open(self, name: str, row: dict[str, Any] | None, user_id: UUID) -> AppSecret | None:
        sealed = row.get(name) if row is not None else None
        if sealed is None:
            return None
        return AppSecret(self._keyring.open(sealed, _place(name, user_id)), sealed["nonce"])


def _place(name: str, user_id: UUID) -> Place:
    return Place(_COLLECTION, name, None, user_id)
