"""Dividing a filter into what the server is asked and what is looked at here."""

import re
from typing import Any

import pytest

from webos.data.table.local_match import split_query

AFTER_A = {"$regex": "^a", "$options": "i"}


def matches(query: dict[str, Any], row: dict[str, Any]) -> bool:
    """Return whether a row fulfils the part that is looked at here."""
    return all(test(row) for test in split_query(query)[1])


def test_what_has_no_expression_is_left_to_the_server() -> None:
    """A filter without texts goes to the server as it is."""
    query = {"a": 1, "b": {"$gte": 2}, "$and": [{"b": {"$lt": 9}}], "$or": [{"c": True}, {"c": None}]}
    assert split_query(query) == (query, [], set())


def test_only_expressions_are_taken_out() -> None:
    """Of a filter with both, each side gets its part, also inside `$and`."""
    query = {
        "a": 1,
        "name": AFTER_A,
        "$and": [{"b": {"$gte": 2}, "name": {"$not": re.compile("z")}}, {"b": {"$lt": 9}}],
    }
    asked, tests, fields = split_query(query)
    assert asked == {"a": 1, "$and": [{"b": {"$gte": 2}}, {"b": {"$lt": 9}}]}
    assert fields == {"name"}
    assert [all(test({"name": name}) for test in tests) for name in ("Anna", "Bert", "Anzac", None)] == [
        True,
        False,
        False,
        False,
    ]


def test_the_server_is_not_asked_for_nothing() -> None:
    """Where all of an `$and` is looked at here, none is sent."""
    assert split_query({"$and": [{"name": AFTER_A}, {"name": {"$not": re.compile("z")}}]})[0] == {}


@pytest.mark.parametrize(
    ("query", "value", "expected"),
    [
        ({"a": AFTER_A}, "Anna", True),
        ({"a": {"$regex": "^a"}}, "Anna", False),
        ({"a": AFTER_A}, None, False),
        ({"a": AFTER_A}, 5, False),
        ({"a": {"$not": re.compile("^a", re.IGNORECASE)}}, "Anna", False),
        ({"a": {"$not": re.compile("^a", re.IGNORECASE)}}, None, True),
        ({"$or": [{"a": AFTER_A}, {"a": {"$in": [None, ""]}}]}, "", True),
        ({"$or": [{"a": AFTER_A}, {"a": {"$in": [None, ""]}}]}, None, True),
        ({"$or": [{"a": AFTER_A}, {"a": {"$in": [None, ""]}}]}, "b", False),
        ({"$or": [{"a": AFTER_A}, {"a": {"$nin": [None, ""]}}]}, "b", True),
        ({"$or": [{"a": AFTER_A}, {"b": AFTER_A}]}, "x", False),
        ({"$or": [{"b": AFTER_A}, {"a": {"$gt": 5}}]}, 6, True),
        ({"$or": [{"b": AFTER_A}, {"a": {"$gt": 5}}]}, True, False),
        ({"$or": [{"b": AFTER_A}, {"a": {"$gt": 5}}]}, "6", False),
        ({"$or": [{"b": AFTER_A}, {"a": 5}]}, 5.0, True),
        ({"$or": [{"b": AFTER_A}, {"a": True}]}, 1, False),
        ({"$or": [{"b": AFTER_A}, {"a": {"$ne": 5}}]}, "5", True),
        ({"$or": [{"b": AFTER_A}, {"a": {"$gte": 1, "$lte": 2}}]}, 2, True),
        ({"$or": [{"b": AFTER_A}, {"$and": [{"a": AFTER_A}, {"a": {"$nin": ["Anna"]}}]}]}, "Anna", False),
    ],
)
def test_looks_as_the_server_would(query: dict[str, Any], value: object, expected: bool) -> None:  # noqa: FBT001 - a table
    """Each condition of a text column means here what it means to MongoDB; a missing field is an empty one."""
    assert matches(query, {"a": value}) is expected
    if value is None:
        assert matches(query, {}) is expected


def test_what_is_not_known_is_left_to_the_server() -> None:
    """An expression beside an operator that is not known here is not guessed at."""
    query = {"a": {"$regex": "x", "$mod": [2, 0]}, "$or": [{"a": AFTER_A}, {"b": {"$elemMatch": {"c": 1}}}]}
    assert split_query(query) == (query, [], set())
