"""From a token to a user, in one process and in two."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.auth.site import PASSWORD, Site, build_site
from webos.auth import AuthService, PasswordHasher, SignIn, SignInFailedError
from webos.auth.sessions import hash_token
from webos.data.connection import Connection


async def begin(auth: AuthService, username: str = "anna", former: str | None = None) -> tuple[str, SignIn]:
    return await auth.sign_in(username, PASSWORD, address="10.0.0.1", former_token=former)


async def stored(mongo: Connection, token: str) -> dict[str, Any] | None:
    return await mongo.raw["webos_sessions"].find_one({"_id": hash_token(token)})


async def test_token_leads_to_the_user(site: Site) -> None:
    """The token resolves to the user with all permissions, and to a public id that is not the token."""
    token, sign_in = await begin(site.auth)
    assert sign_in.principal.username == "Anna"
    assert sign_in.principal.has_permission("shop.read")
    assert sign_in.session_id not in token
    assert len(token) == 43
    assert await site.auth.sessions.resolve(token) == sign_in
    assert site.auth.sessions.peek(token) == sign_in


async def test_wrong_tokens_lead_to_nobody(site: Site) -> None:
    """What is not a token of ours is nobody, whatever it looks like."""
    for token in ["", "x", "x" * 43, "x" * 100_000, "ü", "\x00", "$ne"]:
        assert site.auth.sessions.peek(token) is None
        assert await site.auth.sessions.resolve(token) is None


async def test_public_id_opens_nothing(site: Site) -> None:
    """Neither the public id nor the stored hash is accepted as a token."""
    token, sign_in = await begin(site.auth)
    for other in (sign_in.session_id, hash_token(token)):
        assert await site.auth.sessions.resolve(other) is None


async def test_peek_knows_for_five_seconds(site: Site) -> None:
    """Without asking the database a sign-in is known for five seconds and not longer."""
    token, _ = await begin(site.auth)
    site.clock.advance(4.9)
    assert site.auth.sessions.peek(token) is not None
    site.clock.advance(0.1)
    assert site.auth.sessions.peek(token) is None
    assert await site.auth.sessions.resolve(token) is not None
    assert site.auth.sessions.peek(token) is not None


async def test_what_is_known_of_a_user_does_not_age_twice(mongo: Connection, site: Site) -> None:
    """A second session of a user whom the process read four seconds ago is known for one second, not for five."""
    other = await build_site(mongo, site.settings)
    token, sign_in = await begin(site.auth)
    await other.auth.load_user(sign_in.principal.id)
    other.clock.advance(4)
    await other.auth.sessions.resolve(token)
    await site.auth.set_role("clerk", [])
    other.clock.advance(1)
    resolved = await other.auth.sessions.resolve(token)
    assert resolved is not None
    assert not resolved.principal.has_permission("shop.read")


async def test_session_ends_at_its_time(mongo: Connection, site: Site) -> None:
    """After the hours of the settings it is over, although the server has not removed it yet."""
    token, _ = await begin(site.auth)
    document = await stored(mongo, token)
    assert document is not None
    assert document["expires_at"] - document["created_at"] == timedelta(hours=site.settings.session_hours)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await mongo.raw["webos_sessions"].update_one({"_id": hash_token(token)}, {"$set": {"expires_at": past}})
    site.clock.advance(5)
    assert await site.auth.sessions.resolve(token) is None


async def test_memory_does_not_outlast_the_session(mongo: Connection, site: Site) -> None:
    """A session with two seconds left is known for two seconds."""
    token, _ = await begin(site.auth)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    await mongo.raw["webos_sessions"].update_one({"_id": hash_token(token)}, {"$set": {"expires_at": soon}})
    site.clock.advance(5)
    assert await site.auth.sessions.resolve(token) is not None
    site.clock.advance(2)
    assert site.auth.sessions.peek(token) is None


async def test_expired_sessions_are_removed_by_the_server(mongo: Connection, site: Site) -> None:
    """A TTL index does it, and the users' index serves "sign out everywhere"."""
    del site
    indexes = await mongo.raw["webos_sessions"].index_information()
    assert indexes["expires_at_1"]["expireAfterSeconds"] == 0
    assert indexes["public_id_1"]["unique"]
    assert "user_id_1" in indexes


async def test_use_is_noted_by_the_minute(mongo: Connection, site: Site) -> None:
    """When a session was last seen is written at most once a minute."""
    token, _ = await begin(site.auth)
    document = await stored(mongo, token)
    assert document is not None
    site.clock.advance(5)
    await site.auth.sessions.resolve(token)
    assert (await stored(mongo, token)) == document
    earlier = datetime.now(UTC) - timedelta(minutes=2)
    await mongo.raw["webos_sessions"].update_one({"_id": hash_token(token)}, {"$set": {"last_seen_at": earlier}})
    site.clock.advance(5)
    await site.auth.sessions.resolve(token)
    seen = await stored(mongo, token)
    assert seen is not None
    assert datetime.now(UTC) - seen["last_seen_at"] < timedelta(seconds=30)


async def test_one_session_can_be_ended_by_its_public_id(site: Site) -> None:
    """Ending one device leaves the other signed in."""
    first, sign_in = await begin(site.auth)
    second, _ = await begin(site.auth)
    await site.auth.end_session(sign_in.session_id)
    assert site.auth.sessions.peek(first) is None
    assert await site.auth.sessions.resolve(first) is None
    assert await site.auth.sessions.resolve(second) is not None


async def test_all_sessions_of_a_user_can_be_ended(site: Site) -> None:
    """Signing out everywhere ends all of the user's sessions and nobody else's."""
    tokens = [(await begin(site.auth))[0] for _ in range(3)]
    bobs, _ = await begin(site.auth, "bob")
    account = await site.auth.find_user("anna")
    assert account is not None
    await site.auth.end_all_sessions(account.id)
    assert [await site.auth.sessions.resolve(token) for token in tokens] == [None] * 3
    assert await site.auth.sessions.resolve(bobs) is not None


async def test_sign_in_ends_the_former_session(site: Site) -> None:
    """The token rotates: the one the browser came with is dead afterwards."""
    first, _ = await begin(site.auth)
    second, _ = await begin(site.auth, former=first)
    assert first != second
    assert await site.auth.sessions.resolve(first) is None
    assert await site.auth.sessions.resolve(second) is not None


async def test_password_change_during_a_sign_in_wins(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who began to sign in with the old password before it was changed is not let in after."""
    account = await site.auth.find_user("anna")
    assert account is not None
    verify = site.auth._parts.hasher.verify  # to come in between of two steps

    async def changed_meanwhile(password: str, stored_hash: str | None) -> Any:
        verdict = await verify(password, stored_hash)
        await site.auth.set_password(account.id, "another horse")
        return verdict

    monkeypatch.setattr(site.auth._parts.hasher, "verify", changed_meanwhile)
    with pytest.raises(SignInFailedError):
        await begin(site.auth)


async def test_slow_read_does_not_revive_an_ended_session(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup that read the session just before it ended does not put it back into memory."""
    token, _ = await begin(site.auth)
    site.clock.advance(5)
    get = site.auth._parts.stored_sessions.get  # to come in between of two steps

    async def ended_meanwhile(key: str) -> Any:
        record = await get(key)
        await site.auth.sign_out(token)
        return record

    monkeypatch.setattr(site.auth._parts.stored_sessions, "get", ended_meanwhile)
    await site.auth.sessions.resolve(token)
    monkeypatch.undo()
    assert site.auth.sessions.peek(token) is None
    assert await site.auth.sessions.resolve(token) is None


async def test_weak_hash_is_renewed_at_sign_in(mongo: Connection, site: Site) -> None:
    """Signing in replaces a hash of weaker parameters and keeps other sessions."""
    token, _ = await begin(site.auth)
    other = await build_site(mongo, site.settings, PasswordHasher(time_cost=2, memory_cost=8))
    await begin(other.auth)
    document = await mongo.raw["webos_users"].find_one({"username": "Anna"})
    assert document is not None
    assert "t=2" in document["password_hash"]
    assert await site.auth.sessions.resolve(token) is not None
