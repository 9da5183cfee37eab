"""Groups give their members roles; `why?` tells from where a permission comes; administrators reach as far as their own."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.integration.auth.site import PASSWORD, Site, build_site
from webos.auth import Account, PermissionAnswer, PermissionSource, UserAdministration
from webos.data.connection import Connection
from webos.kernel.context import ANONYMOUS, Principal, acting_as
from webos.kernel.errors import InvalidInputError, NotFoundError, NotSignedInError, PermissionDeniedError

DECLARED = {"shop.read": "See the shop", "shop.write": "Change the shop"}


def administration(site: Site) -> UserAdministration:
    return UserAdministration(site.auth, lambda: DECLARED)


async def account(site: Site, name: str) -> Account:
    found = await site.auth.find_user(name)
    assert found is not None
    return found


async def acting(site: Site, name: str) -> Principal:
    found = await site.auth.principal((await account(site, name)).id)
    assert found is not None
    return replace(found, proved_at=datetime.now(UTC))


async def status(site: Site, name: str) -> int:
    return (await (await site.sign_in(name)).get("/api/shop/guarded")).status_code


async def test_members_have_the_roles_of_their_groups(mongo: Connection, site: Site) -> None:
    """A change of a group counts for its members at once, in their running sessions, and ends with the membership."""
    other = await build_site(mongo, site.settings)
    await site.auth.groups.set("Sales / EMEA", ["clerk"])
    assert await status(site, "bob") == 403
    bob = await account(site, "bob")
    await site.auth.set_access(bob.id, groups=["Sales / EMEA"])
    client = await site.sign_in("bob")
    assert (await client.get("/api/shop/guarded")).status_code == 200
    assert (await client.get("/auth/me")).json()["roles"] == ["clerk"]
    await site.auth.groups.set("Sales / EMEA", [])
    assert (await client.get("/api/shop/guarded")).status_code == 403
    await site.auth.groups.set("Sales / EMEA", ["clerk"])
    assert (await client.get("/api/shop/guarded")).status_code == 200
    # Another process reads the same.
    assert await status(other, "bob") == 200
    await site.auth.groups.delete("Sales / EMEA")
    assert (await client.get("/auth/me")).status_code == 401
    assert await status(site, "bob") == 403


async def test_removed_roles_are_gone_everywhere(site: Site) -> None:
    """Whoever had a role that is removed, by himself or by a group, loses it, also if one of that name is made again."""
    bob = await account(site, "bob")
    await site.auth.groups.set("staff", ["clerk"])
    await site.auth.set_access(bob.id, groups=["staff"])
    await site.auth.delete_role("clerk")
    await site.auth.set_role("clerk", ["shop.read"])
    assert [await status(site, name) for name in ("anna", "bob")] == [403, 403]
    with pytest.raises(NotFoundError):
        await site.auth.delete_role("nobody-has-it")


@pytest.mark.parametrize("name", ["", " ", "a" * 129, "a\nb", "$ne", ".staff", "staff\x00"])
async def test_names_of_groups(site: Site, name: str) -> None:
    """A name that cannot be shown in one line is refused."""
    with pytest.raises(InvalidInputError):
        await site.auth.groups.set(name, [])


async def test_unknown_groups_and_roles_are_refused(site: Site) -> None:
    """A group has roles that exist, a user is in groups that exist."""
    with pytest.raises(InvalidInputError):
        await site.auth.groups.set("staff", ["nosuch"])
    with pytest.raises(InvalidInputError):
        await site.auth.set_access((await account(site, "bob")).id, groups=["nosuch"])


async def test_why(site: Site) -> None:
    """The answer names every role, group and grant, and agrees with what the user may do."""
    await site.auth.set_role("keeper", ["shop.*"])
    await site.auth.groups.set("staff", ["keeper"])
    anna, bob, root = [await account(site, name) for name in ("anna", "bob", "root")]
    await site.auth.set_access(anna.id, groups=["staff"], grants=["shop.read"])
    asked = administration(site)
    with acting_as(await acting(site, "root")):
        answer = await asked.why("shop.read", anna.id)
        assert isinstance(answer, PermissionAnswer)
        assert set(answer.sources) == {
            PermissionSource("shop.read"),
            PermissionSource("shop.read", "clerk"),
            PermissionSource("shop.*", "keeper", "staff"),
        }
        assert answer.granted
        assert answer.meaning == "See the shop"
        assert "has the role “keeper” as a member of “staff”, which grants “shop.*”" in answer.text
        assert not await asked.why("shop.read", bob.id)
        assert "superuser" in (await asked.why("shop.read", root.id)).text
        assert "No module declares" in (await asked.why("shop.nosuch", root.id)).text
        for name in ("anna", "bob", "root"):
            user = await acting(site, name)
            for permission in ("shop.read", "shop.write", "admin.read"):
                assert (await asked.why(permission, user.id)).granted == user.has_permission(permission)
        await site.auth.set_disabled(anna.id, disabled=True)
        assert not await asked.why("shop.read", anna.id)
    with acting_as(await acting(site, "bob")):
        assert not (await asked.why("shop.read")).granted
        with pytest.raises(PermissionDeniedError):
            await asked.why("shop.read", anna.id)


async def test_administrators_reach_as_far_as_their_own_permissions(site: Site) -> None:
    """Who manages users gives nobody more than he has, and touches nobody who has more."""
    await site.auth.set_role("boss", ["admin.users", "shop.*"])
    await site.auth.set_role("auditor", ["admin.audit"])
    await site.auth.groups.set("auditors", ["auditor"])
    bob = await account(site, "bob")
    await site.auth.set_access(bob.id, roles=["boss"])
    anna, root = await account(site, "anna"), await account(site, "root")
    asked = administration(site)
    with acting_as(await acting(site, "bob")):
        await asked.set_access(anna.id, grants=["shop.write"], roles=["clerk"])
        made = await asked.create("carl", PASSWORD, roles=["clerk"])
        assert made.roles == ("clerk",)
        assert {user.username for user in await asked.users()} == {"Anna", "bob", "carl", "root"}
        await asked.set_role("packer", ["shop.pack"])
        await asked.set_group("packers", ["packer"])
        refused: list[Callable[[], Awaitable[object]]] = [
            lambda: asked.set_access(bob.id, is_superuser=True),
            lambda: asked.set_access(bob.id, grants=["*"]),
            lambda: asked.set_access(bob.id, grants=["admin.*"]),
            lambda: asked.set_access(bob.id, groups=["auditors"]),
            lambda: asked.set_access(root.id, is_superuser=False),
            lambda: asked.set_disabled(root.id, disabled=True),
            lambda: asked.reset_link(root.id),
            lambda: asked.end_sessions(root.id),
            lambda: asked.delete(root.id),
            lambda: asked.create("dora", PASSWORD, is_superuser=True),
            lambda: asked.create("dora", PASSWORD, groups=["auditors"]),
            lambda: asked.invite("dora@acme.test", roles=["auditor"], by_mail=False),
            lambda: asked.set_role("boss", ["*"]),
            lambda: asked.set_role("auditor", []),
            lambda: asked.delete_role("auditor"),
            lambda: asked.set_group("packers", ["auditor"]),
            lambda: asked.set_group("auditors", []),
            lambda: asked.delete_group("auditors"),
            lambda: asked.view_as(anna.id, "x"),
        ]
        for attempt in refused:
            with pytest.raises(PermissionDeniedError):
                await attempt()
        assert await asked.end_views() == 0
    after = await account(site, "bob")
    assert (after.roles, after.grants, after.is_superuser) == (("boss",), (), False)


async def test_nothing_without_the_permission(site: Site) -> None:
    """Every method refuses visitors, and users who may not manage users."""
    asked, some = administration(site), UUID(int=1)
    calls: list[Callable[[], Awaitable[object]]] = [
        asked.users,
        lambda: asked.sessions(some),
        lambda: asked.create("x", None),
        lambda: asked.set_access(some, is_superuser=True),
        lambda: asked.set_disabled(some, disabled=True),
        lambda: asked.delete(some),
        lambda: asked.end_sessions(some),
        lambda: asked.reset_link(some),
        lambda: asked.invite("x@acme.test"),
        asked.roles,
        lambda: asked.set_role("x", []),
        lambda: asked.delete_role("x"),
        asked.groups,
        lambda: asked.set_group("x", []),
        lambda: asked.delete_group("x"),
    ]
    public = {name for name in vars(UserAdministration) if not name.startswith("_")}
    # These ask in their own ways, which other tests show.
    assert len(public - {"permissions", "why", "view_as", "end_views"}) == len(calls)
    for user, error in ((ANONYMOUS, NotSignedInError), (await acting(site, "anna"), PermissionDeniedError)):
        with acting_as(user):
            for call in calls:
                with pytest.raises(error):
                    await call()
    with acting_as(ANONYMOUS):
        with pytest.raises(NotSignedInError):
            asked.permissions()
        with pytest.raises(NotSignedInError):
            await asked.why("shop.read")
    with acting_as(await acting(site, "anna")):
        assert asked.permissions() == DECLARED
