"""A condition means the same as a filter of the database and as a check in Python."""

from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.rules.values import USERS, conditions, documents
from webos.data.codec import with_codecs
from webos.data.connection import Connection
from webos.data.rules import Rule
from webos.kernel.context import Principal


@given(
    st.lists(documents, min_size=1, max_size=6), st.lists(conditions, min_size=1, max_size=6), st.sampled_from(USERS)
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_filter_and_check_agree(
    mongo: Connection, rows: list[dict[str, Any]], wheres: list[Mapping[str, Any]], user: Principal
) -> None:
    """Whatever is stored and whoever asks, the server finds exactly the documents that the check lets through."""
    collection = with_codecs(mongo.raw, reading=True)["rows"]
    await collection.delete_many({})
    await collection.insert_many([{**row, "_id": number} for number, row in enumerate(rows)])
    stored = await collection.find().to_list()
    for where in wheres:
        rule = Rule("read", where=where)
        found = {row["_id"] async for row in collection.find(rule.filter(user), {"_id": 1})}
        assert found == {row["_id"] for row in stored if rule.check(user, row)}, rule.filter(user)
