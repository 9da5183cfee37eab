"""Matching of permission names against grants with wildcards."""

import re
from collections.abc import Iterable

__all__ = ["PERMISSION_PATTERN", "PermissionSet"]

PERMISSION_PATTERN = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")
"""A permission's name: `module.action`, lower case, at least two parts."""


class PermissionSet:
    """Grants of one user, ready to answer `in`.

    `inventory.*` grants `inventory.read` and `inventory.item.delete`, but neither `inventoryx.read` nor `inventory`;
    `*` grants everything. Anything else grants exactly itself.

    Args:
        grants: Permission names, with or without a trailing wildcard.
    """

    __slots__ = ("_everything", "_exact", "_prefixes")

    def __init__(self, grants: Iterable[str] = ()) -> None:
        granted = frozenset(grants)
        self._everything = "*" in granted
        self._exact = granted
        self._prefixes = frozenset(grant[:-1] for grant in granted if grant.endswith(".*"))

    def __contains__(self, permission: str) -> bool:
        if permission in self._exact:
            return not permission.endswith("*")
        if self._everything:
            return True
        if not self._prefixes:
            return False
        # By its own dots, of which it has two or three, not by the prefixes, of which there may be hundreds.
        dot = permission.rfind(".")
        while dot > 0:
            if permission[: dot + 1] in self._prefixes:
                return True
            dot = permission.rfind(".", 0, dot)
        return False
