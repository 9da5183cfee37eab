"""What can be cached, and what comes back."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgpack
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from webos.cache import UncacheableValueError
from webos.cache.packing import pack, unpack

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.datetimes(timezones=st.none() | st.just(dt.UTC) | st.just(dt.timezone(dt.timedelta(hours=5, minutes=30))))
    | st.binary(min_size=12, max_size=12).map(ObjectId)
)
_HASHABLE = st.integers(-(2**63), 2**63 - 1) | st.text() | st.uuids() | st.dates()
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers(0, 9), inner, max_size=4)
        | st.sets(_HASHABLE, max_size=4)
        | st.frozensets(_HASHABLE, max_size=4)
    ),
    max_leaves=12,
)


def _exact(value: Any) -> Any:
    """Return the value with the types of all its parts, since `True == 1` and `(1,) != [1]`."""
    if isinstance(value, dict):
        return dict, [(name, _exact(each)) for name, each in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [_exact(each) for each in value]
    return type(value), value


@given(_VALUES)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    """Every plain value, however nested, comes back with the same types."""
    assert _exact(unpack(pack(value))) == _exact(value)


class _Model(BaseModel):
    name: str = "n"


class _Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        object(),
        _Model(),
        [_Model()],
        {"a": {1: object()}},
        lambda: 1,
        2**64,
        [2**70],
        _Text("x"),
        "\ud800",
        Exception(),
    ],
    ids=["object", "model", "models", "inside", "function", "big", "bigger", "subclass", "surrogate", "error"],
)
def test_what_is_not_plain_data_is_refused(value: Any) -> None:
    """Objects are refused instead of being kept as something else, or pickled."""
    with pytest.raises(UncacheableValueError):
        pack(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    """A circle is refused like any value that cannot be kept."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(UncacheableValueError):
        pack(circle)


def test_an_unknown_extension_is_not_read() -> None:
    """Bytes that somebody else has made do not become values of ours."""
    with pytest.raises(KeyError):
        unpack(msgpack.packb(msgpack.ExtType(99, b"x")))


def test_each_reader_gets_a_value_of_his_own() -> None:
    """What one reader changes another one does not see."""
    packed = pack({"rows": [1]})
    unpack(packed)["rows"].append(2)
    assert unpack(packed) == {"rows": [1]}


def test_a_whole_number_is_kept_as_it_is() -> None:
    """A number that was set can be counted up; an id is not one."""
    assert pack(5) == 5
    assert isinstance(pack(uuid4()), bytes)
    assert isinstance(pack(Decimal(5)), bytes)
    assert isinstance(pack(True), bytes)  # noqa: FBT003 - the value under test
