"""What may travel with a task."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.events.json_value import MOST_BYTES, demand_json
from webos.kernel.errors import InvalidInputError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_what_is_accepted_comes_back_the_same(value: Any) -> None:
    """Whatever passes is the same after a trip as JSON."""
    demand_json(value, "it")
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (datetime.now(UTC), "it is a datetime"),
        ({"a": [1, UUID(int=1)]}, r"it\['a'\]\[1\] is a UUID"),
        ({1: 2}, "it has the key 1"),
        ([float("inf")], r"it\[0\] is inf"),
        ({"a": {1, 2}}, r"it\['a'\] is a set"),
        (b"x", "it is a bytes"),
        ("x" * MOST_BYTES, "bytes long"),
    ],
)
def test_says_what_cannot_travel_and_where(value: Any, where: str) -> None:
    """The message names the place, so that nobody has to search."""
    with pytest.raises(InvalidInputError, match=where):
        demand_json(value, "it")


def test_refuses_what_contains_itself() -> None:
    """A circle is refused and not followed for ever."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(InvalidInputError, match="contains itself"):
        demand_json(circle, "it")
