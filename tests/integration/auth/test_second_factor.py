"""Codes of authenticator apps, recovery codes, and the sign-in between the two factors."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.integration.auth.mailbox import Mailbox
from tests.integration.auth.site import PAGE, PASSWORD, SAME_SITE, Site, build_site
from webos.auth import Account
from webos.auth.factors.totp import code_at
from webos.data.connection import Connection
from webos.data.secret import Keyring
from webos.data.secret.key_file import FILE_NAME, new_key, read_key_file, write_key_file
from webos.data.secret.rotation import Rotation

FORM = {**PAGE, **SAME_SITE}


@pytest.fixture
async def other_site(site: Site, mongo: Connection) -> Site:
    """Return a second process on the same database and data folder."""
    return await build_site(mongo, site.settings)


class App:
    """An authenticator app whose time tests move on, so that each of its codes is new."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._ahead = 0

    def code(self) -> str:
        """Return the code of now."""
        return code_at(self.secret, datetime.now(UTC))

    def next(self) -> str:
        """Return the code of the step after now, which still counts."""
        return code_at(self.secret, datetime.now(UTC) + timedelta(seconds=30))


async def enrol(client: httpx.AsyncClient) -> tuple[App, list[str]]:
    """Set up an app for whoever is signed in; return it and the recovery codes."""
    page = await client.get("/auth/factors/app", headers=PAGE)
    found = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', page.text)
    assert found, page.text
    app = App(found[1].replace(" ", ""))
    done = await client.post("/auth/factors/app", data={"otp": app.code()}, headers=FORM)
    assert done.status_code == 200, done.text
    return app, re.findall(r"<li>([a-z0-9-]{19})</li>", done.text)


async def first_step(site: Site, username: str = "anna", address: str = "10.0.0.1") -> httpx.AsyncClient:
    """Return a client that has proved the first factor only."""
    client = site.client(address)
    answer = await client.post(
        "/auth/login", data={"username": username, "password": PASSWORD, "next": "/form"}, headers=FORM
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/auth/second-factor?next=/form"
    return client


async def second_step(client: httpx.AsyncClient, code: str) -> httpx.Response:
    return await client.post("/auth/second-factor", data={"otp": code, "next": "/form"}, headers=FORM)


async def test_password_and_code_make_a_session(site: Site) -> None:
    """With an app set up, the password alone opens nothing; with a code of it one goes on to where one wanted."""
    mine = await site.sign_in("anna")
    app, codes = await enrol(mine)
    assert len(set(codes)) == 10

    client = await first_step(site)
    assert (await client.get("/form")).status_code == 401
    assert "webos_session" not in client.cookies
    page = await client.get("/auth/second-factor?next=/form", headers=PAGE)
    assert 'name="otp"' in page.text
    wrong = await second_step(client, "000000" if app.next() != "000000" else "111111")
    assert wrong.status_code == 401
    assert "This code is not right" in wrong.text

    done = await second_step(client, app.next())
    assert (done.status_code, done.headers["location"]) == (303, "/form")
    assert (await client.get("/form")).text == "Anna"
    assert "webos_pending" not in client.cookies
    session = (await site.auth.list_sessions((await user(site)).id))[0]
    assert set(session.proofs) == {"password", "app"}


async def test_enrolment_ends_all_other_sessions_and_renews_ones_own(site: Site) -> None:
    """Who sets up an app goes on under a new token; every other session of his has ended, and so has the old token."""
    other, mine = await site.sign_in("anna"), await site.sign_in("anna")
    old = mine.cookies["webos_session"]
    await enrol(mine)

    assert (await mine.get("/form")).text == "Anna"
    assert mine.cookies["webos_session"] != old
    assert (await other.get("/form")).status_code == 401
    assert await site.auth.sessions.resolve(old) is None


async def test_a_code_counts_once_on_two_processes(site: Site, other_site: Site) -> None:
    """Of the same code sent many times to two processes at once one counts, and none afterwards."""
    app, _ = await enrol(await site.sign_in("anna"))
    code = app.next()
    clients = [await first_step(each) for each in (site, other_site, site, other_site)]

    answers = await asyncio.gather(*(second_step(client, code) for client in clients))

    assert sorted(answer.status_code for answer in answers) == [303, 401, 401, 401]
    again = await second_step(await first_step(site), code)
    assert again.status_code == 401


async def test_a_recovery_code_counts_once(site: Site, other_site: Site) -> None:
    """A recovery code opens the account once, in whatever spelling, also when two processes get it at once."""
    _, codes = await enrol(await site.sign_in("anna"))
    clients = [await first_step(site), await first_step(other_site)]

    answers = await asyncio.gather(*(second_step(client, codes[0].upper().replace("-", " ")) for client in clients))

    assert sorted(answer.status_code for answer in answers) == [303, 401]
    assert (await site.auth.factors.of((await user(site)).id)).codes_left == 9


async def test_guessing_is_slowed_down_and_locks_nobody_out(site: Site, other_site: Site) -> None:
    """From a strange place five guesses are looked at, on all processes together; the user's own place and recovery codes work on."""
    app, codes = await enrol(await site.sign_in("anna", address="10.0.0.1"))
    attackers = [await first_step(each, address="198.51.100.7") for each in (site, other_site)]
    statuses = [(await second_step(attackers[turn % 2], "000000")).status_code for turn in range(8)]
    assert statuses == [401] * 5 + [429] * 3

    right_but_late = await second_step(attackers[0], app.next())
    assert right_but_late.status_code == 429
    assert int(right_but_late.headers["retry-after"]) <= 24 * 3600

    by_recovery = await second_step(await first_step(site, address="198.51.100.9"), codes[0])
    assert by_recovery.status_code == 303
    at_home = await second_step(await first_step(site, address="10.0.0.1"), app.next())
    assert at_home.status_code == 303


async def test_a_pending_sign_in_is_used_once_and_ends_with_changes(site: Site) -> None:
    """The cookie between the factors opens nothing by itself, is of no use twice, and not after a new password."""
    app, codes = await enrol(await site.sign_in("anna"))
    client = await first_step(site)
    pending = client.cookies["webos_pending"]
    assert (await second_step(client, codes[0])).status_code == 303
    stolen = site.client(cookies={"webos_pending": pending})
    assert (await second_step(stolen, app.next())).status_code == 401

    late = await first_step(site)
    await site.auth.set_password((await user(site)).id, "another password")
    assert (await second_step(late, app.next())).status_code == 401


async def test_nothing_readable_is_stored(site: Site, mongo: Connection) -> None:
    """Neither the secret of an app, nor a recovery code, nor the code of a pending sign-in is in the database."""
    app, codes = await enrol(await site.sign_in("anna"))
    client = await first_step(site)
    stored = [str(row) for name in await mongo.raw.list_collection_names() async for row in mongo.raw[name].find({})]
    whole = "\n".join(stored)
    assert "webos_factors" in await mongo.raw.list_collection_names()
    for secret in (app.secret, *codes, client.cookies["webos_pending"]):
        assert secret not in whole
        assert secret.replace("-", "") not in whole


async def test_programs_send_the_code_along(site: Site) -> None:
    """`/auth/token` and `/auth/login` take the code as `otp`, and say by stable codes what is missing or wrong."""
    app, codes = await enrol(await site.sign_in("anna"))
    client = site.client()
    body = {"username": "anna", "password": PASSWORD}

    missing = await client.post("/auth/token", json=body)
    assert (missing.status_code, missing.json()["code"]) == (401, "webos.auth.second_factor_needed")
    assert "access_token" not in missing.text
    wrong = await client.post("/auth/token", json=body | {"otp": "wrong-code"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "webos.auth.second_factor_wrong")
    token = (await client.post("/auth/token", json=body | {"otp": app.next()})).json()["access_token"]
    assert (await client.get("/auth/me", headers={"authorization": f"Bearer {token}"})).json()["username"] == "Anna"
    asked = await client.post("/auth/login", json=body, headers=SAME_SITE)
    assert (asked.status_code, asked.json()["factors"]) == (401, ["app"])
    assert (await client.post("/auth/second-factor", json={"otp": codes[0]}, headers=SAME_SITE)).status_code == 204
    assert (await client.get("/auth/me")).status_code == 200


async def test_other_sites_cannot_send_a_code(site: Site) -> None:
    """A form of another site reaches none of the steps."""
    await enrol(await site.sign_in("anna"))
    client = await first_step(site)
    for path in ("/auth/second-factor", "/auth/second-factor/passkey", "/auth/passkey", "/auth/passkey/ask"):
        answer = await client.post(path, data={"otp": "1"}, headers={"origin": "https://evil.test"})
        assert (path, answer.status_code) == (path, 403)


async def user(site: Site) -> Account:
    found = await site.auth.find_user("anna")
    assert found is not None
    return found


async def test_the_user_is_told_of_changes_and_of_guesses(mail_site: Site, mailbox: Mailbox) -> None:
    """A new factor, a used recovery code and repeated wrong codes are told by mail, without codes or secrets."""
    app, codes = await enrol(await mail_site.sign_in("anna", address="10.0.0.1"))
    client = await first_step(mail_site, address="198.51.100.7")
    for _ in range(5):
        await second_step(client, "000000")
    assert (await second_step(client, codes[0])).status_code == 303

    mails = await mailbox.collect(mail_site)
    told = {mail.subject for mail in mails}
    texts = "\n".join(mail.text for mail in mails)
    assert {"Your second factor · WebOS", "Was this you? · WebOS"} <= told
    assert "An authenticator app was set up" in texts
    assert "9 of them are left" in texts
    assert app.secret not in texts
    assert codes[0] not in texts


async def test_new_encryption_keys_reach_the_secrets_of_apps(site: Site, mongo: Connection) -> None:
    """When keys are changed, the secret of an app is encrypted anew with all others, and its codes count on."""
    app, _ = await enrol(await site.sign_in("anna"))
    path = site.settings.data_dir / FILE_NAME
    name, key = new_key()
    write_key_file(path, {name: key, **read_key_file(path)})
    rotation = Rotation(mongo.raw, Keyring.of(site.settings))
    async for _ in rotation.run():
        pass
    write_key_file(path, {name: key})

    (row,) = await mongo.raw["webos_factors"].find({}).to_list()
    assert row["totp_secret"]["key"] == name
    assert (await second_step(await first_step(site), app.next())).status_code == 303
