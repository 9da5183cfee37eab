"""Accounts and roles on a real database."""

import asyncio
from uuid import uuid4

import pytest

from tests.integration.auth.site import PASSWORD, Site
from webos.auth import AccountDisabledError, AccountNotFoundError, LastAdministratorError, UsernameTakenError
from webos.kernel.context import ANONYMOUS, SYSTEM
from webos.kernel.errors import InvalidInputError


async def test_user_is_found_by_name_in_any_capitals(site: Site) -> None:
    """The name keeps its spelling and is found by any other."""
    account = await site.auth.find_user("  ANNA ")
    assert account is not None
    assert (account.username, account.display_name, account.roles) == ("Anna", "Anna A.", ("clerk",))
    assert await site.auth.find_user("nobody") is None
    assert await site.auth.find_user("an\x00na\ud800") is None


async def test_names_are_unique_whatever_their_capitals(site: Site) -> None:
    """A second `ANNA` is refused, also when many ask at once."""
    with pytest.raises(UsernameTakenError):
        await site.auth.create_user("ANNA", PASSWORD)
    names = ["carl", "Carl", "CARL", "cArl"]
    results = await asyncio.gather(*(site.auth.create_user(name, PASSWORD) for name in names), return_exceptions=True)
    assert sum(isinstance(result, UsernameTakenError) for result in results) == 3
    assert [user.username for user in await site.auth.list_users() if user.username.lower() == "carl"]


async def test_list_is_sorted_by_name(site: Site) -> None:
    """Capitals do not matter to the order."""
    assert [user.username for user in await site.auth.list_users()] == ["Anna", "bob", "root"]


async def test_refuses_names_that_do_not_fit(site: Site) -> None:
    """A name that could confuse people, addresses or logs is not taken."""
    for name in ["", " ", "a b", "a/b", "ä", "x" * 65, "a\n", "$where", "<script>"]:
        with pytest.raises(InvalidInputError) as caught:
            await site.auth.create_user(name, PASSWORD)
        assert list(caught.value.fields) == ["username"]


async def test_refuses_unknown_roles_and_malformed_grants(site: Site) -> None:
    """A misspelt role or permission is found when it is given, not when it is missed."""
    for options, field in ({"roles": ["clark"]}, "roles"), ({"grants": ["shop"]}, "permissions"):
        with pytest.raises(InvalidInputError) as caught:
            await site.auth.create_user("dora", PASSWORD, **options)  # type: ignore[arg-type]  # from the table
        assert list(caught.value.fields) == [field]
    assert await site.auth.find_user("dora") is None


async def test_refuses_role_names_that_do_not_fit(site: Site) -> None:
    """Roles have plain names."""
    for name in ["", "Clerk", "a b", "9lives", "x" * 65, "$set", "a.b"]:
        with pytest.raises(InvalidInputError):
            await site.auth.set_role(name, ["shop.read"])


async def test_role_can_be_set_by_many_at_once(site: Site) -> None:
    """Concurrent first settings of one role leave one role and no error."""
    await asyncio.gather(*(site.auth.set_role("packer", [f"shop.p{number}"]) for number in range(8)))
    assert [role.name for role in await site.auth.list_roles()] == ["clerk", "packer"]


async def test_principal_has_roles_resolved(site: Site) -> None:
    """Permissions of roles and own grants come together."""
    account = await site.auth.create_user("eve", PASSWORD, roles=["clerk"], grants=["stock.*"])
    principal = await site.auth.principal(account.id)
    assert principal is not None
    assert principal.permissions == {"shop.read", "stock.*"}
    assert principal.has_permission("stock.item.delete")
    assert not principal.has_permission("shop.write")
    assert principal.roles == ["clerk"]
    assert not principal.is_superuser


async def test_load_user_for_events_and_tasks(site: Site) -> None:
    """Users come with what they may do now; who is gone or disabled is refused; system and visitor are known."""
    account = await site.auth.create_user("eve", PASSWORD, roles=["clerk"])
    assert (await site.auth.load_user(account.id)).has_permission("shop.read")
    assert await site.auth.load_user(SYSTEM.id) is SYSTEM
    assert await site.auth.load_user(ANONYMOUS.id) is ANONYMOUS
    await site.auth.set_access(account.id, roles=[])
    assert not (await site.auth.load_user(account.id)).has_permission("shop.read")
    await site.auth.set_disabled(account.id, disabled=True)
    with pytest.raises(AccountDisabledError):
        await site.auth.load_user(account.id)
    assert await site.auth.principal(account.id) is None
    with pytest.raises(AccountNotFoundError):
        await site.auth.load_user(uuid4())


async def test_changes_to_nobody_are_errors(site: Site) -> None:
    """A change to an account that is gone is not silently lost."""
    for change in (
        site.auth.set_password(uuid4(), PASSWORD),
        site.auth.set_access(uuid4(), grants=["shop.read"]),
        site.auth.set_disabled(uuid4(), disabled=True),
        site.auth.end_all_sessions(uuid4()),
    ):
        with pytest.raises(AccountNotFoundError):
            await change


async def test_last_administrator_stays(site: Site) -> None:
    """Nobody can lock everybody out: the last one can neither be disabled nor demoted."""
    root = await site.auth.find_user("root")
    assert root is not None
    with pytest.raises(LastAdministratorError):
        await site.auth.set_disabled(root.id, disabled=True)
    with pytest.raises(LastAdministratorError):
        await site.auth.set_access(root.id, is_superuser=False)
    other = await site.auth.create_user("other", PASSWORD, is_superuser=True)
    await site.auth.set_disabled(root.id, disabled=True)
    with pytest.raises(LastAdministratorError):
        await site.auth.set_access(other.id, is_superuser=False)
