"""Security case 23: where a wildcard ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.kernel.permissions import PERMISSION_PATTERN, PermissionSet

part = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
permission = st.lists(part, min_size=2, max_size=4).map(".".join)


def reference(grants: set[str], wanted: str) -> bool:
    """Match part by part, as the documentation says it."""
    parts = wanted.split(".")
    return any(
        grant in {"*", wanted}
        or (
            grant.endswith(".*")
            and len(parts) > grant.count(".")
            and parts[: grant.count(".")] == grant.split(".")[:-1]
        )
        for grant in grants
    )


@given(
    st.sets(st.one_of(permission, permission.map(lambda name: f"{name}.*"), part.map(lambda name: f"{name}.*"))),
    permission,
)
def test_matches_as_documented(grants: set[str], wanted: str) -> None:
    """The quick matcher decides as matching part by part does."""
    assert (wanted in PermissionSet(grants)) == reference(grants, wanted)


@given(permission, st.from_regex(r"[a-z0-9_]{1,5}", fullmatch=True))
def test_wildcard_ends_at_the_dot(wanted: str, more: str) -> None:
    """`inventory.*` grants nothing of `inventoryx`, and not `inventory` itself."""
    first, _, rest = wanted.partition(".")
    granted = PermissionSet({f"{first}.*"})
    assert wanted in granted
    assert f"{first}{more}.{rest}" not in granted
    assert first not in granted


@given(permission)
def test_exact_grant_is_exact(wanted: str) -> None:
    """A grant without a wildcard grants neither what is below nor what is above it."""
    granted = PermissionSet({wanted})
    assert wanted in granted
    assert f"{wanted}.more" not in granted
    assert f"{wanted}x" not in granted
    assert wanted.rpartition(".")[0] not in granted


@pytest.mark.parametrize("wildcard", ["*", "inventory.*", "inventory.item.*"])
def test_wildcard_is_not_a_permission(wildcard: str) -> None:
    """Asking for a wildcard itself is refused by a set that holds just it, and no module can require one."""
    assert wildcard not in PermissionSet({wildcard})
    assert not PERMISSION_PATTERN.fullmatch(wildcard)


@given(st.sets(st.sampled_from(["", ".", ".*", "*.read", "inventory*", "i*", "**", "inventory.*.read"])), permission)
def test_malformed_grant_grants_nothing(grants: set[str], wanted: str) -> None:
    """Only a trailing `.*` and a lone `*` are wildcards."""
    assert wanted not in PermissionSet(grants)
