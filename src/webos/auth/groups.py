"""Groups: people who get the same roles because they belong together."""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.together import Within
from webos.kernel.errors import InvalidInputError

__all__ = ["Group", "GroupStore", "check_group_name"]

# As directories name them: `Sales/EMEA`, `cn=staff`, `it-admins`.
_GROUP_NAME = re.compile(r"[^\W_](?:[\w .,=/@+:-]{0,126}[\w=)])?")


@dataclass(frozen=True, slots=True)
class Group:
    """People who belong together, and what they may do for that.

    Attributes:
        name: Unique name.
        roles: Names of the roles that its members have.
    """

    name: str
    roles: tuple[str, ...]


def check_group_name(name: str) -> str:
    """Return the name of a group, without the spaces around it.

    Raises:
        InvalidInputError: It does not fit.
    """
    stripped = name.strip()
    if not _GROUP_NAME.fullmatch(stripped):
        raise InvalidInputError(fields={"name": "Use 1 to 128 letters, digits, spaces and . , = / @ + : _ -"})
    return stripped


class GroupStore:
    """Groups in the database; who is in them is noted in the accounts.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._groups = database["webos_groups"]

    async def set(self, name: str, roles: Iterable[str], *, within: Within = None) -> Group:
        """Make a group, or replace the roles of an existing one.

        Args:
            name: Checked name.
            roles: Names of existing roles.
            within: The transaction.

        Raises:
            DuplicateKeyError: Somebody else has made it at the same moment; it can be done again.
        """
        group = Group(name, tuple(sorted(set(roles))))
        update = {"$set": {"roles": list(group.roles)}}
        await self._groups.update_one({"_id": name}, update, upsert=True, session=within)
        return group

    async def remove(self, name: str, *, within: Within = None) -> bool:
        """Remove a group and return whether there was one."""
        return bool((await self._groups.delete_one({"_id": name}, session=within)).deleted_count)

    async def drop_role(self, role: str, *, within: Within = None) -> None:
        """Take a role away from every group."""
        await self._groups.update_many({"roles": role}, {"$pull": {"roles": role}}, session=within)

    async def all(self) -> AsyncIterator[Group]:
        """Yield every group, by name."""
        async for document in self._groups.find().sort("_id", 1):
            yield Group(document["_id"], tuple(document["roles"]))

    async def named(self, names: Iterable[str]) -> list[Group]:
        """Return those of the groups `names` that exist, by name."""
        wanted = sorted(set(names))
        if not wanted:
            return []
        found = self._groups.find({"_id": {"$in": wanted}}).sort("_id", 1)
        return [Group(document["_id"], tuple(document["roles"])) async for document in found]
