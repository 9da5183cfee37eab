"""Making and changing groups."""

from collections.abc import Iterable

from pymongo.asynchronous.client_session import AsyncClientSession

from webos.auth.auth_log import AuthEventKind
from webos.auth.groups import Group, check_group_name
from webos.auth.parts import AuthParts
from webos.auth.together import together
from webos.kernel.errors import InvalidInputError, NotFoundError

__all__ = ["Groups"]


class Groups:
    """Groups of users. It checks no permission itself: who calls it decides who may.

    Args:
        parts: The parts of accounts and sessions.
    """

    def __init__(self, parts: AuthParts) -> None:
        self._parts = parts

    async def set(self, name: str, roles: Iterable[str]) -> Group:
        """Make a group or replace its roles; that counts for its members at once, and they stay signed in.

        Args:
            name: Up to 128 letters, digits and `. , = / @ + : _ -`.
            roles: Names of existing roles.

        Raises:
            InvalidInputError: The name does not fit, or a role does not exist.
        """
        checked = check_group_name(name)
        wanted = sorted(set(roles))
        missing = await self._parts.roles.missing(wanted)
        if missing:
            raise InvalidInputError(fields={"roles": f"There is no role {', '.join(missing)}"})

        async def write(within: AsyncClientSession) -> Group:
            group = await self._parts.groups.set(checked, wanted, within=within)
            await self._parts.log.add(AuthEventKind.GROUP_CHANGED, within=within, group=checked, roles=wanted)
            return group

        group = await together(self._parts.database, write)
        self._parts.sessions.forget_all()
        return group

    async def delete(self, name: str) -> None:
        """Remove a group; its members lose its roles and are signed out.

        Raises:
            NotFoundError: There is none.
        """

        async def write(within: AsyncClientSession) -> None:
            if not await self._parts.groups.remove(name, within=within):
                msg = f"There is no group {name}"
                raise NotFoundError(msg)
            await self._parts.accounts.drop("groups", name, within=within)
            await self._parts.log.add(AuthEventKind.GROUP_DELETED, within=within, group=name)

        await together(self._parts.database, write)
        self._parts.sessions.forget_all()

    async def all(self) -> list[Group]:
        """Return all groups, by name."""
        return [group async for group in self._parts.groups.all()]

    async def existing(self, names: Iterable[str]) -> list[str]:
        """Return the names of groups, sorted.

        Raises:
            InvalidInputError: One of them does not exist.
        """
        wanted = sorted(set(names))
        found = {group.name for group in await self._parts.groups.named(wanted)}
        missing = [name for name in wanted if name not in found]
        if missing:
            raise InvalidInputError(fields={"groups": f"There is no group {', '.join(missing)}"})
        return wanted
