"""Security case 30: what happens to accounts is on record, without secrets, for those who may read it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.auth.mailbox import Mailbox
from tests.integration.auth.site import PASSWORD, SAME_SITE, Site
from webos.auth import Account, AuthEvent, AuthEventKind, AuthLog, AuthService
from webos.data.connection import Connection
from webos.kernel.context import SYSTEM, acting_as
from webos.kernel.errors import NotSignedInError

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1"


async def on_record(site: Site, **query: Any) -> list[AuthEvent]:
    with acting_as(SYSTEM):
        return await site.auth.log.find(**query)


async def kinds(site: Site, username: str = "") -> list[str]:
    """Return what is on record, the oldest first."""
    return [event.kind.value for event in reversed(await on_record(site, username=username))]


async def attempt(site: Site, password: str, agent: str = FIREFOX, address: str = "10.0.0.1") -> int:
    async with site.client(address, headers={"user-agent": agent}) as client:
        body = {"username": "anna", "password": password}
        return (await client.post("/auth/login", json=body, headers=SAME_SITE)).status_code


async def test_each_change_is_on_record(mail_site: Site, mailbox: Mailbox) -> None:
    """Signing in and out, links, keys, changes by the user and by others: each leaves one entry of its kind."""
    auth = mail_site.auth
    account = await auth.find_user("anna")
    assert account is not None
    client = await mail_site.sign_in("anna")
    await client.post("/auth/logout", headers=SAME_SITE)
    _, key = await auth.keys.create(account.id, "backup", ["*"], days=1)
    await auth.keys.revoke(key.id)
    await auth.life.ask_reset("anna")
    code = (await mailbox.collect(mail_site))[-1].code
    await auth.life.reset(code, "another horse")
    await auth.life.change_password(account.id, "another horse", PASSWORD)
    await auth.life.ask_email(account.id, PASSWORD, "anna@new.test")
    await auth.life.confirm_email((await mailbox.collect(mail_site))[-1].code)
    await auth.set_access(account.id, grants=["shop.read"])
    await auth.set_disabled(account.id, disabled=True)
    await auth.set_disabled(account.id, disabled=False)
    await auth.end_all_sessions(account.id)
    await auth.delete_user(account.id)
    assert await kinds(mail_site, "ANNA") == [
        "created",
        "signed_in",
        "signed_out",
        "key_created",
        "key_revoked",
        "reset_asked",
        "password_reset",
        "password_changed",
        "email_asked",
        "email_changed",
        "access_changed",
        "disabled",
        "enabled",
        "all_sessions_revoked",
        "deleted",
    ]


async def test_entry_says_who_when_and_where(site: Site) -> None:
    """An entry names user, actor, address, device and trace."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with site.client("192.0.2.7", headers={"user-agent": FIREFOX}) as client:
        body = {"username": "anna", "password": PASSWORD}
        headers = SAME_SITE | {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        await client.post("/auth/login", json=body, headers=headers)
    (event,) = await on_record(site, kind=AuthEventKind.SIGNED_IN)
    assert (event.username, event.actor, event.address, event.device) == ("Anna", "", "192.0.2.7", "Firefox on Linux")
    assert event.trace_id == trace
    assert abs(datetime.now(UTC) - event.at) < timedelta(seconds=10)
    account = await site.auth.find_user("anna")
    assert account is not None
    with acting_as(SYSTEM):
        await site.auth.set_disabled(account.id, disabled=True)
    (event,) = await on_record(site, kind=AuthEventKind.DISABLED)
    assert (event.username, event.actor) == ("Anna", "the system")


async def test_failures_and_lock(site: Site) -> None:
    """Wrong passwords and the lock they lead to are on record; what was typed for a name or password is not."""
    assert [await attempt(site, f"guess {number}") for number in range(7)] == [401] * 5 + [429] * 2
    assert (await kinds(site, "anna"))[1:] == ["sign_in_failed"] * 5 + ["locked"]
    async with site.client("10.0.0.9") as client:
        body = {"username": "my secret password", "password": "oops"}
        await client.post("/auth/login", json=body, headers=SAME_SITE)
    events = await on_record(site)
    assert events[0].username == ""
    assert "secret password" not in str(events)
    assert "guess" not in str(events)


async def test_only_those_who_may_read_it(site: Site) -> None:
    """The record is for `admin.audit`, by the service and by its route; nobody's context is refused too."""
    with pytest.raises(NotSignedInError):
        await site.auth.log.find()
    bob = await site.sign_in("bob")
    assert (await bob.get("/auth/events")).status_code == 403
    async with site.client() as visitor:
        assert (await visitor.get("/auth/events")).status_code == 401
    root = await site.sign_in("root")
    answer = await root.get("/auth/events", params={"kind": "signed_in", "limit": 1})
    assert [event["username"] for event in answer.json()] == ["root"]
    for wrong in ({"kind": "nothing"}, {"limit": "0"}, {"since": "never"}, {"kind[$ne]": "x", "limit": "-1"}):
        assert (await root.get("/auth/events", params=wrong)).status_code == 422


async def test_pages_of_the_record(site: Site) -> None:
    """Reading on from the last entry finds the earlier ones, each once."""
    everything = await on_record(site)
    first = await on_record(site, limit=2)
    rest = await on_record(site, before=first[-1].at)
    assert [event.id for event in [*first, *rest]] == [event.id for event in everything]


async def test_entries_are_only_added(mongo: Connection, site: Site) -> None:
    """The record offers no way to change or remove an entry; the database removes it when its time is over."""
    assert {name for name in vars(AuthLog) if not name.startswith("_")} == {
        "add",
        "ensure_indexes",
        "failures_before_success",
        "find",
    }
    document = await mongo.raw["webos_auth_events"].find_one()
    assert document is not None
    kept = document["expires_at"] - document["at"]
    assert kept == timedelta(days=site.settings.auth_events_days)
    indexes = await mongo.raw["webos_auth_events"].index_information()
    assert any("expireAfterSeconds" in index for index in indexes.values())


async def test_new_device_is_told(mail_site: Site, mailbox: Mailbox) -> None:
    """The first device is nothing new, nor is a known one; a new one is on record and in the user's mail."""
    for agent, address in ((FIREFOX, "10.0.0.1"), (FIREFOX.replace("140", "141"), "10.0.0.77")):
        assert await attempt(mail_site, PASSWORD, agent, address) == 200
        assert await mailbox.collect(mail_site) == []
    assert await attempt(mail_site, PASSWORD, IPHONE) == 200
    (mail,) = await mailbox.collect(mail_site)
    assert mail.subject == "A new sign-in · WebOS"
    assert "Safari on iPhone, 10.0.0.1" in mail.text
    assert await attempt(mail_site, PASSWORD, IPHONE) == 200
    assert await mailbox.collect(mail_site) == []
    assert (await kinds(mail_site, "anna")).count("new_device") == 1


async def test_success_after_many_failures_is_told(mail_site: Site, mailbox: Mailbox) -> None:
    """Who was let in after ten wrong passwords from anywhere may not be the user: he is asked, once."""
    for number in range(10):
        assert await attempt(mail_site, "wrong", address=f"203.0.113.{number}") == 401
    assert await attempt(mail_site, PASSWORD) == 200
    (mail,) = await mailbox.collect(mail_site)
    assert mail.subject == "Was this you? · WebOS"
    assert "after 10 attempts" in mail.text
    assert await attempt(mail_site, PASSWORD) == 200
    assert await mailbox.collect(mail_site) == []


CHANGES: dict[str, Callable[[AuthService, Account], Awaitable[object]]] = {
    "password": lambda auth, anna: auth.set_password(anna.id, "another password"),
    "access": lambda auth, anna: auth.set_access(anna.id, roles=[], grants=["*"]),
    "disable": lambda auth, anna: auth.set_disabled(anna.id, disabled=True),
    "sign out": lambda auth, anna: auth.end_all_sessions(anna.id),
    "delete": lambda auth, anna: auth.delete_user(anna.id),
    "role": lambda auth, _: auth.set_role("clerk", ["*"]),
    "new role": lambda auth, _: auth.set_role("boss", ["*"]),
    "no role": lambda auth, _: auth.delete_role("clerk"),
    "group": lambda auth, _: auth.groups.set("staff", ["clerk"]),
    "no group": lambda auth, _: auth.groups.delete("staff"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_no_change_without_its_entry(
    mongo: Connection, site: Site, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the entry cannot be written the change does not happen either, and everybody stays signed in."""
    if name != "group":
        await site.auth.groups.set("staff", [])
    client = await site.sign_in("anna")
    anna = await site.auth.find_user("anna")
    assert anna is not None
    collections = ("webos_users", "webos_roles", "webos_groups", "webos_sessions", "webos_auth_events")
    before = [await mongo.raw[each].find().to_list() for each in collections]
    with monkeypatch.context() as patch:

        async def add(*_: object, **__: object) -> None:
            msg = "the process ends here"
            raise ConnectionAbortedError(msg)

        patch.setattr(site.auth.log, "add", add)
        with pytest.raises(ConnectionAbortedError):
            await CHANGES[name](site.auth, anna)
    assert [await mongo.raw[each].find().to_list() for each in collections] == before
    assert (await client.get("/auth/me")).status_code == 200
    await CHANGES[name](site.auth, anna)
    assert len(await mongo.raw["webos_auth_events"].find().to_list()) == len(before[-1]) + 1
