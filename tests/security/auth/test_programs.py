"""Security cases 1, 18 and 21: API keys and access tokens open what they shall, for as long as they shall."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from tests.integration.auth.site import PASSWORD, SAME_SITE, Site, build_site
from webos.auth import AuthService, IdentityWatcher, secret_key
from webos.data.changes import ChangeHub
from webos.data.connection import Connection

Change = Callable[[AuthService, UUID], Awaitable[object]]


async def user_id(site: Site, name: str = "anna") -> UUID:
    account = await site.auth.find_user(name)
    assert account is not None
    return account.id


async def make_key(site: Site, *scopes: str, name: str = "anna", days: int | None = 30) -> str:
    return (await site.auth.keys.create(await user_id(site, name), "test", scopes, days=days))[0]


async def get(site: Site, path: str, **headers: str) -> httpx.Response:
    async with site.client() as program:
        return await program.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def access(client: httpx.AsyncClient) -> str:
    answer = await client.post("/auth/token", json={}, headers=SAME_SITE)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


async def test_key_in_either_header(site: Site) -> None:
    """A key opens the API as `Authorization: Bearer` and as `X-API-Key`, and needs no `Origin`."""
    key = await make_key(site, "shop.*")
    assert key.startswith("wbs_")
    assert len(key) == 47
    for headers in ({"authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"}, {"x_api_key": key}):
        assert (await get(site, "/api/shop/guarded", **headers)).status_code == 200
    async with site.client() as program:
        assert (await program.post("/api/shop/orders", headers={"x-api-key": key})).status_code == 200


@pytest.mark.parametrize(
    ("name", "scopes", "status"),
    [
        ("anna", ["shop.read"], 200),
        ("anna", ["shop.*"], 200),
        ("anna", ["*"], 200),
        ("anna", ["shop.write"], 403),
        ("anna", ["shopx.*"], 403),
        ("bob", ["shop.read"], 403),
        ("bob", ["*"], 403),
        ("root", ["shop.read"], 200),
        ("root", ["shop.write"], 403),
        ("root", ["*"], 200),
    ],
)
async def test_owner_and_scope_must_both_permit(site: Site, name: str, scopes: list[str], status: int) -> None:
    """A key does what its owner may and its scopes name, and nothing else."""
    key = await make_key(site, *scopes, name=name)
    assert (await get(site, "/api/shop/guarded", x_api_key=key)).status_code == status


async def test_narrow_key_of_a_superuser_is_no_superuser(site: Site) -> None:
    """Ownership binds a key of a superuser, unless it was made for everything."""
    narrow, wide = await make_key(site, "shop.*", name="root"), await make_key(site, "*", name="root")
    assert (await get(site, "/auth/me", x_api_key=narrow)).json()["is_superuser"] is False
    assert (await get(site, "/auth/me", x_api_key=wide)).json()["is_superuser"] is True


async def test_expired_key(mongo: Connection, site: Site) -> None:
    """An expired key is refused."""
    key = await make_key(site, "*", days=1)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await mongo.raw["webos_api_keys"].update_many({}, {"$set": {"expires_at": past}})
    assert (await get(site, "/api/shop/orders", x_api_key=key)).status_code == 401


@pytest.mark.parametrize("key", ["", "wbs_", "wbs_" + "x" * 43, "x" * 5000, "a.b.c", "null", "ä"])
@pytest.mark.parametrize("path", ["/api/shop/orders", "/api/shop/news", "/", "/login"])
async def test_invented_credentials_are_refused_everywhere(site: Site, path: str, key: str) -> None:
    """What opens nothing is answered 401, also where a visitor may go: the program shall notice."""
    for headers in ({"authorization": f"Bearer {key}"}, {"x-api-key": key}):
        async with site.client() as program:
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            assert (await program.get(path, headers=raw)).status_code == 401


async def test_wrong_key_is_not_helped_by_a_cookie(site: Site) -> None:
    """Beside a valid session a wrong key is refused: what was presented counts."""
    client = await site.sign_in("anna")
    assert (await client.get("/api/shop/orders", headers={"x-api-key": "wbs_wrong"})).status_code == 401


async def test_keys_do_not_open_the_live_interface(site: Site) -> None:
    """NiceGUI's polling belongs to browsers: a key is no session."""
    key = await make_key(site, "*")
    assert (await get(site, "/_nicegui_ws/socket.io/", x_api_key=key)).status_code == 401


async def test_use_is_noted_once_a_minute(mongo: Connection, site: Site) -> None:
    """The first use is put on record, later ones move the time at most once a minute."""
    key = await make_key(site, "*")
    keys, events = mongo.raw["webos_api_keys"], mongo.raw["webos_auth_events"]
    await get(site, "/api/shop/orders", x_api_key=key)
    stored = await keys.find_one()
    assert stored is not None
    assert stored["last_address"] == "10.0.0.1"
    site.clock.advance(6)
    await get(site, "/api/shop/orders", x_api_key=key)
    assert await keys.find_one() == stored
    await keys.update_one({}, {"$set": {"last_used_at": datetime.now(UTC) - timedelta(minutes=2)}})
    site.clock.advance(6)
    await get(site, "/api/shop/orders", x_api_key=key)
    moved = await keys.find_one()
    assert moved is not None
    assert moved["last_used_at"] > datetime.now(UTC) - timedelta(minutes=1)
    assert await events.count_documents({"kind": "key_first_used"}) == 1


async def test_service_account(site: Site) -> None:
    """A service account acts by its keys; nobody signs in with it, and no link resets its password."""
    await site.auth.create_user("robot", None, roles=["clerk"], is_service=True)
    key = await make_key(site, "shop.read", name="robot")
    assert (await get(site, "/api/shop/guarded", x_api_key=key)).status_code == 200
    await site.auth.set_password(await user_id(site, "robot"), PASSWORD)
    async with site.client() as client:
        body = {"username": "robot", "password": PASSWORD}
        assert (await client.post("/auth/login", json=body, headers=SAME_SITE)).status_code == 401
    code = (await site.auth.life.reset_link(await user_id(site, "robot"))).partition("#")[2]
    async with site.client() as client:
        body = {"code": code, "password": "another horse"}
        assert (await client.post("/auth/reset", json=body, headers=SAME_SITE)).status_code == 422


async def test_access_token_of_a_session(site: Site) -> None:
    """A token stands for its session's user for at most 15 minutes, as `Bearer` and without `Origin`."""
    client = await site.sign_in("anna")
    answer = (await client.post("/auth/token", json={}, headers=SAME_SITE)).json()
    assert answer["token_type"] == "Bearer"
    assert 0 < answer["expires_in"] <= 900
    headers = {"authorization": f"Bearer {answer['access_token']}"}
    assert (await get(site, "/api/shop/guarded", **headers)).json() == {"limit": 3}


async def test_token_for_a_password_and_its_refresh(site: Site) -> None:
    """A program signs in once, and gets later tokens with what it was given; neither token nor key renews itself."""
    async with site.client() as program:
        body = {"username": "anna", "password": PASSWORD}
        first = (await program.post("/auth/token", json=body)).json()
        second = await program.post("/auth/token", json={"refresh_token": first["refresh_token"]})
        assert second.status_code == 200
        bearer = {"authorization": f"Bearer {second.json()['access_token']}"}
        assert (await program.get("/auth/me", headers=bearer)).json()["username"] == "Anna"
        assert (await program.post("/auth/token", json={}, headers=bearer)).status_code == 403
        key = {"x-api-key": await make_key(site, "*")}
        assert (await program.post("/auth/token", json={}, headers=key)).status_code == 403
        assert (await program.post("/auth/token", json={})).status_code == 401
        assert (await program.post("/auth/token", json=body | {"password": "wrong"})).status_code == 401
        assert (await program.post("/auth/logout", headers=bearer)).status_code == 204
        assert (await program.get("/auth/me", headers=bearer)).status_code == 401
        assert (await program.post("/auth/token", json={"refresh_token": first["refresh_token"]})).status_code == 401


async def test_token_of_another_server_is_refused(site: Site) -> None:
    """A token is bound to this server's key and address, not only to its form."""
    client = await site.sign_in("anna")
    token = await access(client)
    head, claims, signature = token.split(".")
    for changed in (f"{head}.{claims}.", f"{head}.{claims}.{signature[:-2]}AA", f"{head}.{claims[:-2]}.{signature}"):
        assert (await get(site, "/auth/me", authorization=f"Bearer {changed}")).status_code == 401
    assert secret_key(site.settings).hex() not in token


CHANGES: dict[str, Change] = {
    "password": lambda auth, user: auth.set_password(user, "another horse"),
    "disabled": lambda auth, user: auth.set_disabled(user, disabled=True),
    "roles": lambda auth, user: auth.set_access(user, roles=[]),
    "everywhere": lambda auth, user: auth.end_all_sessions(user),
    "deleted": lambda auth, user: auth.delete_user(user),
    "others": lambda auth, user: auth.end_other_sessions(user, ""),
}


@pytest_asyncio.fixture
async def elsewhere(mongo: Connection, site: Site) -> AsyncIterator[Site]:
    """Yield the same site as another process has it, which watches the database; its clock stands still."""
    other = await build_site(mongo, site.settings)
    hub = ChangeHub(mongo.raw)
    await hub.start()

    async def close_nothing(_concerned: object) -> None:
        pass

    watcher = IdentityWatcher(other.auth.sessions, hub, close_nothing)
    watcher.start()
    yield other
    await watcher.stop()
    await hub.stop()


async def refused_after(site: Site, headers: dict[str, str], cookies: httpx.Cookies | None = None) -> float:
    """Return after how many seconds a request is refused."""
    begun = time.monotonic()
    async with site.client(cookies=cookies) as client:
        while (await client.get("/api/shop/orders", headers=headers)).status_code == 200:
            assert time.monotonic() - begun < 3, "it was never refused"
            await asyncio.sleep(0.005)
    return time.monotonic() - begun


@pytest.mark.parametrize("change", CHANGES)
async def test_cookie_and_token_are_refused_on_another_process_within_a_second(
    site: Site, elsewhere: Site, change: str
) -> None:
    """What ends a session here refuses its cookie and token there within a second, though both were remembered."""
    client = await site.sign_in("anna")
    headers = {"authorization": f"Bearer {await access(client)}"}
    for ways in ({"headers": headers}, {"cookies": client.cookies}):
        async with elsewhere.client(**ways) as there:
            assert (await there.get("/api/shop/orders")).status_code == 200
    await CHANGES[change](site.auth, await user_id(site))
    assert await refused_after(site, headers) < 0.2
    assert await refused_after(elsewhere, headers) < 1
    assert await refused_after(elsewhere, {}, client.cookies) < 1


@pytest.mark.parametrize("change", ["revoked", "disabled", "deleted"])
async def test_key_is_refused_on_another_process_within_a_second(site: Site, elsewhere: Site, change: str) -> None:
    """A key that is revoked, or whose owner is shut out, opens nothing anywhere."""
    secret, key = await site.auth.keys.create(await user_id(site), "test", ["*"], days=None)
    headers = {"x-api-key": secret}
    assert (await get(elsewhere, "/api/shop/orders", **headers)).status_code == 200
    if change == "revoked":
        await site.auth.keys.revoke(key.id)
    else:
        await CHANGES[change](site.auth, await user_id(site))
    assert await refused_after(site, headers) < 0.2
    assert await refused_after(elsewhere, headers) < 1


async def test_ended_session_ends_its_tokens_only(site: Site, elsewhere: Site) -> None:
    """Ending one session refuses its token, and leaves the token of another session alone."""
    one, two = await site.sign_in("anna"), await site.sign_in("anna")
    tokens = [{"authorization": f"Bearer {await access(client)}"} for client in (one, two)]
    for headers in tokens:
        assert (await get(elsewhere, "/api/shop/orders", **headers)).status_code == 200
    sessions = await site.auth.list_sessions(await user_id(site))
    assert {session.address for session in sessions} == {"10.0.0.1"}
    sign_in = await site.auth.sessions.resolve(one.cookies["webos_session"])
    assert sign_in is not None
    await site.auth.end_session(sign_in.session_id)
    assert await refused_after(elsewhere, tokens[0]) < 1
    assert (await get(elsewhere, "/api/shop/orders", **tokens[1])).status_code == 200


async def test_role_counts_for_keys_at_once(site: Site, elsewhere: Site) -> None:
    """Taking a permission out of a role narrows the keys of its users, in other processes too."""
    key = await make_key(site, "*")
    assert (await get(elsewhere, "/api/shop/guarded", x_api_key=key)).status_code == 200
    await site.auth.set_role("clerk", ["shop.write"])
    deadline = time.monotonic() + 1
    while (await get(elsewhere, "/api/shop/guarded", x_api_key=key)).status_code != 403:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_foreign_session_and_key_stay(site: Site) -> None:
    """Nobody ends a session or key of somebody else by naming it."""
    client = await site.sign_in("anna")
    sign_in = await site.auth.sessions.resolve(client.cookies["webos_session"])
    assert sign_in is not None
    await site.auth.end_session(sign_in.session_id, await user_id(site, "bob"))
    assert (await client.get("/auth/me")).status_code == 200
