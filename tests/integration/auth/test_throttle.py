"""Slowing down guesses."""

import asyncio

import pytest

from tests.integration.auth.site import Clock
from webos.auth import SignInThrottledError
from webos.auth.throttle import SignInThrottle
from webos.data.connection import Connection


async def wait_of(throttle: SignInThrottle, name: str, address: str) -> int:
    """Return how long an attempt would have to wait, 0 where it was let through."""
    try:
        await throttle.begin(name, address)
    except SignInThrottledError as error:
        return error.retry_after
    return 0


async def test_wait_doubles_and_stays_below_a_minute(mongo: Connection) -> None:
    """Five attempts are free; then each costs twice the wait of the one before, a minute at most."""
    clock = Clock()
    throttle = SignInThrottle(mongo.raw, clock=clock)
    assert [await wait_of(throttle, "anna", "10.0.0.1") for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(10):
        waits.append(await wait_of(throttle, "anna", "10.0.0.1"))
        clock.advance(waits[-1])
        assert await wait_of(throttle, "anna", "10.0.0.1") == 0
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


async def test_refused_attempts_do_not_prolong_the_wait(mongo: Connection) -> None:
    """Hammering does not keep the door shut, so nobody can shut out a victim for ever."""
    clock = Clock()
    throttle = SignInThrottle(mongo.raw, clock=clock)
    for _ in range(5):
        await throttle.begin("anna", "10.0.0.1")
    for _ in range(100):
        assert await wait_of(throttle, "anna", "10.0.0.1") == 1
    clock.advance(1)
    assert await wait_of(throttle, "anna", "10.0.0.1") == 0


async def test_attempts_count_when_they_begin(mongo: Connection) -> None:
    """A hundred at once are a hundred, although none of them has failed yet."""
    throttle = SignInThrottle(mongo.raw, clock=Clock())
    admitted = sum([await wait_of(throttle, "anna", "10.0.0.1") == 0 for _ in range(100)])
    assert admitted == 5


async def test_other_addresses_do_not_shut_out_the_user(mongo: Connection) -> None:
    """Guesses from a hundred addresses leave the user's own untouched."""
    throttle = SignInThrottle(mongo.raw, clock=Clock())
    for number in range(100):
        for _ in range(6):
            await wait_of(throttle, "anna", f"192.0.2.{number}")
    assert await wait_of(throttle, "anna", "10.0.0.1") == 0


async def test_many_names_from_one_address_wait(mongo: Connection) -> None:
    """Trying one password on many users is slowed down by address."""
    throttle = SignInThrottle(mongo.raw, clock=Clock())
    admitted = sum([await wait_of(throttle, f"user{number}", "10.0.0.1") == 0 for number in range(70)])
    assert admitted == 50


async def test_one_customer_is_one_address(mongo: Connection) -> None:
    """All of an IPv6 /64 counts as one, IPv4 in IPv6 as IPv4."""
    throttle = SignInThrottle(mongo.raw, clock=Clock())
    assert sum([await wait_of(throttle, "anna", f"2001:db8:1:2::{number:x}") == 0 for number in range(20)]) == 5
    assert await wait_of(throttle, "anna", "2001:db8:1:3::1") == 0
    for _ in range(5):
        await throttle.begin("bob", "10.0.0.1")
    assert await wait_of(throttle, "bob", "::ffff:10.0.0.1") == 1


async def test_success_takes_back_own_attempts_only(mongo: Connection) -> None:
    """The right password clears the user's count; guesses at others from the same address stay counted."""
    throttle = SignInThrottle(mongo.raw, clock=Clock())
    for number in range(49):
        await throttle.begin(f"user{number}", "10.0.0.1")
    await throttle.begin("mallory", "10.0.0.1")
    await throttle.succeeded("mallory", "10.0.0.1")
    await throttle.begin("user50", "10.0.0.1")
    assert await wait_of(throttle, "user51", "10.0.0.1") == 1


async def test_an_office_that_signs_in_is_not_slowed(mongo: Connection) -> None:
    """Any number of people behind one address who know their passwords get in."""
    throttle = SignInThrottle(mongo.raw, clock=Clock())
    for number in range(60):
        await throttle.begin(f"user{number}", "10.0.0.1")
        await throttle.succeeded(f"user{number}", "10.0.0.1")


async def test_forgets_after_a_quarter_of_an_hour(mongo: Connection) -> None:
    """Who waits long enough starts afresh."""
    clock = Clock()
    throttle = SignInThrottle(mongo.raw, clock=clock)
    for _ in range(5):
        await throttle.begin("anna", "10.0.0.1")
    clock.advance(15 * 60 + 1)
    assert [await wait_of(throttle, "anna", "10.0.0.1") for _ in range(5)] == [0] * 5


async def test_processes_count_together(mongo: Connection) -> None:
    """A hundred guesses at once on two processes are a hundred; the right password on one clears the other's count, too."""
    clock = Clock()
    pair = [SignInThrottle(mongo.raw, clock=clock) for _ in range(2)]
    waits = await asyncio.gather(*(wait_of(pair[number % 2], "anna", "10.0.0.1") for number in range(100)))
    assert sum(wait == 0 for wait in waits) == 5
    clock.advance(1)
    assert await wait_of(pair[1], "anna", "10.0.0.1") == 0
    await pair[0].succeeded("anna", "10.0.0.1")
    assert await wait_of(pair[1], "anna", "10.0.0.1") == 0
    other = SignInThrottle(mongo.raw, purpose="mail", clock=clock)
    assert [await wait_of(other, "anna", "10.0.0.1") for _ in range(6)] == [0] * 5 + [1]


async def test_what_is_stored_names_nobody(mongo: Connection) -> None:
    """Neither names, which may be passwords in the wrong field, nor addresses are in the database; entries expire."""
    throttle = SignInThrottle(mongo.raw, clock=Clock())
    await throttle.ensure_indexes()
    await throttle.begin("my secret password", "203.0.113.77")
    stored = await mongo.raw["webos_sign_in_attempts"].find().to_list()
    assert len(stored) == 2
    assert "secret" not in str(stored)
    assert "203.0.113" not in str(stored)
    indexes = await mongo.raw["webos_sign_in_attempts"].index_information()
    assert [index["expireAfterSeconds"] for index in indexes.values() if "expireAfterSeconds" in index] == [0]


@pytest.mark.parametrize("address", ["", "unix", "fe80::1%eth0", "999.1.1.1"])
async def test_takes_any_address(mongo: Connection, address: str) -> None:
    """What is no address counts as itself."""
    throttle = SignInThrottle(mongo.raw, clock=Clock())
    assert sum([await wait_of(throttle, "anna", address) == 0 for _ in range(10)]) == 5
