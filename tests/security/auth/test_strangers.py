"""Security cases 4 to 7: what strangers learn and get by the pages for accounts: nothing."""

import asyncio
import statistics
import time
from collections import Counter

import httpx
import pytest

from tests.integration.auth.mailbox import Mailbox
from tests.integration.auth.site import PAGE, PASSWORD, SAME_SITE, Site, build_site
from webos.auth import PasswordHasher
from webos.data.connection import Connection

QUESTIONS = [
    ("/auth/forgot", "identifier", "anna", "nobody"),
    ("/auth/forgot", "identifier", "anna@acme.test", "nobody@acme.test"),
    ("/auth/register", "email", "anna@acme.test", "nobody@acme.test"),
]


async def ask(site: Site, path: str, body: dict[str, str], **headers: str) -> httpx.Response:
    # Each from an address of its own, for guesses from one are slowed down.
    ask_from = f"10.{time.monotonic_ns() % 250}.{time.monotonic_ns() // 250 % 250}.1"
    async with site.client(ask_from) as client:
        if "accept" in headers:
            return await client.post(path, data=body, headers=SAME_SITE | headers)
        return await client.post(path, json=body, headers=SAME_SITE)


@pytest.mark.parametrize("server", ["up", "away"])
@pytest.mark.parametrize("question", QUESTIONS)
async def test_answers_are_alike(
    mail_site: Site, mailbox: Mailbox, server: str, question: tuple[str, str, str, str]
) -> None:
    """Known and unknown users get the same status, body and headers, whether or not the mail server answers."""
    path, field, known, unknown = question
    if server == "away":
        mailbox.stop()
    for headers in ({}, PAGE):
        answers = [await ask(mail_site, path, {field: value}, **headers) for value in (known, unknown)]
        assert {answer.status_code for answer in answers} == {200}
        assert answers[0].text == answers[1].text
        assert len({frozenset(set(answer.headers) - {"x-trace-id"}) for answer in answers}) == 1
        assert known not in answers[0].text


async def test_answers_take_the_same_time(mail_site: Site, mailbox: Mailbox) -> None:
    """The medians for known and unknown users differ by no more than noise: who asks is looked up afterwards."""
    mailbox.stop()
    for path, field, known, unknown in QUESTIONS:
        times: dict[str, list[float]] = {known: [], unknown: []}
        for _ in range(25):
            for value, taken in times.items():
                begun = time.perf_counter()
                await ask(mail_site, path, {field: value})
                taken.append(time.perf_counter() - begun)
        medians = [statistics.median(taken) for taken in times.values()]
        assert max(medians) < 2 * min(medians) + 0.002, medians


async def test_dead_mail_server_does_not_hold_up_answers(mail_site: Site, mailbox: Mailbox) -> None:
    """While the postman tries a server that is away, asking for a link is answered at once and nothing is lost."""
    mailbox.stop()
    assert mail_site.auth.postman is not None
    mail_site.auth.postman.start()
    begun = time.perf_counter()
    await ask(mail_site, "/auth/forgot", {"identifier": "anna"})
    assert time.perf_counter() - begun < 1
    await mail_site.auth.postman.stop()


async def test_mass_assignment(mail_site: Site) -> None:
    """Roles, grants and the like in the form of a new user are ignored."""
    link = await mail_site.auth.life.invite("kim@acme.test", by_mail=False)
    body = {
        "code": link.partition("#")[2],
        "username": "kim",
        "password": PASSWORD,
        "roles": ["admin"],
        "grants": ["*"],
        "is_superuser": True,
        "email": "root@acme.test",
        "is_service": True,
    }
    async with mail_site.client() as client:
        assert (await client.post("/auth/join", json=body, headers=SAME_SITE)).status_code == 204
    account = await mail_site.auth.find_user("kim")
    assert account is not None
    assert (account.roles, account.grants, account.is_superuser) == ((), (), False)
    assert (account.email, account.is_service) == ("kim@acme.test", False)


@pytest.mark.parametrize("path", ["password", "email"])
async def test_current_password_is_needed(mail_site: Site, mailbox: Mailbox, path: str) -> None:
    """Somebody at an unlocked screen changes neither password nor address, and is slowed down when he guesses."""
    client = await mail_site.sign_in("anna")
    body = {"password": "another horse", "email": "thief@acme.test"}
    answer = await client.post(f"/auth/{path}", json=body, headers=SAME_SITE)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["current"])
    statuses = [
        (await client.post(f"/auth/{path}", json=body | {"current": f"guess {n}"}, headers=SAME_SITE)).status_code
        for n in range(6)
    ]
    assert statuses[-1] == 429
    assert await mailbox.collect(mail_site) == []


@pytest.mark.parametrize("path", ["password", "email"])
@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
async def test_programs_do_not_change_accounts(mail_site: Site, path: str, header: str) -> None:
    """A stolen key or access token cannot make itself an account: these pages want a person's session."""
    account = await mail_site.auth.find_user("anna")
    assert account is not None
    secret, _ = await mail_site.auth.keys.create(account.id, "backup", ["*"], days=None)
    headers = {header: secret if header == "x-api-key" else f"Bearer {secret}"}
    body = {"current": PASSWORD, "password": "another horse", "email": "thief@acme.test"}
    async with mail_site.client() as program:
        for method in ("GET", "POST"):
            answer = await program.request(method, f"/auth/{path}", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "webos.auth.session_needed")


async def test_same_name_at_the_same_time(mongo: Connection, mail_site: Site) -> None:
    """Of many who take one user name at once, on two processes, one gets it and the others 409."""
    elsewhere = await build_site(mongo, mail_site.settings)
    codes = [
        (await mail_site.auth.life.invite(f"kim{n}@acme.test", by_mail=False)).partition("#")[2] for n in range(12)
    ]

    async def join(n: int, code: str) -> int:
        body = {"code": code, "username": "kim", "password": PASSWORD}
        return (await ask((mail_site, elsewhere)[n % 2], "/auth/join", body)).status_code

    statuses = Counter(await asyncio.gather(*(join(n, code) for n, code in enumerate(codes))))
    assert statuses == {204: 1, 409: 11}


async def test_same_link_at_the_same_time(mongo: Connection, mail_site: Site) -> None:
    """Of many who use one link at once, on two processes, one succeeds and the others get 4xx."""
    elsewhere = await build_site(mongo, mail_site.settings)
    code = (await mail_site.auth.life.invite("kim@acme.test", by_mail=False)).partition("#")[2]

    async def join(n: int) -> int:
        body = {"code": code, "username": f"kim{n}", "password": PASSWORD}
        return (await ask((mail_site, elsewhere)[n % 2], "/auth/join", body)).status_code

    statuses = Counter(await asyncio.gather(*(join(n) for n in range(12))))
    assert statuses == {204: 1, 422: 11}


async def test_hashing_leaves_the_loop_alone(mongo: Connection, mail_site: Site) -> None:
    """While four people join, with hashes of full cost, another request waits for none of them."""
    costly = await build_site(mongo, mail_site.settings, PasswordHasher())
    codes = [(await mail_site.auth.life.invite(f"kim{n}@acme.test", by_mail=False)).partition("#")[2] for n in range(4)]
    joining = asyncio.gather(
        *(
            ask(costly, "/auth/join", {"code": code, "username": f"kim{n}", "password": PASSWORD})
            for n, code in enumerate(codes)
        )
    )
    waits = []
    async with costly.client() as client:
        while not joining.done():
            begun = time.perf_counter()
            await client.get("/healthz")
            waits.append(time.perf_counter() - begun)
            await asyncio.sleep(0.002)
    await joining
    assert statistics.median(waits) < 0.02
