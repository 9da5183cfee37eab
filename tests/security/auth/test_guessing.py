"""Security cases 6, 8 and 9: guessing passwords tells nothing, disturbs nobody, and gets slow."""

import asyncio
import statistics
import time

import httpx

from tests.integration.auth.site import PASSWORD, SAME_SITE, Site, build_site, served
from webos.auth import PasswordHasher
from webos.data.connection import Connection

VARYING = {"x-trace-id", "content-length", "date"}


async def attempt(client: httpx.AsyncClient, username: str, password: str = "wrong", **headers: str) -> httpx.Response:
    body = {"username": username, "password": password}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/auth/login", json=body, headers=SAME_SITE | named)


async def median_time(client: httpx.AsyncClient, requests: int) -> float:
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        assert (await client.get("/api/shop/news")).status_code == 200
        times.append(time.perf_counter() - started)
    return statistics.median(times)


async def test_answers_are_alike(site: Site) -> None:
    """Unknown, known, disabled and password-less users get the same answer to a wrong password."""
    gone = await site.auth.create_user("gone", PASSWORD)
    await site.auth.set_disabled(gone.id, disabled=True)
    await site.auth.create_user("keyless", None)
    answers = []
    for username in ("unknown", "anna", "gone", "keyless", "never a name!", "$ne"):
        async with site.client() as client:
            answer = await attempt(client, username)
            page = await client.post("/auth/login", data={"username": username, "password": "wrong"}, headers=SAME_SITE)
        body = {key: value for key, value in answer.json().items() if key != "trace_id"}
        headers = {key: value for key, value in answer.headers.items() if key not in VARYING}
        answers.append((answer.status_code, body, headers, page.status_code))
    assert all(answer == answers[0] for answer in answers)


async def test_times_are_alike(mongo: Connection, site: Site) -> None:
    """Known and unknown users take equally long, from the first attempt on, because each costs one hash."""
    slow = await build_site(mongo, site.settings, PasswordHasher(time_cost=1, memory_cost=32 * 1024))
    await slow.auth.create_user("dora", PASSWORD)
    times: dict[str, list[float]] = {"dora": [], "unknown": []}
    for number in range(5):
        for username, taken in times.items():
            async with slow.client(f"10.0.1.{number}") as client:
                started = time.perf_counter()
                assert (await attempt(client, username)).status_code == 401
                taken.append(time.perf_counter() - started)
    assert 0.5 < statistics.median(times["dora"]) / statistics.median(times["unknown"]) < 2


async def test_storm_of_sign_ins_leaves_others_alone(mongo: Connection, site: Site) -> None:
    """While twelve sign-ins hash with the real parameters, another route's median stays below 20 ms."""
    real = await build_site(mongo, site.settings, PasswordHasher())
    async with served(lambda _: real.app) as address, httpx.AsyncClient(base_url=address, timeout=120) as client:
        idle = await median_time(client, 50)
        storm = asyncio.gather(*(attempt(client, f"user{number}", origin=address) for number in range(12)))
        busy = await median_time(client, 50)
        assert not storm.done()
        assert [answer.status_code for answer in await storm] == [401] * 12
    # A machine that others keep busy is slow without any storm.
    assert busy < max(0.020, 10 * idle)


async def test_guesses_at_one_user_get_slow(site: Site) -> None:
    """After five attempts the next is refused unchecked, also the right password, and says how long to wait."""
    async with site.client() as client:
        for _ in range(5):
            assert (await attempt(client, "anna")).status_code == 401
        refused = await attempt(client, "ANNA ", PASSWORD)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "webos.auth.too_many_attempts"
        page = await client.post("/auth/login", data={"username": "anna", "password": PASSWORD}, headers=SAME_SITE)
        assert page.status_code == 429
        assert page.headers["retry-after"] == "1"
        assert "Please wait 1 second and try again" in page.text
        assert 'value="anna"' in page.text


async def test_victim_is_not_locked_out(site: Site) -> None:
    """From elsewhere the user gets in at once, and from the same address as soon as the wait is over."""
    async with site.client("192.0.2.1") as attacker:
        for _ in range(50):
            await attempt(attacker, "anna")
    await site.sign_in("anna", address="10.0.0.9")
    site.clock.advance(60)
    await site.sign_in("anna", address="192.0.2.1")


async def test_claimed_addresses_do_not_evade(site: Site) -> None:
    """A new address in every forwarding header each time is still one address."""
    async with served(lambda _: site.app) as address, httpx.AsyncClient(base_url=address) as client:
        answers = [
            await attempt(
                client,
                "anna",
                origin=address,
                x_forwarded_for=f"203.0.113.{number}",
                x_real_ip=f"203.0.113.{number}",
                forwarded=f"for=203.0.113.{number}",
            )
            for number in range(8)
        ]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3


async def test_many_guesses_at_once_do_not_evade(site: Site) -> None:
    """A hundred attempts at the same moment are a hundred attempts."""
    async with site.client() as client:
        answers = await asyncio.gather(*(attempt(client, "anna") for _ in range(100)))
    assert sum(answer.status_code == 401 for answer in answers) == 5
    assert sum(answer.status_code == 429 for answer in answers) == 95


async def test_one_password_for_many_users_gets_slow(site: Site) -> None:
    """Spraying over user names is slowed down by address, and others are not."""
    async with site.client("192.0.2.1") as attacker:
        answers = [(await attempt(attacker, f"user{number}")).status_code for number in range(60)]
    assert answers == [401] * 50 + [429] * 10
    await site.sign_in("anna")
