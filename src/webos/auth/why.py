"""`why?`: from where a user has a permission, or that he has not, in words for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from webos.auth.accounts import Account
from webos.auth.groups import Group
from webos.auth.roles import Role
from webos.kernel.permissions import PermissionSet

__all__ = ["PermissionAnswer", "PermissionSource", "explain_permission"]


@dataclass(frozen=True, slots=True)
class PermissionSource:
    """One of the reasons for which a user has a permission.

    Attributes:
        grant: The permission or wildcard that matches; empty for a superuser.
        role: The role that has it; empty where it was given to the user himself.
        group: The group that has the role; empty where the user has it himself.
    """

    grant: str = ""
    role: str = ""
    group: str = ""

    @property
    def text(self) -> str:
        """The reason in words."""
        if not self.grant:
            return "is a superuser, who may do everything"
        if not self.role:
            return f"was granted “{self.grant}” himself"
        way = f" as a member of “{self.group}”" if self.group else ""
        return f"has the role “{self.role}”{way}, which grants “{self.grant}”"


@dataclass(frozen=True, slots=True)
class PermissionAnswer:
    """Whether a user has a permission, and why.

    Attributes:
        permission: The permission.
        granted: Whether the user may do it now.
        sources: All the reasons for which he has it; there may be several.
        text: The answer in words for people.
        meaning: What the permission allows; empty where no module declares it.
    """

    permission: str
    granted: bool
    sources: tuple[PermissionSource, ...]
    text: str
    meaning: str = ""

    def __bool__(self) -> bool:
        return self.granted


def explain_permission(
    account: Account, permission: str, *, roles: Mapping[str, Role], groups: Iterable[Group], meaning: str | None
) -> PermissionAnswer:
    """Return from where a user has a permission.

    Args:
        account: The user.
        permission: Name of the permission.
        roles: The roles by name, at least his.
        groups: The groups he is in.
        meaning: What the permission allows; None where no module declares it.
    """
    sources = tuple(_sources(account, permission, roles, groups))
    name = account.display_name or account.username
    if account.disabled:
        text = f"{name} may do nothing: the account is disabled."
    elif sources:
        text = f"{name} " + "; and ".join(source.text for source in sources) + "."
    else:
        text = f"{name} has no role, group or grant with “{permission}”."
    if meaning is None:
        text += " No module declares this permission."
    return PermissionAnswer(permission, bool(sources) and not account.disabled, sources, text, meaning or "")


def _sources(
    account: Account, permission: str, roles: Mapping[str, Role], groups: Iterable[Group]
) -> Iterable[PermissionSource]:
    if account.is_superuser:
        yield PermissionSource()
    for grant in _matching(account.grants, permission):
        yield PermissionSource(grant)
    ways = [(role, "") for role in account.roles] + [(role, group.name) for group in groups for role in group.roles]
    for name, group in ways:
        for grant in _matching(roles[name].permissions if name in roles else (), permission):
            yield PermissionSource(grant, name, group)


def _matching(grants: Iterable[str], permission: str) -> list[str]:
    return [grant for grant in grants if permission in PermissionSet([grant])]
