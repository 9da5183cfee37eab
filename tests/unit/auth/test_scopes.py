"""What a key may do is what both its owner and its scopes permit."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from webos.auth.scopes import common_grants, limited
from webos.kernel.context import Principal
from webos.kernel.permissions import PermissionSet

PARTS = st.sampled_from(["a", "b", "ab"])
NAMES = st.lists(PARTS, min_size=2, max_size=4).map(".".join)
WILDCARDS = st.lists(PARTS, min_size=0, max_size=3).map(lambda parts: ".".join([*parts, "*"]))
GRANTS = st.frozensets(st.one_of(NAMES, WILDCARDS), max_size=5)


@given(GRANTS, GRANTS, NAMES)
def test_both_must_permit(first: frozenset[str], second: frozenset[str], permission: str) -> None:
    """A permission is in common where it is in both, whatever wildcards there are."""
    both = permission in PermissionSet(first) and permission in PermissionSet(second)
    assert (permission in PermissionSet(common_grants(first, second))) == both


@given(GRANTS, GRANTS, st.booleans(), NAMES)
def test_limited_principal(grants: frozenset[str], scopes: frozenset[str], superuser: bool, permission: str) -> None:  # noqa: FBT001 - drawn
    """A limited principal is its owner, may no more than he, and no more than the scopes say."""
    owner = Principal(id=uuid4(), username="ada", grants=grants, is_superuser=superuser)
    key = limited(owner, scopes)
    assert key.id == owner.id
    assert key.has_permission(permission) == (owner.has_permission(permission) and permission in PermissionSet(scopes))
    assert not key.is_superuser or (superuser and "*" in scopes)
