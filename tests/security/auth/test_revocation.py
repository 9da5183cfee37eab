"""Security case 1: what ends a sign-in refuses the old cookie, here at once and elsewhere within five seconds."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from tests.integration.auth.site import SAME_SITE, Site, build_site
from webos.data.connection import Connection

Change = Callable[[Site, UUID, httpx.AsyncClient], Awaitable[object]]


async def sign_out(_site: Site, _user: UUID, client: httpx.AsyncClient) -> None:
    token = client.cookies["webos_session"]
    await client.post("/auth/logout", headers=SAME_SITE)
    # The browser forgot it; a thief would not.
    client.cookies.set("webos_session", token)


CHANGES: dict[str, Change] = {
    "sign-out": sign_out,
    "password": lambda site, user, _: site.auth.set_password(user, "another horse"),
    "same password": lambda site, user, _: site.auth.set_password(user, "correct horse"),
    "disabled": lambda site, user, _: site.auth.set_disabled(user, disabled=True),
    "disabled and enabled": lambda site, user, _: _off_and_on(site, user),
    "roles": lambda site, user, _: site.auth.set_access(user, roles=[]),
    "grants": lambda site, user, _: site.auth.set_access(user, grants=["shop.write"]),
    "superuser": lambda site, user, _: site.auth.set_access(user, is_superuser=True),
    "everywhere": lambda site, user, _: site.auth.end_all_sessions(user),
}


async def _off_and_on(site: Site, user: UUID) -> None:
    await site.auth.set_disabled(user, disabled=True)
    await site.auth.set_disabled(user, disabled=False)


@pytest.mark.parametrize("change", CHANGES)
async def test_old_cookie_is_refused(mongo: Connection, site: Site, change: str) -> None:
    """After the change the cookie opens nothing: in this process not once, in another not after five seconds."""
    elsewhere = await build_site(mongo, site.settings)
    client = await site.sign_in("anna")
    account = await site.auth.find_user("anna")
    assert account is not None
    there = elsewhere.client(cookies=client.cookies)
    for before in (client, there):
        assert (await before.get("/api/shop/orders")).status_code == 200
    await CHANGES[change](site, account.id, client)
    assert (await client.get("/api/shop/orders")).status_code == 401
    elsewhere.clock.advance(5)
    assert (await there.get("/api/shop/orders")).status_code == 401
    await there.aclose()


async def test_permissions_of_a_role_change_for_those_who_are_signed_in(mongo: Connection, site: Site) -> None:
    """Taking a permission out of a role counts at once here and within five seconds elsewhere; the session stays."""
    elsewhere = await build_site(mongo, site.settings)
    client = await site.sign_in("anna")
    there = elsewhere.client(cookies=client.cookies)
    for before in (client, there):
        assert (await before.get("/api/shop/guarded")).status_code == 200
    await site.auth.set_role("clerk", ["shop.write"])
    assert (await client.get("/api/shop/guarded")).status_code == 403
    elsewhere.clock.advance(5)
    assert (await there.get("/api/shop/guarded")).status_code == 403
    assert (await there.get("/api/shop/orders")).status_code == 200
    await there.aclose()


async def test_others_stay_signed_in(site: Site) -> None:
    """What happens to one user ends nobody else's session."""
    bob = await site.sign_in("bob")
    account = await site.auth.find_user("anna")
    assert account is not None
    await site.auth.set_disabled(account.id, disabled=True)
    assert (await bob.get("/api/shop/orders")).status_code == 200


async def test_disabled_user_cannot_sign_in(site: Site) -> None:
    """The right password of a disabled account is answered like a wrong one."""
    account = await site.auth.find_user("anna")
    assert account is not None
    await site.auth.set_disabled(account.id, disabled=True)
    async with site.client() as client:
        body = {"username": "anna", "password": "correct horse"}
        answer = await client.post("/auth/login", json=body, headers=SAME_SITE)
    assert answer.json()["code"] == "webos.auth.sign_in_failed"
