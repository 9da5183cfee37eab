"""Roles that need a second factor, administrators who reset one, and actions that need a recent proof."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.auth.site import PAGE, PASSWORD, SAME_SITE, Site
from tests.integration.auth.test_second_factor import enrol, first_step, second_step
from webos.auth import EnrolmentNeededError, FullSessions, SecondFactorNeededError, SecondFactorWrongError
from webos.auth.auth_log import AuthEventKind
from webos.auth.factors.errors import FactorNotFoundError, LastFactorError
from webos.kernel.context import SYSTEM, Principal, acting_as
from webos.kernel.errors import NotFoundError, PermissionDeniedError
from webos.sdk import (
    FactorAdministration,
    OwnAccount,
    RecentProofNeededError,
    StoredFactors,
    demand_recent,
    require_recent,
)


async def acting(site: Site, name: str, *, minutes_ago: int | None = 0) -> Principal:
    account = await site.auth.find_user(name)
    assert account is not None
    found = await site.auth.principal(account.id)
    assert found is not None
    proved_at = datetime.now(UTC) - timedelta(minutes=minutes_ago) if minutes_ago is not None else None
    return replace(found, proved_at=proved_at)


async def test_a_role_leads_to_enrolment_and_nowhere_else(site: Site) -> None:
    """Who has a role that needs a second factor reaches nothing but the pages to set one up, by page, API, token, socket or polling."""
    client = await site.sign_in("anna")
    token = (await client.post("/auth/token", json={}, headers=SAME_SITE)).json()["access_token"]
    cookie = client.cookies["webos_session"]
    secret, _ = await site.auth.keys.create((await acting(site, "anna")).id, "script", ["*"], days=None)
    await site.auth.demand_factor("clerk", demanded=True)

    for path in (
        "/api/shop/orders",
        "/form",
        "/_nicegui_ws/socket.io/",
        "/api/shop/news",
        "/auth/events",
        "/auth/password",
    ):
        answer = await client.get(path, headers=SAME_SITE)
        assert (path, answer.status_code, answer.json()["code"]) == (path, 403, EnrolmentNeededError.code)
        by_token = await site.client().get(path, headers={"authorization": f"Bearer {token}"})
        assert by_token.status_code == (401 if path.startswith("/_nicegui_ws") else 403)
    page = await client.get("/form", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/auth/factors")
    assert "Your role needs a second factor" in (await client.get("/auth/factors", headers=PAGE)).text
    sessions = FullSessions(site.auth.sessions)
    assert sessions.peek(cookie) is None
    assert await sessions.resolve(cookie) is None
    by_key = await site.client().get("/form", headers={"x-api-key": secret})
    assert (by_key.status_code, by_key.text) == (200, "Anna")

    await enrol(client)
    assert (await client.get("/form")).text == "Anna"
    assert await sessions.resolve(client.cookies["webos_session"]) is not None
    await site.auth.demand_factor("clerk", demanded=False)
    with pytest.raises(NotFoundError):
        await site.auth.demand_factor("nobodys", demanded=True)


async def test_the_last_factor_is_not_removed_where_a_role_needs_one(site: Site) -> None:
    """With the role the app can be replaced and not removed; without it it goes, and so do the recovery codes."""
    client = await site.sign_in("anna")
    await site.auth.demand_factor("clerk", demanded=True)
    await enrol(client)
    refused = await client.post("/auth/factors/app/remove", json={}, headers=SAME_SITE)
    assert refused.json()["code"] == LastFactorError.code
    assert (
        LastFactorError.title in (await client.post("/auth/factors/app/remove", data={}, headers=PAGE | SAME_SITE)).text
    )

    await site.auth.demand_factor("clerk", demanded=False)
    removed = await client.post("/auth/factors/app/remove", data={}, headers=PAGE | SAME_SITE)
    assert (removed.status_code, removed.headers["location"]) == (303, "/account")
    assert await site.auth.factors.of((await acting(site, "anna")).id) == StoredFactors()
    assert (await (await site.sign_in("anna")).get("/form")).text == "Anna"
    gone = await client.post("/auth/factors/app/remove", json={}, headers=SAME_SITE)
    assert gone.json()["code"] == FactorNotFoundError.code


async def test_new_recovery_codes_replace_the_former_ones(site: Site) -> None:
    """Making new codes voids the old ones; without a factor there are none to make."""
    client = await site.sign_in("anna")
    nothing = await client.post("/auth/factors/codes", json={}, headers=SAME_SITE)
    assert nothing.json()["code"] == FactorNotFoundError.code
    _, old = await enrol(client)
    new = (await client.post("/auth/factors/codes", json={}, headers=SAME_SITE)).json()["codes"]
    assert (await second_step(await first_step(site), old[0])).status_code == 401
    assert (await second_step(await first_step(site), new[0])).status_code == 303


async def test_an_administrator_resets_what_was_lost(site: Site) -> None:
    """A reset ends the user's sessions, is on record, and needs the permission, the reach and a recent proof."""
    client = await site.sign_in("anna")
    app, _ = await enrol(client)
    anna = (await acting(site, "anna")).id
    desk = FactorAdministration(site.auth)
    with acting_as(await acting(site, "bob")), pytest.raises(PermissionDeniedError):
        await desk.reset(anna)
    with acting_as(await acting(site, "root", minutes_ago=11)), pytest.raises(RecentProofNeededError):
        await desk.reset(anna)
    with acting_as(await acting(site, "root")):
        assert (await desk.of(anna)).codes_left == 10
        await desk.reset(anna)
        await desk.demand("clerk")
        assert [role.second_factor for role in await site.auth.list_roles()] == [True]
        await desk.demand("clerk", demanded=False)

    assert (await client.get("/form")).status_code == 401
    assert (await (await site.sign_in("anna")).get("/form")).text == "Anna"
    kinds = [event.kind for event in await acting_log(site)]
    assert kinds.count(AuthEventKind.FACTORS_RESET) == kinds.count(AuthEventKind.FACTOR_ADDED) == 1
    assert app.secret not in str(await acting_log(site))


async def acting_log(site: Site) -> list:  # type: ignore[type-arg]  # of events
    with acting_as(SYSTEM):
        return list(await site.auth.log.find(username="anna", limit=100))


async def test_a_proof_is_recent_for_some_minutes(site: Site) -> None:
    """The decorator lets pass whoever proved himself within the time, and the system; keys and tasks have proved nothing."""

    @require_recent(minutes=5)
    async def dangerous() -> str:
        return "done"

    with acting_as(await acting(site, "anna", minutes_ago=4)):
        assert await dangerous() == "done"
        demand_recent()
    with acting_as(SYSTEM):
        assert await dangerous() == "done"
    for ago in (6, None):
        with acting_as(await acting(site, "anna", minutes_ago=ago)), pytest.raises(RecentProofNeededError):
            await dangerous()
    with pytest.raises(TypeError):
        require_recent()(len)
    own = OwnAccount(site.auth)
    with acting_as(await acting(site, "anna", minutes_ago=11)), pytest.raises(RecentProofNeededError):
        await own.create_key("script", ["*"], days=None)


async def test_password_and_address_need_the_factor_as_well(site: Site) -> None:
    """With a second factor the current password is not enough to change it; afterwards the session still counts as twofold."""
    client = await site.sign_in("anna")
    _, codes = await enrol(client)
    anna = (await acting(site, "anna")).id
    (session,) = await site.auth.list_sessions(anna)
    site.auth.sessions.forget_all()
    sessions = site.auth._parts.stored_sessions._sessions
    await sessions.update_many({}, {"$set": {"proved_at": datetime.now(UTC) - timedelta(minutes=11)}})
    body = {"current": PASSWORD, "password": "another password"}
    refused = await client.post("/auth/password", json=body, headers=SAME_SITE)
    assert (refused.status_code, refused.json()["code"]) == (403, RecentProofNeededError.code)
    page = await client.get("/auth/password", headers=PAGE)
    assert page.headers["location"] == "/auth/confirm?next=/auth/password"
    by_password = await client.post("/auth/confirm", json={"password": PASSWORD}, headers=SAME_SITE)
    assert by_password.status_code == 422
    assert (await client.post("/auth/confirm", json={"otp": codes[0]}, headers=SAME_SITE)).status_code == 204
    assert (await client.post("/auth/password", json=body, headers=SAME_SITE)).status_code == 204
    (now,) = await site.auth.list_sessions(anna)
    assert set(now.proofs) == {"password", "app", "recovery"}
    assert now.public_id != session.public_id
    with pytest.raises(SecondFactorNeededError):
        await site.auth.sign_in("anna", "another password", address="10.0.0.1")
    with pytest.raises(SecondFactorWrongError):
        await site.auth.sign_in("anna", "another password", address="10.0.0.1", otp=codes[0])
