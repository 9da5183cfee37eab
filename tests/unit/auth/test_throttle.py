"""Slowing down guesses."""

import pytest

from tests.integration.auth.site import Clock
from webos.auth import SignInThrottledError
from webos.auth.throttle import SignInThrottle


def wait_of(throttle: SignInThrottle, name: str, address: str) -> int:
    """Return how long an attempt would have to wait, 0 where it was let through."""
    try:
        throttle.begin(name, address)
    except SignInThrottledError as error:
        return error.retry_after
    return 0


def test_wait_doubles_and_stays_below_a_minute() -> None:
    """Five attempts are free; then each costs twice the wait of the one before, a minute at most."""
    clock = Clock()
    throttle = SignInThrottle(clock=clock)
    assert [wait_of(throttle, "anna", "10.0.0.1") for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(10):
        waits.append(wait_of(throttle, "anna", "10.0.0.1"))
        clock.advance(waits[-1])
        assert wait_of(throttle, "anna", "10.0.0.1") == 0
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_refused_attempts_do_not_prolong_the_wait() -> None:
    """Hammering does not keep the door shut, so nobody can shut out a victim for ever."""
    clock = Clock()
    throttle = SignInThrottle(clock=clock)
    for _ in range(5):
        throttle.begin("anna", "10.0.0.1")
    for _ in range(100):
        assert wait_of(throttle, "anna", "10.0.0.1") == 1
    clock.advance(1)
    assert wait_of(throttle, "anna", "10.0.0.1") == 0


def test_attempts_count_when_they_begin() -> None:
    """A hundred at once are a hundred, although none of them has failed yet."""
    throttle = SignInThrottle(clock=Clock())
    admitted = sum(wait_of(throttle, "anna", "10.0.0.1") == 0 for _ in range(100))
    assert admitted == 5


def test_other_addresses_do_not_shut_out_the_user() -> None:
    """Guesses from a hundred addresses leave the user's own untouched."""
    throttle = SignInThrottle(clock=Clock())
    for number in range(100):
        for _ in range(6):
            wait_of(throttle, "anna", f"192.0.2.{number}")
    assert wait_of(throttle, "anna", "10.0.0.1") == 0


def test_many_names_from_one_address_wait() -> None:
    """Trying one password on many users is slowed down by address."""
    throttle = SignInThrottle(clock=Clock())
    admitted = sum(wait_of(throttle, f"user{number}", "10.0.0.1") == 0 for number in range(200))
    assert admitted == 50


def test_one_customer_is_one_address() -> None:
    """All of an IPv6 /64 counts as one, IPv4 in IPv6 as IPv4."""
    throttle = SignInThrottle(clock=Clock())
    assert sum(wait_of(throttle, "anna", f"2001:db8:1:2::{number:x}") == 0 for number in range(20)) == 5
    assert wait_of(throttle, "anna", "2001:db8:1:3::1") == 0
    for _ in range(5):
        throttle.begin("bob", "10.0.0.1")
    assert wait_of(throttle, "bob", "::ffff:10.0.0.1") == 1


def test_success_takes_back_own_attempts_only() -> None:
    """The right password clears the user's count; guesses at others from the same address stay counted."""
    throttle = SignInThrottle(clock=Clock())
    for number in range(49):
        throttle.begin(f"user{number}", "10.0.0.1")
    throttle.begin("mallory", "10.0.0.1")
    throttle.succeeded("mallory", "10.0.0.1")
    throttle.begin("user50", "10.0.0.1")
    assert wait_of(throttle, "user51", "10.0.0.1") == 1


def test_an_office_that_signs_in_is_not_slowed() -> None:
    """Any number of people behind one address who know their passwords get in."""
    throttle = SignInThrottle(clock=Clock())
    for number in range(500):
        throttle.begin(f"user{number}", "10.0.0.1")
        throttle.succeeded(f"user{number}", "10.0.0.1")


def test_forgets_after_a_quarter_of_an_hour() -> None:
    """Who waits long enough starts afresh."""
    clock = Clock()
    throttle = SignInThrottle(clock=clock)
    for _ in range(5):
        throttle.begin("anna", "10.0.0.1")
    clock.advance(15 * 60 + 1)
    assert [wait_of(throttle, "anna", "10.0.0.1") for _ in range(5)] == [0] * 5


def test_memory_is_bounded() -> None:
    """A flood of names from many addresses does not fill the memory."""
    throttle = SignInThrottle(clock=Clock())
    for number in range(30_000):
        throttle.begin(f"user{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(throttle._attempts) <= 20_000  # there is no other way to see it


@pytest.mark.parametrize("address", ["", "unix", "fe80::1%eth0", "999.1.1.1"])
def test_takes_any_address(address: str) -> None:
    """What is no address counts as itself."""
    throttle = SignInThrottle(clock=Clock())
    assert sum(wait_of(throttle, "anna", address) == 0 for _ in range(10)) == 5
