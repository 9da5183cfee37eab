"""What an update will make of a document."""

from typing import Any

import pytest

from webos.data.audit.forecast import UNKNOWN, forecast, touched_fields
from webos.data.audit.sameness import ABSENT

BEFORE: dict[str, Any] = {"a": 1, "b": "x", "c": [1], "d": {"e": 1}}


@pytest.mark.parametrize(
    ("update", "after"),
    [
        ({"$set": {"a": 2, "new": None}}, {"a": 2, "new": None}),
        ({"$unset": {"a": ""}}, {"a": ABSENT}),
        ({"$inc": {"a": 2}}, {"a": 3}),
        ({"$inc": {"b": 1}}, {"b": UNKNOWN}),
        ({"$inc": {"a": 1.5}}, {"a": UNKNOWN}),
        ({"$inc": {"a": 2**40}}, {"a": UNKNOWN}),
        ({"$inc": {"new": 1}}, {"new": UNKNOWN}),
        ({"$set": {"d.e": 2}}, {"d": UNKNOWN}),
        ({"$set": {"d.e": 2, "d.f": 3}}, {"d": UNKNOWN}),
        ({"$push": {"c": 2}}, {"c": UNKNOWN}),
        ({"$rename": {"a": "z"}}, {"a": ABSENT, "z": 1}),
        ({"$rename": {"none": "z"}}, {"none": ABSENT, "z": ABSENT}),
        ({"$setOnInsert": {"a": 2}}, {}),
        ({"$set": {"a": 2}, "$unset": {"b": ""}}, {"a": 2, "b": ABSENT}),
        ([{"$set": {"a": 2, "b": "$a"}}, {"$unset": ["c", "d"]}], {"a": 2, "b": UNKNOWN, "c": ABSENT, "d": ABSENT}),
        ([{"$addFields": {"a": {"$add": ["$a", 1]}}}, {"$unset": "b"}], {"a": UNKNOWN, "b": ABSENT}),
        ([{"$set": {"a": 2}}, {"$set": {"a": 3}}], {"a": UNKNOWN}),
    ],
)
def test_new_values_are_told_or_known_to_be_unknown(update: Any, after: dict[str, Any]) -> None:
    """What is certain is told exactly; all else is left to the server."""
    assert forecast(update, BEFORE) == after
    assert touched_fields(update) == after.keys()
