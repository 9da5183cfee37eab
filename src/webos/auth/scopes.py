"""What a key may do: what its owner may and its scopes name, both at once."""

import dataclasses
from collections.abc import Iterable

from webos.kernel.context import Principal

__all__ = ["common_grants", "covers_all", "limited"]

_EVERYTHING = "*"


def limited(owner: Principal, scopes: Iterable[str], key_id: str = "") -> Principal:
    """Return the principal that acts for `owner` within scopes.

    Only the scope `*` keeps a superuser one: any narrower key is bound by ownership like everybody's.

    Args:
        owner: Whose key it is, with what he may do now.
        scopes: Permissions and wildcards.
        key_id: Id of the key, which what he starts carries on.
    """
    named = frozenset(scopes)
    if _EVERYTHING in named:
        return dataclasses.replace(owner, key_id=key_id)
    grants = named if owner.is_superuser else common_grants(owner.grants, named)
    return dataclasses.replace(owner, grants=grants, is_superuser=False, key_id=key_id)


def common_grants(first: Iterable[str], second: Iterable[str]) -> frozenset[str]:
    """Return the grants that permit what both `first` and `second` permit, and nothing else."""
    others = frozenset(second)
    found: set[str] = set()
    for grant in first:
        for other in others:
            # Of two wildcards that meet one lies within the other.
            if _covers(grant, other):
                found.add(other)
            elif _covers(other, grant):
                found.add(grant)
    return frozenset(found)


def covers_all(wide: Iterable[str], narrow: Iterable[str]) -> bool:
    """Return whether grants permit everything that others permit, each of those by one of them."""
    grants = frozenset(wide)
    return all(any(_covers(grant, other) for grant in grants) for other in narrow)


def _covers(wide: str, narrow: str) -> bool:
    return wide in (_EVERYTHING, narrow) or (wide.endswith(".*") and narrow.startswith(wide[:-1]))
