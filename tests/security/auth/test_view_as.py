"""Looking at the system as another user: his rights and no more, nothing changed, both ends on record."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.integration.auth.site import PAGE, SAME_SITE, Site, build_site
from tests.integration.auth.test_groups import account, acting
from webos.auth import AuthEventKind, OwnAccount, UserAdministration
from webos.data.connection import Connection
from webos.kernel.context import SYSTEM, acting_as, demand_own_hand
from webos.kernel.errors import ViewOnlyError, WebOSError


async def view(client: httpx.AsyncClient, user: str) -> httpx.Response:
    return await client.post("/auth/view-as", json={"user": user}, headers=SAME_SITE)


async def name(client: httpx.AsyncClient) -> str:
    return str((await client.get("/auth/me")).json().get("username", ""))


async def test_sees_what_the_user_sees_and_changes_nothing(site: Site) -> None:
    """The superuser has the user's permissions, reads, and is refused whatever writes and the user's account."""
    root = await site.sign_in("root")
    assert (await root.get("/api/shop/depends")).status_code == 200
    assert (await view(root, "bob")).status_code == 204
    assert await name(root) == "bob"
    assert (await root.get("/auth/me")).json()["is_superuser"] is False
    assert (await root.get("/api/shop/depends")).status_code == 403
    assert (await root.get("/form")).text == "bob"
    refused = [
        ("POST", "/api/shop/orders"),
        ("POST", "/auth/token"),
        ("POST", "/auth/password"),
        ("GET", "/auth/password"),
    ]
    refused += [(method, "/form") for method in ("POST", "PUT", "PATCH", "DELETE")]
    refused += [("GET", "/account"), ("GET", "/auth/events"), ("POST", "/auth/view-as"), ("POST", "/auth/email")]
    for method, path in refused:
        answer = await root.request(method, path, headers=SAME_SITE)
        assert (answer.status_code, answer.json()["code"]) == (403, "webos.view_only"), (method, path)
    page = await root.get("/account", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/")
    assert (await root.post("/auth/view-as/end", headers=SAME_SITE)).status_code == 204
    assert await name(root) == "root"
    assert (await root.post("/api/shop/orders", headers=SAME_SITE)).status_code == 200


async def test_both_ends_are_on_record(site: Site) -> None:
    """The record says who looked as whom, and when he began and ended."""
    root = await site.sign_in("root")
    await view(root, "anna")
    await root.post("/auth/view-as/end", headers=SAME_SITE)
    with acting_as(SYSTEM):
        for kind in (AuthEventKind.VIEW_BEGUN, AuthEventKind.VIEW_ENDED):
            (entry,) = await site.auth.log.find(kind=kind)
            assert (entry.username, entry.detail["by"], entry.address) == ("Anna", "root", "10.0.0.1")
    assert (await root.post("/auth/view-as/end", headers=SAME_SITE)).status_code == 204


@pytest.mark.parametrize(("who", "whom", "status"), [("bob", "anna", 403), ("root", "other-root", 403), ("root", "robot", 409), ("root", "gone", 409), ("root", "nobody", 404), ("root", "root", 403)])  # fmt: skip
async def test_who_may_not_look(site: Site, who: str, whom: str, status: int) -> None:
    """Nobody but a superuser looks, and not as a superuser, a program, a disabled account or nobody; visitors neither."""
    await site.auth.create_user("other-root", None, is_superuser=True)
    await site.auth.create_user("robot", None, is_service=True)
    gone = await site.auth.create_user("gone", None)
    await site.auth.set_disabled(gone.id, disabled=True)
    client = await site.sign_in(who)
    assert (await view(client, whom)).status_code == status
    assert await name(client) == who
    async with site.client() as visitor:
        assert (await view(visitor, "anna")).status_code == 401


async def test_keys_do_not_look(site: Site) -> None:
    """A key for everything of a superuser cannot look as somebody else, and a view makes no keys or tokens."""
    root = await account(site, "root")
    key, _ = await site.auth.keys.create(root.id, "all", ["*"], days=1)
    async with site.client() as program:
        answer = await program.post("/auth/view-as", json={"user": "anna"}, headers={"x-api-key": key})
        assert answer.json()["code"] == "webos.auth.session_needed"
        # The key goes on as itself while its owner's browser looks as somebody else.
        browser = await site.sign_in("root")
        await view(browser, "anna")
        assert (await program.get("/auth/me", headers={"x-api-key": key})).json()["username"] == "root"
    with acting_as(replace(await acting(site, "anna"), viewer="root")):
        own = OwnAccount(site.auth)
        for call in (own.get, own.sessions, own.keys, lambda: own.rename("x")):
            with pytest.raises(ViewOnlyError):
                await call()
        with pytest.raises(ViewOnlyError):
            await UserAdministration(site.auth, dict).end_views()
        with pytest.raises(ViewOnlyError):
            demand_own_hand()


async def test_token_of_the_session_does_not_look(site: Site) -> None:
    """An access token made before does nothing while its session looks as somebody else."""
    root = await site.sign_in("root")
    token = (await root.post("/auth/token", json={}, headers=SAME_SITE)).json()["access_token"]
    await view(root, "bob")
    async with site.client() as program:
        bearer = {"authorization": f"Bearer {token}"}
        assert (await program.get("/auth/me", headers=bearer)).status_code == 401
        await root.post("/auth/view-as/end", headers=SAME_SITE)
        assert (await program.get("/auth/me", headers=bearer)).json()["username"] == "root"


Ending = Callable[[Site, httpx.AsyncClient], Awaitable[object]]


async def _demote(site: Site, _: httpx.AsyncClient) -> None:
    await site.auth.set_access((await account(site, "root")).id, is_superuser=False)


ENDINGS: dict[str, tuple[Ending, str]] = {
    "the viewer ends it elsewhere": (
        lambda site, _: _end_elsewhere(site),
        "root",
    ),
    "the viewer is demoted": (_demote, ""),
    "the viewer is signed out": (lambda _, client: client.post("/auth/logout", headers=SAME_SITE), ""),
    "the other is disabled": (lambda site, _: _change(site, "anna", disabled=True), "root"),
    "the other becomes a superuser": (lambda site, _: _promote(site), "root"),
}


async def _end_elsewhere(site: Site) -> None:
    with acting_as(await acting(site, "root")):
        assert await UserAdministration(site.auth, dict).end_views() == 1


async def _change(site: Site, user: str, *, disabled: bool) -> None:
    await site.auth.set_disabled((await account(site, user)).id, disabled=disabled)


async def _promote(site: Site) -> None:
    await site.auth.set_access((await account(site, "anna")).id, is_superuser=True)


@pytest.mark.parametrize("way", ENDINGS)
async def test_it_ends(site: Site, way: str) -> None:
    """Ended from anywhere, it is over with the next request, and nobody is left with more than he had."""
    await site.auth.create_user("third", None, is_superuser=True)
    end, afterwards = ENDINGS[way]
    root = await site.sign_in("root")
    await view(root, "anna")
    assert await name(root) == "Anna"
    await end(site, root)
    assert await name(root) == afterwards


async def test_it_ends_by_itself(mongo: Connection, site: Site) -> None:
    """After an hour the session is its own user's again, in this process and in others."""
    root = await site.sign_in("root")
    await view(root, "anna")
    (record,) = await site.auth.views.of((await account(site, "root")).id)
    assert record.view_ends_at is not None
    assert timedelta(minutes=59) < record.view_ends_at - datetime.now(UTC) <= timedelta(hours=1)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await mongo.raw["webos_sessions"].update_one({"_id": record.key}, {"$set": {"view_ends_at": past}})
    site.clock.advance(6)
    assert await name(root) == "root"
    other = await build_site(mongo, site.settings)
    async with other.client(cookies=dict(root.cookies)) as client:
        assert await name(client) == "root"


async def test_one_view_at_a_time(site: Site) -> None:
    """Nobody looks as a second one by way of the first."""
    root = await site.sign_in("root")
    await view(root, "anna")
    (record,) = await site.auth.views.of((await account(site, "root")).id)
    with pytest.raises(WebOSError) as refused:
        await site.auth.views.begin(record.public_id, (await account(site, "root")).id, (await account(site, "bob")).id)
    assert refused.value.status == 409
    assert await name(root) == "Anna"
