"""The permission matcher of the kernel: what tests/unit/auth leaves open, and its speed."""

import timeit
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.kernel.context import Principal
from webos.kernel.permissions import PERMISSION_PATTERN, PermissionSet

part = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
permission = st.lists(part, min_size=2, max_size=4).map(".".join)
grant = st.one_of(permission, permission.map(lambda name: f"{name}.*"), part.map(lambda name: f"{name}.*"))


@given(st.sets(grant), st.sets(grant), permission)
def test_a_grant_more_never_takes_anything_away(some: set[str], more: set[str], wanted: str) -> None:
    """Whatever a set of grants allows, a larger one allows, and no more than its parts do."""
    together = wanted in PermissionSet(some | more)
    assert together == (wanted in PermissionSet(some) or wanted in PermissionSet(more))


@given(st.text(max_size=20))
def test_nothing_grants_nothing(wanted: str) -> None:
    """Without grants every question is answered with no."""
    assert wanted not in PermissionSet()


@given(permission)
def test_the_star_grants_every_permission(wanted: str) -> None:
    """`*` alone grants everything that can be a permission."""
    assert wanted in PermissionSet({"*"})


@pytest.mark.parametrize("grants", [{"inventory*"}, {"inventory.re*"}, {"*.read"}, {"inventory.*.read"}, {".*"}, {""}])
def test_a_star_anywhere_else_is_no_wildcard(grants: set[str]) -> None:
    """Only a whole last part that is a star stands for more."""
    matcher = PermissionSet(grants)
    assert not [wanted for wanted in ("inventory.read", "inventory.item.read", "inventoryx.read") if wanted in matcher]


@pytest.mark.parametrize("name", ["inventory.read", "a.b", "a_1.b2.c_3"])
def test_names_that_are_permissions(name: str) -> None:
    """At least two parts in lower case, each beginning with a letter."""
    assert PERMISSION_PATTERN.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["", "read", "Inventory.read", "inventory.", ".read", "inventory..read", "1a.b", "a.b\n"]
)
def test_names_that_are_none(name: str) -> None:
    """Anything else cannot be declared by a manifest."""
    assert not PERMISSION_PATTERN.match(name)


@pytest.mark.parametrize("wanted", ["module7.read", "module19.item.delete", "other.read"])
def test_a_check_takes_less_than_a_microsecond(wanted: str) -> None:
    """A user with 200 grants and 20 wildcards is checked in under a microsecond, whether granted or not."""
    grants = {f"area{number}.action" for number in range(200)} | {f"module{number}.*" for number in range(20)}
    user = Principal(id=uuid4(), username="anna", grants=frozenset(grants))
    # The least of many: what else runs on the machine only ever adds.
    seconds = min(timeit.repeat(lambda: user.has_permission(wanted), number=2000, repeat=50)) / 2000
    assert seconds < 1e-6
