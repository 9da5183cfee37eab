"""Whether two values are stored as the same."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson import CodecOptions, Int64
from bson.decimal128 import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from webos.data.audit.sameness import ABSENT, is_same

CODEC: CodecOptions[Any] = CodecOptions(tz_aware=True)
NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | NAMES | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (Int64(1), 1, True),
        ("a", "a", True),
        ("1", 1, False),
        (None, ABSENT, False),
        (ABSENT, ABSENT, True),
        (NOW, NOW + timedelta(microseconds=400), True),
        (NOW, NOW.replace(tzinfo=None), True),
        (NOW, NOW + timedelta(milliseconds=1), False),
        ([1, {"a": 2}], [1, {"a": 2}], True),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        (Decimal128(Decimal("1.0")), Decimal128(Decimal("1.0")), True),
        (Decimal128(Decimal("1.0")), Decimal128(Decimal("1.00")), False),
        (float("nan"), float("nan"), False),
    ],
)
def test_values_are_the_same_if_they_are_stored_so(first: object, second: object, same: bool) -> None:  # noqa: FBT001 - pytest's
    """Numbers by their value, but for truth values; times in milliseconds; all else by what is stored."""
    assert is_same(first, second, CODEC) is same
    assert is_same(second, first, CODEC) is same


@given(VALUES)
def test_a_value_is_the_same_after_it_was_stored_and_read(value: object) -> None:
    """What comes back from the database is never taken for a change."""
    assert is_same(value, bson.decode(bson.encode({"": value}), CODEC)[""], CODEC)
