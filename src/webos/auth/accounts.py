"""Accounts as they are stored: the only code that touches the collection of users."""

import re
import unicodedata
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from webos.auth.errors import EmailTakenError, UsernameTakenError
from webos.auth.mail.address import fold_address
from webos.auth.together import Within
from webos.kernel.errors import InvalidInputError

__all__ = ["Account", "AccountStore", "check_display_name", "fold_username"]

_USERNAME = re.compile(r"[A-Za-z0-9._@+-]{1,64}")
_FIRST_ADMINISTRATOR = "first"
_LONGEST_DISPLAY_NAME = 100
_WITHOUT_HASH = {"password_hash": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account, without its password.

    Attributes:
        id: Identity that never changes.
        username: Name to sign in with, as it was written.
        display_name: Name to show.
        roles: Names of the roles.
        grants: Permissions and wildcards beyond those of the roles.
        groups: Names of the groups, whose roles count as well.
        is_superuser: Whether every permission is granted.
        disabled: Whether the account may not sign in or act.
        email: Address for mail; empty without one.
        email_verified: Whether mail to the address was answered.
        is_service: Whether a program acts by it: it has keys, and nobody can sign in with it.
        second_factors: What is asked for at sign-in besides the first factor: `app`, `passkey`.
        auth_version: Counts the changes that end all sessions.
        created_at: When it was made, in UTC.
    """

    id: UUID
    username: str
    display_name: str = ""
    roles: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    is_superuser: bool = False
    disabled: bool = False
    email: str = ""
    email_verified: bool = False
    is_service: bool = False
    second_factors: tuple[str, ...] = ()
    auth_version: int = 0
    created_at: datetime


def check_display_name(display_name: str) -> str:
    """Return a name to show, without the spaces around it.

    Raises:
        InvalidInputError: It is too long, or has characters that cannot be shown.
    """
    name = display_name.strip()
    if len(name) > _LONGEST_DISPLAY_NAME or not name.isprintable():
        raise InvalidInputError(fields={"display_name": f"Use at most {_LONGEST_DISPLAY_NAME} characters in one line"})
    return name


def fold_username(username: str) -> str:
    """Return the form in which two spellings of one user name are equal."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


class AccountStore:
    """Accounts in the database.

    Args:
        database: The database, without the guard: no module can reach this collection.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._users = database["webos_users"]

    async def ensure_indexes(self) -> None:
        """Make the indexes that keep user names, and the first administrator, unique."""
        # A folded copy instead of a collation, which the embedded server does not enforce.
        await self._users.create_index("username_key", unique=True)
        await self._users.create_index("first_administrator", unique=True, sparse=True)
        await self._users.create_index("email_key", unique=True, sparse=True)

    async def insert(
        self,
        username: str,
        password_hash: str | None,
        *,
        display_name: str = "",
        roles: Iterable[str] = (),
        grants: Iterable[str] = (),
        is_superuser: bool = False,
        first_administrator: bool = False,
        email: str = "",
        email_verified: bool = False,
        is_service: bool = False,
    ) -> Account:
        """Store a new account.

        Args:
            username: Name to sign in with: letters, digits and `._@+-`, at most 64.
            password_hash: Hash of the password; None where nobody can sign in with one.
            display_name: Name to show.
            roles: Names of roles.
            grants: Permissions and wildcards.
            is_superuser: Whether every permission is granted.
            first_administrator: Whether this is the one that is made at the first start; there is only one.
            email: Checked address for mail; empty without one.
            email_verified: Whether mail to the address was answered.
            is_service: Whether a program acts by it.

        Raises:
            InvalidInputError: The user name does not fit.
            UsernameTakenError: The user name, or the place of the first administrator, is taken.
            EmailTakenError: Another account has the address.
        """
        if not _USERNAME.fullmatch(username):
            raise InvalidInputError(fields={"username": "Use 1 to 64 letters, digits and . _ @ + -"})
        document: dict[str, Any] = {
            "_id": uuid4(),
            "username": username,
            "username_key": fold_username(username),
            "display_name": display_name.strip(),
            "password_hash": password_hash,
            "roles": sorted(set(roles)),
            "grants": sorted(set(grants)),
            "is_superuser": is_superuser,
            "disabled": False,
            "email": email,
            "email_verified": email_verified,
            "is_service": is_service,
            "auth_version": 0,
            "created_at": datetime.now(UTC).replace(microsecond=0),
        }
        if first_administrator:
            document["first_administrator"] = _FIRST_ADMINISTRATOR
        if email:
            document["email_key"] = fold_address(email)
        try:
            await self._users.insert_one(document)
        except DuplicateKeyError:
            if email and await self.find_by_email(email) is not None:
                raise EmailTakenError from None
            msg = f"The user name {username} is taken"
            raise UsernameTakenError(msg) from None
        return _account(document)

    async def get(self, user_id: UUID, *, within: Within = None) -> Account | None:
        """Return the account with an id."""
        document = await self._users.find_one({"_id": user_id}, _WITHOUT_HASH, session=within)
        return _account(document) if document else None

    async def find(self, username: str) -> Account | None:
        """Return the account with a user name, whatever its capitals."""
        found = await self.find_with_hash(username)
        return found[0] if found else None

    async def find_with_hash(self, username: str) -> tuple[Account, str | None] | None:
        """Return the account with a user name, and the hash of its password, from one read."""
        key = fold_username(username)
        # What no account can be named is not worth a query, and some of it the driver cannot even encode.
        document = await self._users.find_one({"username_key": key}) if _USERNAME.fullmatch(key) else None
        return (_account(document), document["password_hash"]) if document else None

    async def find_by_email(self, email: str) -> Account | None:
        """Return the account with an address, whatever its capitals."""
        document = await self._users.find_one({"email_key": fold_address(email)}, _WITHOUT_HASH)
        return _account(document) if document else None

    async def get_hash(self, user_id: UUID) -> str | None:
        """Return the hash of a user's password; None where there is none."""
        document = await self._users.find_one({"_id": user_id}, {"password_hash": 1})
        return document["password_hash"] if document else None

    async def all(self) -> AsyncIterator[Account]:
        """Yield every account, by user name."""
        async for document in self._users.find({}, _WITHOUT_HASH).sort("username_key", 1):
            yield _account(document)

    async def change(self, user_id: UUID, changes: Mapping[str, Any], *, within: Within = None) -> bool:
        """Change fields so that no session from before counts any more, and return whether the account exists."""
        update: dict[str, Any] = {"$inc": {"auth_version": 1}}
        if changes:
            update["$set"] = dict(changes)
        return bool((await self._users.update_one({"_id": user_id}, update, session=within)).matched_count)

    async def describe(
        self,
        user_id: UUID,
        *,
        display_name: str | None = None,
        email: str | None = None,
        email_verified: bool | None = None,
    ) -> bool:
        """Change what opens nothing, so that sessions go on, and return whether the account exists. None stays.

        Raises:
            EmailTakenError: Another account has the address.
        """
        changes: dict[str, Any] = {}
        if display_name is not None:
            changes["display_name"] = display_name.strip()
        if email is not None:
            changes["email"] = email
        if email_verified is not None:
            changes["email_verified"] = email_verified
        update: dict[str, Any] = {"$set": changes}
        if email:
            changes["email_key"] = fold_address(email)
        elif email is not None:
            update["$unset"] = {"email_key": ""}
        try:
            return bool((await self._users.update_one({"_id": user_id}, update)).matched_count)
        except DuplicateKeyError:
            raise EmailTakenError from None

    async def delete(self, user_id: UUID, *, within: Within = None) -> bool:
        """Remove an account and return whether there was one."""
        return bool((await self._users.delete_one({"_id": user_id}, session=within)).deleted_count)

    async def renew_hash(self, user_id: UUID, password_hash: str) -> None:
        """Replace the hash of an unchanged password by a stronger one; sessions stay."""
        await self._users.update_one({"_id": user_id}, {"$set": {"password_hash": password_hash}})

    async def drop(self, field: str, name: str, *, within: Within = None) -> None:
        """Take a role or a group away from everybody, so that no session of theirs counts any more.

        Args:
            field: `roles` or `groups`.
            name: Its name.
            within: The transaction.
        """
        update = {"$pull": {field: name}, "$inc": {"auth_version": 1}}
        await self._users.update_many({field: name}, update, session=within)

    async def has_superuser(self) -> bool:
        """Return whether any superuser exists, disabled ones too."""
        return await self._users.find_one({"is_superuser": True}, {"_id": 1}) is not None

    async def has_other_administrator(self, user_id: UUID) -> bool:
        """Return whether a superuser other than `user_id` can sign in."""
        query = {"is_superuser": True, "disabled": False, "_id": {"$ne": user_id}}
        return await self._users.find_one(query, {"_id": 1}) is not None


def _account(document: Mapping[str, Any]) -> Account:
    return Account(
        id=document["_id"],
        username=document["username"],
        display_name=document["display_name"],
        roles=tuple(document["roles"]),
        grants=tuple(document["grants"]),
        groups=tuple(document.get("groups", ())),
        is_superuser=document["is_superuser"],
        disabled=document["disabled"],
        email=document.get("email", ""),
        email_verified=document.get("email_verified", False),
        is_service=document.get("is_service", False),
        second_factors=tuple(document.get("second_factors", ())),
        auth_version=document["auth_version"],
        created_at=document["created_at"],
    )
