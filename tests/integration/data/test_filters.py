"""The rules of the guard, merged into any filter, narrow it and never replace a part of it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webos.data.connection import Connection
from webos.data.guard.queries import merge_filter

OWNERS = [uuid4() for _ in range(3)]
FIELDS = ("deleted_at", "created_by", "revision", "a", "b.c")
VALUES: dict[str, list[Any]] = {
    "deleted_at": [None, 1, 2],
    "created_by": [*OWNERS, None],
    "revision": [1, 2, 3],
    "a": [None, 0, 1, "x"],
    "b.c": [None, 0, 1],
}


def _conditions(field: str) -> st.SearchStrategy[Any]:
    value = st.sampled_from(VALUES[field])
    several = st.lists(value, max_size=3)
    return st.one_of(
        value,
        st.builds(lambda v: {"$ne": v}, value),
        st.builds(lambda v: {"$in": v}, several),
        st.builds(lambda v: {"$nin": v}, several),
        st.builds(lambda v: {"$not": {"$eq": v}}, value),
        st.builds(lambda v: {"$exists": v}, st.booleans()),
        st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), value, min_size=1, max_size=2),
    )


_PLAIN = st.fixed_dictionaries({}, optional={field: _conditions(field) for field in FIELDS})


def _combine(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    parts = st.lists(inner, min_size=1, max_size=3)
    logical = st.fixed_dictionaries({}, optional={"$and": parts, "$or": parts, "$nor": parts})
    return st.builds(lambda fields, operators: {**fields, **operators}, _PLAIN, logical)


FILTERS = st.recursive(_PLAIN, _combine, max_leaves=6)
RULES = st.fixed_dictionaries(
    {"deleted_at": st.none()},
    optional={"created_by": st.sampled_from(OWNERS), "revision": st.sampled_from([1, 2, 3])},
)


def _documents() -> list[dict[str, Any]]:
    """Every combination of owner and deletion, with changing other fields, some of them missing."""
    made: list[dict[str, Any]] = []
    for owner in (*OWNERS, None):
        for deleted in (None, 1, 2):
            for number in range(4):
                document: dict[str, Any] = {"created_by": owner, "deleted_at": deleted, "revision": number % 3 + 1}
                if number != 1:
                    document["a"] = VALUES["a"][number]
                if number != 2:
                    document["b"] = {"c": VALUES["b.c"][number % 3]}
                made.append(document)
    return made


@pytest.fixture
def runner() -> Any:
    with asyncio.Runner() as loop:
        yield loop


def test_a_merged_filter_matches_what_both_match(runner: asyncio.Runner, mongo_endpoint: Any) -> None:
    """For random filters the real server finds exactly the documents that the filter and the rules both find."""
    connection = runner.run(_open(mongo_endpoint))
    collection = connection.raw["rows"]
    runner.run(collection.insert_many(_documents()))
    everything = {each["_id"] for each in runner.run(collection.find().to_list())}
    narrowed: list[int] = []

    async def ids(query: dict[str, Any]) -> set[Any]:
        return {each["_id"] for each in await collection.find(query, {"_id": 1}).to_list()}

    @settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(query=FILTERS, rules=RULES)
    def check(query: dict[str, Any], rules: dict[str, Any]) -> None:
        before = repr(query)
        merged = merge_filter(query, rules)
        found, own, allowed = (runner.run(ids(each)) for each in (merged, query, rules))
        assert found == own & allowed
        assert repr(query) == before
        narrowed.append(len(found))

    check()
    assert any(0 < count < len(everything) for count in narrowed)
    runner.run(connection.client.drop_database(connection.raw.name))
    runner.run(connection.close())


async def _open(endpoint: Any) -> Connection:
    connection = Connection(endpoint, f"test_{uuid4().hex}")
    await connection.check()
    return connection


@given(query=FILTERS, owner=st.sampled_from(OWNERS))
def test_the_rules_stand_at_the_top(query: dict[str, Any], owner: UUID) -> None:
    """The rules are plain keys of the merged filter, where every server can use an index for them."""
    merged = merge_filter(query, {"deleted_at": None, "created_by": owner})
    assert (merged["deleted_at"], merged["created_by"]) == (None, owner)
    parts = merged.get("$and", [])
    assert all(len(part) == 1 and "$and" not in part for part in parts)
    assert all(next(iter(part)) in merged for part in parts), "only what is asked twice is kept below $and"
