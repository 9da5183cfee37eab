"""Passkeys that answer rightly and wrongly: security case 20."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.auth.authenticator import Authenticator
from tests.integration.auth.site import PASSWORD, SAME_SITE, Site
from webos.auth import Passkey
from webos.auth.errors import SignInFailedError
from webos.auth.factors.errors import PasskeysUnavailableError
from webos.auth.factors.passkeys import Passkeys
from webos.data.connection import Connection
from webos.sdk import RecentProofNeededError


@pytest.fixture
def device(site: Site) -> Authenticator:
    return Authenticator(site.settings.origin)


async def ask(client: httpx.AsyncClient, path: str = "/auth/passkey/ask", **fields: str) -> dict[str, Any]:
    answer = await client.post(path, json=fields, headers=SAME_SITE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def add(client: httpx.AsyncClient, device: Authenticator, name: str = "laptop") -> httpx.Response:
    options = await ask(client, "/auth/factors/passkey/ask")
    body = {"name": name, "answer": device.make(options)}
    return await client.post("/auth/factors/passkey", json=body, headers=SAME_SITE)


async def sign_in(client: httpx.AsyncClient, answer: str) -> httpx.Response:
    return await client.post("/auth/passkey", json={"answer": answer}, headers=SAME_SITE)


async def test_a_passkey_signs_in_alone(site: Site, device: Authenticator) -> None:
    """A passkey that was added signs in without a password; the session says by what, and the passkey when it was used."""
    done = await add(await site.sign_in("anna"), device)
    assert (done.status_code, len(done.json()["codes"])) == (200, 10)
    client = site.client()

    assert (await sign_in(client, device.use(await ask(client)))).status_code == 204
    assert (await client.get("/form")).text == "Anna"
    anna = await site.auth.find_user("anna")
    assert anna is not None
    (passkey,) = await site.auth.factors.passkeys(anna.id)
    assert isinstance(passkey, Passkey)
    assert (passkey.name, passkey.sign_count, passkey.last_used_at is not None) == ("laptop", 2, True)
    assert {"passkey"} in [set(session.proofs) for session in await site.auth.list_sessions(anna.id)]


async def test_wrong_answers_are_refused(site: Site, device: Authenticator) -> None:
    """An answer for another site, another origin, another or a used question, without a PIN, or with a lower count signs nobody in."""
    await add(await site.sign_in("anna"), device)
    client = site.client()

    used = device.use(await ask(client))
    assert (await sign_in(client, used)).status_code == 204
    replayed = await sign_in(site.client(), used)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "webos.auth.passkey_refused")

    async def refused(change: str, value: object) -> None:
        right = getattr(device, change)
        setattr(device, change, value)
        assert (await sign_in(site.client(), device.use(await ask(client)))).status_code == 401, change
        setattr(device, change, right)

    await refused("origin", "https://evil.test")
    await refused("host", "evil.test")
    await refused("verifies", False)  # noqa: FBT003 - the value of an attribute
    await refused("count", 0)
    site.clock.advance(3600)
    device.count += 10
    invented = device.use(await ask(client), challenge="A" * 43)
    assert (await sign_in(site.client(), invented)).status_code == 401
    for nonsense in ("{}", "[]", "x", '{"id": 1, "response": {"clientDataJSON": 5}}', '{"response": null}'):
        assert (await sign_in(site.client(), nonsense)).status_code == 401, nonsense
    assert (await sign_in(site.client(), device.use(await ask(client)))).status_code == 204


async def test_an_answer_counts_for_what_was_asked_only(site: Site, device: Authenticator) -> None:
    """What was asked at sign-in does not pass as the second factor or as a fresh proof, and nobody uses the passkey of another."""
    anna = await site.sign_in("anna")
    await add(anna, device)
    client = site.client()
    asked = device.use(await ask(client))
    assert (await anna.post("/auth/confirm/passkey", json={"answer": asked}, headers=SAME_SITE)).status_code == 401

    bob = await site.sign_in("bob")
    bobs = Authenticator(site.settings.origin)
    await add(bob, bobs)
    first = await client.post("/auth/login", json={"username": "anna", "password": PASSWORD}, headers=SAME_SITE)
    assert first.json()["factors"] == ["passkey"]
    options = await ask(client, step="second")
    wrong = await client.post("/auth/second-factor/passkey", json={"answer": bobs.use(options)}, headers=SAME_SITE)
    assert wrong.status_code == 401
    options = await ask(client, step="second")
    right = await client.post("/auth/second-factor/passkey", json={"answer": device.use(options)}, headers=SAME_SITE)
    assert right.status_code == 204
    assert (await client.get("/form")).text == "Anna"


async def test_a_passkey_is_added_in_the_session_that_asked(site: Site, device: Authenticator) -> None:
    """Neither another user nor another session of the same user adds what was asked for in one."""
    first, second, bob = await site.sign_in("anna"), await site.sign_in("anna"), await site.sign_in("bob")
    made = device.make(await ask(first, "/auth/factors/passkey/ask"))
    for other in (second, bob):
        answer = await other.post("/auth/factors/passkey", json={"name": "x", "answer": made}, headers=SAME_SITE)
        assert answer.json()["code"] == "webos.auth.passkey_refused"


async def test_a_disabled_user_has_no_use_of_his_passkey(site: Site, device: Authenticator) -> None:
    """Disabling an account shuts its passkeys out as well."""
    await add(await site.sign_in("anna"), device)
    anna = await site.auth.find_user("anna")
    assert anna is not None
    await site.auth.set_disabled(anna.id, disabled=True)
    client = site.client()
    answer = await sign_in(client, device.use(await ask(client)))
    assert (answer.status_code, answer.json()["code"]) == (401, SignInFailedError.code)


@pytest.mark.parametrize(
    ("origin", "available"),
    [
        ("https://tools.example.com", True),
        ("http://localhost:8080", True),
        ("http://tools.example.com", False),
        ("https://10.0.0.7", False),
        ("http://[::1]:8080", False),
    ],
)
async def test_passkeys_need_a_name_and_https(site: Site, origin: str, available: bool) -> None:  # noqa: FBT001 - a case
    """Where browsers would refuse passkeys, the server offers none."""
    parts = site.auth._parts
    passkeys = Passkeys(parts.stored_passkeys, parts.challenges, origin, "Acme")
    assert passkeys.available is available
    if not available:
        with pytest.raises(PasskeysUnavailableError):
            await passkeys.ask("sign in")


async def test_old_proofs_do_not_change_factors(site: Site, mongo: Connection, device: Authenticator) -> None:
    """A program is told by a code, and a browser is led to prove itself first."""
    client = await site.sign_in("anna")
    past = {"$set": {"proved_at": datetime.now(UTC) - timedelta(minutes=11)}}
    await mongo.raw["webos_sessions"].update_many({}, past)
    site.auth.sessions.forget_all()
    refused = await client.post("/auth/factors/passkey/ask", json={}, headers=SAME_SITE)
    assert (refused.status_code, refused.json()["code"]) == (403, RecentProofNeededError.code)
    page = await client.get("/auth/factors/app", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/auth/confirm?next=/auth/factors/app")
    wrong = await client.post("/auth/confirm", json={"password": "wrong"}, headers=SAME_SITE)
    assert wrong.status_code == 422
    assert (await client.post("/auth/confirm", json={"password": PASSWORD}, headers=SAME_SITE)).status_code == 204
    assert (await add(client, device)).status_code == 200
