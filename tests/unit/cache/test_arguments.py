"""Keys of calls."""

from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from webos.cache import UncacheableValueError
from webos.cache.arguments import CallKey


class Colour(Enum):
    """A choice."""

    RED = 1
    BLUE = 2


class Shade(BaseModel):
    """A model."""

    colour: Colour
    depth: int = 1


class Shop:
    """A service."""

    def find(self, name: str, limit: int = 10, *, tags: Any = (), **more: Any) -> None:
        """Find something."""


KEY = CallKey(Shop.find)


def key(*args: Any, **kwargs: Any) -> str:
    return KEY.of((Shop(), *args), kwargs)


def test_the_same_call_has_the_same_key() -> None:
    """It does not matter how the arguments are given, nor which instance is asked."""
    assert key("a") == key(name="a") == key("a", 10) == key("a", limit=10, tags=())
    assert key("a", tags={"x", "y", "z"}) == key("a", tags={"z", "y", "x"})
    assert key("a", tags={"x": 1, "y": 2}) == key("a", tags={"y": 2, "x": 1})
    assert key("a", tags=Shade(colour=Colour.RED)) == key("a", tags=Shade(colour=Colour.RED, depth=1))


@pytest.mark.parametrize(
    "others",
    [
        [1, True, 1.0, "1", b"1", None],
        [Colour.RED, Colour.BLUE, "RED"],
        [[1], (1,), {1}, {1: 1}],
        [Shade(colour=Colour.RED), Shade(colour=Colour.BLUE), {"colour": Colour.RED, "depth": 1}],
        [["ab", "c"], ["a", "bc"]],
    ],
    ids=["numbers", "enums", "collections", "models", "borders"],
)
def test_other_arguments_have_other_keys(others: list[Any]) -> None:
    """Values that Python calls equal are different arguments."""
    assert len({key("a", tags=each) for each in others}) == len(others)


def test_changed_code_has_other_keys() -> None:
    """After a new version was installed, results of the old one are not read."""

    def one() -> int:
        return 1

    def two() -> int:
        return 2

    two.__qualname__ = one.__qualname__
    assert CallKey(one).of((), {}) != CallKey(two).of((), {})


def test_an_object_as_argument_is_refused() -> None:
    """An argument without a value to compare by is refused, with the name of the function."""
    with pytest.raises(UncacheableValueError, match=r"Shop\.find is memoized, and an argument is not plain data"):
        key("a", tags=object())


def test_a_wrong_call_is_a_type_error() -> None:
    """A call that the function does not take raises what the function would."""
    with pytest.raises(TypeError):
        key("a", 1, 2, 3)
