"""Security cases 3 and 10: links work once, for a while, for one thing, and are not in the database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from tests.integration.auth.mailbox import Mailbox
from tests.integration.auth.site import PAGE, PASSWORD, SAME_SITE, Site
from webos.data.connection import Connection

BODIES = {
    "join": {"username": "kim", "password": "another horse"},
    "reset": {"password": "another horse"},
    "verify": {},
}


async def anna(site: Site) -> UUID:
    account = await site.auth.find_user("anna")
    assert account is not None
    return account.id


async def code_for(site: Site, mailbox: Mailbox, purpose: str) -> str:
    """Return the code of a fresh link."""
    if purpose == "join":
        await site.auth.life.invite("kim@acme.test")
    elif purpose == "reset":
        await site.auth.life.ask_reset("anna")
    else:
        await site.auth.life.ask_email(await anna(site), PASSWORD, "anna@new.test")
    return (await mailbox.collect(site))[-1].code


async def use(site: Site, purpose: str, code: str) -> httpx.Response:
    async with site.client() as client:
        return await client.post(f"/auth/{purpose}", json={"code": code} | BODIES[purpose], headers=SAME_SITE)


@pytest.mark.parametrize("purpose", BODIES)
async def test_once(mail_site: Site, mailbox: Mailbox, purpose: str) -> None:
    """The second use of a link is refused."""
    code = await code_for(mail_site, mailbox, purpose)
    assert (await use(mail_site, purpose, code)).status_code < 300
    again = await use(mail_site, purpose, code)
    assert (again.status_code, again.json()["code"]) == (422, "webos.auth.link_not_valid")


@pytest.mark.parametrize("purpose", BODIES)
async def test_for_a_while(mongo: Connection, mail_site: Site, mailbox: Mailbox, purpose: str) -> None:
    """A link that has expired is refused, also before the database has removed it."""
    code = await code_for(mail_site, mailbox, purpose)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await mongo.raw["webos_tickets"].update_many({}, {"$set": {"expires_at": past}})
    assert (await use(mail_site, purpose, code)).status_code == 422


@pytest.mark.parametrize("purpose", BODIES)
@pytest.mark.parametrize("other", BODIES)
async def test_for_one_thing(mail_site: Site, mailbox: Mailbox, purpose: str, other: str) -> None:
    """A link opens only what it was made for, and trying it elsewhere does not use it up."""
    code = await code_for(mail_site, mailbox, purpose)
    if other != purpose:
        assert (await use(mail_site, other, code)).status_code == 422
    assert (await use(mail_site, purpose, code)).status_code < 300


@pytest.mark.parametrize("purpose", BODIES)
async def test_later_link_replaces_the_earlier(mail_site: Site, mailbox: Mailbox, purpose: str) -> None:
    """Of two links for the same only the last one works."""
    first, second = [await code_for(mail_site, mailbox, purpose) for _ in range(2)]
    assert (await use(mail_site, purpose, first)).status_code == 422
    assert (await use(mail_site, purpose, second)).status_code < 300


@pytest.mark.parametrize("change", ["password", "disabled", "deleted"])
async def test_change_of_the_account_voids_its_link(mail_site: Site, mailbox: Mailbox, change: str) -> None:
    """A link from before a change of the account resets no password after it."""
    code = await code_for(mail_site, mailbox, "reset")
    if change == "password":
        await mail_site.auth.set_password(await anna(mail_site), "third horse")
    elif change == "disabled":
        await mail_site.auth.set_disabled(await anna(mail_site), disabled=True)
    else:
        await mail_site.auth.delete_user(await anna(mail_site))
    assert (await use(mail_site, "reset", code)).status_code == 422


@pytest.mark.parametrize("code", ["", "x", "x" * 43, "x" * 5000, "\x00", "ä" * 43, "../../x"])
@pytest.mark.parametrize("purpose", BODIES)
async def test_invented_codes(mail_site: Site, purpose: str, code: str) -> None:
    """What is no code is refused like one that was used."""
    assert (await use(mail_site, purpose, code)).status_code == 422


async def test_looking_at_a_link_does_nothing(mail_site: Site, mailbox: Mailbox) -> None:
    """Mail scanners that open a link use nothing up, and the page's address holds no code for a log or `Referer`."""
    await mail_site.auth.life.ask_reset("anna")
    (mail,) = await mailbox.collect(mail_site)
    assert f"/auth/reset#{mail.code}" in mail.text
    async with mail_site.client() as scanner:
        page = await scanner.get("/auth/reset", headers=PAGE)
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert (await use(mail_site, "reset", mail.code)).status_code == 204


async def test_codes_keys_and_tokens_are_not_in_the_database(
    mongo: Connection, mail_site: Site, mailbox: Mailbox
) -> None:
    """Whoever reads the database can open nothing: it holds hashes of codes, keys and tokens, and no password."""
    secrets = [await code_for(mail_site, mailbox, purpose) for purpose in BODIES]
    client = await mail_site.sign_in("anna")
    secrets.append(client.cookies["webos_session"])
    secrets.append((await mail_site.auth.keys.create(await anna(mail_site), "backup", ["*"], days=None))[0])
    secrets.append((await client.post("/auth/token", json={}, headers=SAME_SITE)).json()["access_token"])
    secrets.append(PASSWORD)
    mailbox.stop()
    await mail_site.auth.life.ask_reset("anna")
    await mail_site.auth.life.invite("lee@acme.test")
    assert mail_site.auth.postman is not None
    await mail_site.auth.postman.deliver_due()
    stored = []
    for name in await mongo.raw.list_collection_names():
        stored += [str(document) async for document in mongo.raw[name].find()]
    assert len(stored) > 10
    for secret in secrets:
        assert not any(secret in document for document in stored)


async def test_links_name_the_configured_address(mail_site: Site, mailbox: Mailbox) -> None:
    """A forged `Host` does not lead a victim's link elsewhere."""
    async with mail_site.client() as client:
        headers = {"host": "evil.test", "x-forwarded-host": "evil.test", "origin": "http://evil.test"}
        await client.post("/auth/forgot", json={"identifier": "anna"}, headers=headers)
    for mail in await mailbox.collect(mail_site):
        assert "evil.test" not in mail.text + mail.html
