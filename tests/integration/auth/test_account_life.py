"""How accounts come, change and go, over HTTP and with real mail."""

import httpx
import pytest

from tests.integration.auth.mailbox import Mailbox
from tests.integration.auth.site import PAGE, PASSWORD, SAME_SITE, Site
from webos.data.connection import Connection

NEW = "another horse"


async def post(site: Site, path: str, client: httpx.AsyncClient | None = None, **body: str) -> httpx.Response:
    """Send JSON as a visitor, or as who is signed in with `client`."""
    if client is not None:
        return await client.post(f"/auth/{path}", json=body, headers=SAME_SITE)
    async with site.client() as visitor:
        return await visitor.post(f"/auth/{path}", json=body, headers=SAME_SITE)


async def signs_in(site: Site, username: str, password: str) -> bool:
    return (await post(site, "login", username=username, password=password)).status_code == 200


async def test_register_by_mail(mail_site: Site, mailbox: Mailbox) -> None:
    """A stranger enters an address, follows the link in the mail, and has an account with nothing but that address."""
    assert (await post(mail_site, "register", email="new@acme.test")).status_code == 200
    (mail,) = await mailbox.collect(mail_site)
    assert (mail.to, mail.subject) == ("new@acme.test", "Make your account · WebOS")
    assert mail.code in mail.html
    async with mail_site.client() as client:
        form = {"code": mail.code, "username": "newcomer", "display_name": "New Comer", "password": PASSWORD}
        answer = await client.post("/auth/join", data=form, headers=SAME_SITE | PAGE)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        me = (await client.get("/auth/me")).json()
    assert (me["username"], me["display_name"]) == ("newcomer", "New Comer")
    assert (me["roles"], me["permissions"], me["is_superuser"]) == ([], [], False)
    account = await mail_site.auth.find_user("newcomer")
    assert account is not None
    assert (account.email, account.email_verified) == ("new@acme.test", True)


async def test_register_with_a_known_address(mail_site: Site, mailbox: Mailbox) -> None:
    """Who has an account is reminded of it, and gets no link that makes another one."""
    await post(mail_site, "register", email="ANNA@acme.test")
    (mail,) = await mailbox.collect(mail_site)
    assert mail.subject == "You have an account · WebOS"
    assert "Anna" in mail.text
    assert "#" not in mail.text


async def test_registration_is_off_by_default(site: Site) -> None:
    """Without the setting the page says so, its form is refused, and the sign-in page does not lead there."""
    async with site.client() as client:
        page = await client.get("/auth/register")
        assert page.status_code == 404
        assert "by invitation" in page.text
        assert "/auth/register" not in (await client.get("/login")).text
    answer = await post(site, "register", email="new@acme.test")
    assert (answer.status_code, answer.json()["code"]) == (404, "webos.auth.registration_closed")


async def test_invitation_brings_roles(mail_site: Site, mailbox: Mailbox) -> None:
    """The invited person chooses name and password; roles and grants are those of the invitation."""
    await mail_site.auth.set_role("clerk", ["shop.read"])
    await mail_site.auth.life.invite("kim@acme.test", roles=["clerk"], grants=["shop.write"], inviter="Anna A.")
    (mail,) = await mailbox.collect(mail_site)
    assert "Anna A. invites you" in mail.text
    answer = await post(mail_site, "join", code=mail.code, username="kim", password=PASSWORD)
    assert answer.status_code == 204
    account = await mail_site.auth.find_user("kim")
    assert account is not None
    assert (account.roles, account.grants) == (("clerk",), ("shop.write",))


async def test_taken_name_does_not_cost_the_invitation(mail_site: Site) -> None:
    """Who chooses a name that is taken is told, and chooses another with the same link."""
    link = await mail_site.auth.life.invite("kim@acme.test", by_mail=False)
    code = link.partition("#")[2]
    taken = await post(mail_site, "join", code=code, username="ANNA", password=PASSWORD)
    assert (taken.status_code, taken.json()["code"]) == (409, "webos.auth.username_taken")
    bad = await post(mail_site, "join", code=code, username="k/m", password=PASSWORD)
    assert (bad.status_code, list(bad.json()["errors"])) == (422, ["username"])
    assert (await post(mail_site, "join", code=code, username="kim", password=PASSWORD)).status_code == 204
    account = await mail_site.auth.find_user("kim")
    assert account is not None
    assert not account.email_verified


@pytest.mark.parametrize("identifier", ["anna", "Anna", "anna@acme.test", " ANNA@ACME.TEST "])
async def test_forgotten_password(mail_site: Site, mailbox: Mailbox, identifier: str) -> None:
    """By user name or address comes a link; with it the password changes, sessions end, and the user is told."""
    client = await mail_site.sign_in("anna")
    assert (await post(mail_site, "forgot", identifier=identifier)).status_code == 200
    mail = (await mailbox.collect(mail_site))[-1]
    assert mail.to == "anna@acme.test"
    assert (await post(mail_site, "reset", code=mail.code, password=NEW)).status_code == 204
    assert (await client.get("/auth/me")).status_code == 401
    assert not await signs_in(mail_site, "anna", PASSWORD)
    assert await signs_in(mail_site, "anna", NEW)
    assert "Your password was changed · WebOS" in {mail.subject for mail in await mailbox.collect(mail_site)}


async def test_change_of_the_password(mail_site: Site) -> None:
    """With the current password a new one is set; other sessions end, this one goes on under a new token."""
    client, other = await mail_site.sign_in("anna"), await mail_site.sign_in("anna")
    before = client.cookies["webos_session"]
    answer = await client.post("/auth/password", data={"current": PASSWORD, "password": NEW}, headers=SAME_SITE | PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert client.cookies["webos_session"] != before
    assert (await client.get("/auth/me")).status_code == 200
    assert (await other.get("/auth/me")).status_code == 401
    assert await signs_in(mail_site, "anna", NEW)


async def test_change_of_the_address(mail_site: Site, mailbox: Mailbox) -> None:
    """The new address counts when its link was followed, and the old one is told."""
    client = await mail_site.sign_in("anna")
    assert (await post(mail_site, "email", client, current=PASSWORD, email="anna@new.test")).status_code == 200
    mail = (await mailbox.collect(mail_site))[-1]
    assert mail.to == "anna@new.test"
    account = await mail_site.auth.find_user("anna")
    assert account is not None
    assert account.email == "anna@acme.test"
    assert (await post(mail_site, "verify", code=mail.code)).status_code == 200
    account = await mail_site.auth.find_user("anna")
    assert account is not None
    assert (account.email, account.email_verified) == ("anna@new.test", True)
    (told,) = await mailbox.collect(mail_site)
    assert (told.to, told.subject) == ("anna@acme.test", "Your address was changed · WebOS")


async def test_address_of_somebody_else(mail_site: Site, mailbox: Mailbox) -> None:
    """Asking for another user's address is answered like any other, and sends nothing."""
    await mail_site.auth.create_user("bob", PASSWORD, email="bob@acme.test")
    client = await mail_site.sign_in("anna")
    free = await post(mail_site, "email", client, current=PASSWORD, email="free@acme.test")
    await mailbox.collect(mail_site)
    taken = await post(mail_site, "email", client, current=PASSWORD, email="Bob@acme.test")
    assert (taken.status_code, taken.text) == (free.status_code, free.text)
    assert await mailbox.collect(mail_site) == []


async def test_without_a_mail_server_pages_say_so(site: Site) -> None:
    """Nothing pretends that a mail is on its way; a link can be made on the command line."""
    client = await site.sign_in("anna")
    for path in ("/auth/forgot", "/auth/email"):
        page = await client.get(path)
        assert "This server sends no mail" in page.text
        assert "<form" not in page.text
    for answer in (
        await post(site, "forgot", identifier="anna"),
        await post(site, "forgot", identifier="nobody"),
        await post(site, "email", client, current=PASSWORD, email="a@b.test"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "webos.auth.mail_not_set_up")
    account = await site.auth.find_user("anna")
    assert account is not None
    code = (await site.auth.life.reset_link(account.id)).partition("#")[2]
    assert (await post(site, "reset", code=code, password=NEW)).status_code == 204
    assert await signs_in(site, "anna", NEW)


async def test_deleted_account_leaves_nothing_that_opens(mongo: Connection, mail_site: Site) -> None:
    """Sessions, keys and links of a deleted account are gone, and its name is free again."""
    client = await mail_site.sign_in("anna")
    account = await mail_site.auth.find_user("anna")
    assert account is not None
    secret, _ = await mail_site.auth.keys.create(account.id, "backup", ["*"], days=None)
    code = (await mail_site.auth.life.reset_link(account.id)).partition("#")[2]
    await mail_site.auth.delete_user(account.id)
    assert (await client.get("/auth/me")).status_code == 401
    async with mail_site.client() as program:
        assert (await program.get("/auth/me", headers={"x-api-key": secret})).status_code == 401
    assert (await post(mail_site, "reset", code=code, password=NEW)).status_code == 422
    for name in ("webos_sessions", "webos_api_keys", "webos_tickets", "webos_known_devices"):
        assert await mongo.raw[name].count_documents({}) == 0, name
    await mail_site.auth.create_user("anna", PASSWORD, email="anna@acme.test")


async def test_pages_work_without_javascript(mail_site: Site) -> None:
    """Each page is a plain form: what is entered comes back with its message, except for passwords."""
    async with mail_site.client() as visitor:
        for path in ("/auth/forgot", "/auth/register", "/auth/reset", "/auth/join", "/auth/verify"):
            page = await visitor.get(path, headers=PAGE)
            assert page.status_code == 200
            assert f'action="{path}"' in page.text
        form = {"code": "wrong", "username": "kim<b>", "password": PASSWORD}
        answer = await visitor.post("/auth/join", data=form, headers=SAME_SITE | PAGE)
        assert answer.status_code == 422
        assert "kim&lt;b&gt;" in answer.text
        assert "does not work any more" in answer.text
        assert PASSWORD not in answer.text
