"""Digests of values, by which keys and unique values of a file are remembered."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.data.transfer.digests import digest
from webos.data.transfer.encoding import hashable
from webos.data.transfer.seen_keys import SeenKeys


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_different_numbers_differ(first: int, second: int) -> None:
    """Numbers have the same digest only if they are the same, also -1 and -2, whose hash in Python is one."""
    assert (digest((first,)) == digest((second,))) == (first == second)


def test_keys_of_minus_one_and_two_are_two() -> None:
    """A file with the keys -1 and -2 has no key twice, and one that comes again is known with its row."""
    seen = SeenKeys()
    assert [seen.add((number,), row) for row, number in enumerate((-1, -2, 0, -1), start=2)] == [None, None, None, 2]
    assert [seen.row_of((number,)) for number in (-2, 5)] == [3, None]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (1, 1.0, True),
        (1.0, Decimal("1.00"), True),
        (Decimal("0.10"), Decimal("0.1"), True),
        (Decimal("1E+6000"), Decimal("1E+6001"), False),
        (True, 1, False),
        ("1", 1, False),
        (None, "", False),
        (float("inf"), float("-inf"), False),
        ("\ud800", "a", False),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=UTC), True),
    ],
)
def test_what_the_database_takes_for_the_same(first: object, second: object, *, same: bool) -> None:
    """Numbers of all kinds are compared by value, and nothing else is the same across kinds."""
    assert (digest(hashable((first,))) == digest(hashable((second,)))) is same
