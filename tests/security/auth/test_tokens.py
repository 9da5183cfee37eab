"""Security cases 2 and 3: tokens rotate, and only their hashes are kept."""

from typing import Any

from bson import json_util
from loguru import logger

from tests.integration.auth.site import PASSWORD, SAME_SITE, Site
from webos.auth.sessions import hash_token
from webos.data.connection import Connection


async def whole_database(mongo: Connection) -> str:
    content: dict[str, Any] = {}
    for name in await mongo.raw.list_collection_names():
        content[name] = await mongo.raw[name].find().to_list()
    return json_util.dumps(content, json_options=json_util.RELAXED_JSON_OPTIONS.with_options(uuid_representation=4))


async def test_token_rotates_at_sign_in(site: Site) -> None:
    """Signing in gives a new token, ends the former session, and takes no token that a browser was made to bring."""
    client = await site.sign_in("anna")
    first = client.cookies["webos_session"]
    await client.post("/auth/login", json={"username": "anna", "password": PASSWORD}, headers=SAME_SITE)
    second = client.cookies["webos_session"]
    assert second != first
    async with site.client(cookies={"webos_session": first}) as thief:
        assert (await thief.get("/api/shop/orders")).status_code == 401
    planted = "A" * 43
    async with site.client(cookies={"webos_session": planted}) as victim:
        body = {"username": "anna", "password": PASSWORD}
        answer = await victim.post("/auth/login", json=body, headers=SAME_SITE)
        assert answer.status_code == 200
        assert planted not in answer.headers["set-cookie"]
    async with site.client(cookies={"webos_session": planted}) as attacker:
        assert (await attacker.get("/api/shop/orders")).status_code == 401


async def test_failed_sign_in_keeps_the_session(site: Site) -> None:
    """A wrong password does not sign out who is signed in."""
    client = await site.sign_in("anna")
    await client.post("/auth/login", json={"username": "anna", "password": "wrong"}, headers=SAME_SITE)
    assert (await client.get("/api/shop/orders")).status_code == 200


async def test_database_holds_hashes_only(mongo: Connection, site: Site) -> None:
    """Neither a token nor a password is anywhere in the database; the token's hash is."""
    client = await site.sign_in("anna")
    token = client.cookies["webos_session"]
    content = await whole_database(mongo)
    assert hash_token(token) in content
    assert token not in content
    assert PASSWORD not in content
    assert content.count("$argon2id$") == 3


async def test_log_holds_no_secret(site: Site) -> None:
    """Signing in, failing, being refused and signing out log neither passwords, tokens, nor unknown names."""
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="TRACE", format="{message} {extra} {exception}")
    client = await site.sign_in("anna")
    token = client.cookies["webos_session"]
    for name in ("anna", "my-password-in-the-wrong-field"):
        await client.post("/auth/login", json={"username": name, "password": "hunter2hunter2"}, headers=SAME_SITE)
    await client.post("/api/shop/orders", headers={"origin": "https://evil.test"})
    await client.get("/boom")
    await client.post("/auth/logout", headers=SAME_SITE)
    logger.remove(sink)
    log = "".join(lines)
    assert "signed in" in log
    assert "failed" in log
    assert "refused" in log
    for secret in (token, hash_token(token), PASSWORD, "hunter2", "my-password-in-the-wrong-field"):
        assert secret not in log
