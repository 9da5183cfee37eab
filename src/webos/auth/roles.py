"""Roles: named sets of permissions."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.together import Within
from webos.kernel.errors import InvalidInputError
from webos.kernel.permissions import PERMISSION_PATTERN

__all__ = ["Role", "RoleStore", "check_grants"]

_REQUIRED = "required"
_ROLE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_WILDCARD = re.compile(r"([a-z][a-z0-9_]*\.)*\*")


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions.

    Attributes:
        name: Unique name.
        permissions: Permissions and wildcards.
        second_factor: Whether its users must have a second factor.
    """

    name: str
    permissions: tuple[str, ...]
    second_factor: bool = False


def check_grants(grants: Iterable[str]) -> list[str]:
    """Return the grants, sorted and without repetition.

    Args:
        grants: Permissions such as `inventory.read`, or wildcards such as `inventory.*` and `*`.

    Raises:
        InvalidInputError: One of them is neither.
    """
    checked = sorted(set(grants))
    for grant in checked:
        if not PERMISSION_PATTERN.fullmatch(grant) and not _WILDCARD.fullmatch(grant):
            raise InvalidInputError(
                fields={"permissions": f"{grant!r} is neither a permission such as inventory.read nor inventory.* or *"}
            )
    return checked


class RoleStore:
    """Roles in the database.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._roles = database["webos_roles"]

    async def set(self, name: str, permissions: Iterable[str], *, within: Within = None) -> Role:
        """Make a role, or replace the permissions of an existing one.

        Args:
            name: Lower-case letters, digits, `_` and `-`, at most 64.
            permissions: Permissions and wildcards.
            within: The transaction.

        Raises:
            DuplicateKeyError: Somebody else has made it at the same moment; it can be done again.
            InvalidInputError: The name or a permission does not fit.
        """
        if not _ROLE_NAME.fullmatch(name):
            raise InvalidInputError(fields={"name": "Use 1 to 64 lower-case letters, digits, _ and -"})
        role = Role(name, tuple(check_grants(permissions)))
        update = {"$set": {"permissions": list(role.permissions)}}
        await self._roles.update_one({"_id": name}, update, upsert=True, session=within)
        return role

    async def demand_factor(self, name: str, *, demanded: bool) -> bool:
        """Let the users of a role need a second factor, or not any more, and return whether there is such a role."""
        update = {"$set": {"second_factor": _REQUIRED}} if demanded else {"$unset": {"second_factor": ""}}
        return bool((await self._roles.update_one({"_id": name}, update)).matched_count)

    async def all(self) -> AsyncIterator[Role]:
        """Yield every role, by name."""
        async for document in self._roles.find().sort("_id", 1):
            yield _role(document)

    async def missing(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` that no role has, sorted."""
        wanted = set(names)
        found = {document["_id"] async for document in self._roles.find({"_id": {"$in": sorted(wanted)}}, {"_id": 1})}
        return sorted(wanted - found)

    async def named(self, names: Iterable[str]) -> dict[str, Role]:
        """Return those of the roles `names` that exist, by name."""
        wanted = sorted(set(names))
        if not wanted:
            return {}
        found = self._roles.find({"_id": {"$in": wanted}})
        return {document["_id"]: _role(document) async for document in found}

    async def remove(self, name: str, *, within: Within = None) -> bool:
        """Remove a role and return whether there was one."""
        return bool((await self._roles.delete_one({"_id": name}, session=within)).deleted_count)

    async def permissions(self, names: Iterable[str]) -> frozenset[str]:
        """Return all that the roles `names` grant together; unknown roles grant nothing."""
        wanted = list(names)
        if not wanted:
            return frozenset()
        found: set[str] = set()
        async for document in self._roles.find({"_id": {"$in": wanted}}):
            found.update(document["permissions"])
        return frozenset(found)


def _role(document: Mapping[str, Any]) -> Role:
    demanded = document.get("second_factor") == _REQUIRED
    return Role(document["_id"], tuple(document["permissions"]), demanded)
