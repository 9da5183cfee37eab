"""What people see and change of their own account."""

import pytest

from tests.integration.auth.site import PASSWORD, Site
from webos.auth import SignIn
from webos.kernel.context import acting_as
from webos.kernel.errors import InvalidInputError, NotFoundError, NotSignedInError
from webos.sdk import ApiKey, OwnAccount, SessionRecord


async def begin(site: Site, username: str) -> tuple[str, SignIn]:
    return await site.auth.sign_in(username, PASSWORD, address="10.0.0.1")


async def test_everything_is_about_whoever_acts(site: Site) -> None:
    """Each user sees himself, his sessions and his keys, and a visitor nothing."""
    own = OwnAccount(site.auth)
    _, anna = await begin(site, "anna")
    _, bob = await begin(site, "bob")
    with acting_as(anna.principal):
        assert (await own.get()).username == "Anna"
        sessions = await own.sessions()
        assert [type(each) for each in sessions] == [SessionRecord]
        assert [each.public_id for each in sessions] == [anna.session_id]
        _, made = await own.create_key("reports", ["shop.read"], days=1)
        assert isinstance(made, ApiKey)
        assert [key.id for key in await own.keys()] == [made.id]
    with acting_as(bob.principal):
        assert await own.keys() == []
        assert [each.public_id for each in await own.sessions()] == [bob.session_id]
    for asked in (own.get, own.sessions, own.keys):
        with pytest.raises(NotSignedInError):
            await asked()


async def test_what_is_anothers_stays_as_it_is(site: Site) -> None:
    """Neither a session nor a key of somebody else can be ended, though its id is known."""
    own = OwnAccount(site.auth)
    token, anna = await begin(site, "anna")
    _, bob = await begin(site, "bob")
    with acting_as(anna.principal):
        secret, key = await own.create_key("reports", ["shop.read"], days=None)
    with acting_as(bob.principal):
        await own.end_session(anna.session_id)
        with pytest.raises(NotFoundError):
            await own.revoke_key(key.id)
    assert await site.auth.sessions.resolve(token) is not None
    assert secret.startswith(key.start)
    with acting_as(anna.principal):
        assert [each.id for each in await own.keys()] == [key.id]
        await own.revoke_key(key.id)
        assert await own.keys() == []


async def test_only_the_session_at_hand_goes_on(site: Site) -> None:
    """Signing out everywhere else counts the sessions it ends and keeps the one it is asked from."""
    own = OwnAccount(site.auth)
    first, _ = await begin(site, "anna")
    second, here = await begin(site, "anna")
    with acting_as(here.principal):
        assert await own.end_other_sessions(here.session_id) == 1
        assert [each.public_id for each in await own.sessions()] == [here.session_id]
    assert await site.auth.sessions.resolve(first) is None
    assert await site.auth.sessions.resolve(second) is not None


async def test_a_new_name_is_seen_by_the_next_request(site: Site) -> None:
    """A name is changed at once for running sessions; one that cannot be shown is refused."""
    own = OwnAccount(site.auth)
    token, anna = await begin(site, "anna")
    with acting_as(anna.principal):
        await own.rename("  Anna Berg ")
        with pytest.raises(InvalidInputError) as refused:
            await own.rename("two\nlines")
    assert set(refused.value.fields) == {"display_name"}
    resolved = await site.auth.sessions.resolve(token)
    assert resolved is not None
    assert resolved.principal.display_name == "Anna Berg"
