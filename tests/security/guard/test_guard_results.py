"""Nobody writes a document out of, or into, what the rules grant him: a change is checked by what it makes of it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import ReplaceOne, UpdateMany, UpdateOne

from tests.integration.rules.office import BOSS, CLERK, NORTH, ROOT, SOUTH, Order, acting, office
from tests.integration.rules.values import USERS, conditions, documents
from webos.data.guard import GuardedDatabase
from webos.data.guard.lifecycle import Restoration
from webos.data.guard.refusal import GuardRefusalError
from webos.data.rules import Rule
from webos.data.rules.result import UNKNOWN, remaining
from webos.data.rules.rule_set import RuleSet
from webos.data.rules.values import MISSING
from webos.data.scope import system_context
from webos.kernel.context import Principal
from webos.kernel.errors import PermissionDeniedError

__all__ = ["office"]

Write = Callable[[Any, Order], Any]

AWAY: dict[str, Write] = {
    "update_one": lambda raw, order: raw.update_one({"_id": order.id}, {"$set": {"region": "south"}}),
    "update_many": lambda raw, _: raw.update_many({}, {"$set": {"region": "south"}}),
    "unset": lambda raw, order: raw.update_one({"_id": order.id}, {"$unset": {"region": ""}}),
    "null": lambda raw, order: raw.update_one({"_id": order.id}, {"$set": {"region": None}}),
    "rename": lambda raw, order: raw.update_one({"_id": order.id}, {"$rename": {"code": "region"}}),
    "rename away": lambda raw, order: raw.update_one({"_id": order.id}, {"$rename": {"region": "place"}}),
    "push": lambda raw, order: raw.update_one({"_id": order.id}, {"$push": {"region": "south"}}),
    "dotted": lambda raw, order: raw.update_one({"_id": order.id}, {"$set": {"region.name": "south"}}),
    "pipeline": lambda raw, order: raw.update_one({"_id": order.id}, [{"$set": {"region": "$code"}}]),
    "pipeline unset": lambda raw, order: raw.update_one({"_id": order.id}, [{"$unset": "region"}]),
    "find_one_and_update": lambda raw, order: raw.find_one_and_update({"_id": order.id}, {"$set": {"region": "south"}}),
    "replace_one": lambda raw, order: raw.replace_one({"_id": order.id}, {"code": "x", "region": "south"}),
    "replace_one without it": lambda raw, order: raw.replace_one({"_id": order.id}, {"code": "x"}),
    "find_one_and_replace": lambda raw, order: raw.find_one_and_replace(
        {"_id": order.id}, {"code": "x", "region": "south", "status": "draft"}
    ),
    "bulk of one": lambda raw, order: raw.bulk_write([UpdateOne({"_id": order.id}, {"$set": {"region": "south"}})]),
    "bulk of many": lambda raw, _: raw.bulk_write([UpdateMany({}, {"$set": {"region": "south"}})]),
    "bulk replacement": lambda raw, order: raw.bulk_write(
        [ReplaceOne({"_id": order.id}, {"code": "x", "region": "south", "status": "draft"})]
    ),
    "set": lambda _, order: order.set({"region": "south"}),
    "status": lambda raw, order: raw.update_one({"_id": order.id}, {"$set": {"status": "sent"}}),
}


@pytest.fixture
async def mine(office: GuardedDatabase) -> Order:
    """Return a draft of the north, which its author may change; nobody acts yet."""
    del office
    with acting(NORTH):
        return await Order(code="north").insert()


@pytest.mark.parametrize("way", AWAY)
async def test_a_document_is_not_given_away(mine: Order, way: str) -> None:
    """No write makes of a document what its author may not have, and nothing of a refused change is stored."""
    raw = Order.get_pymongo_collection()
    with acting(NORTH), pytest.raises(PermissionDeniedError) as refused:
        await AWAY[way](raw, mine)
    assert set(refused.value.fields) <= {"region", "status"}
    assert refused.value.fields
    with system_context():
        kept = await Order.get(mine.id)
    assert kept is not None
    assert (kept.code, kept.region, kept.status, kept.revision) == ("north", "north", "draft", 1)


async def test_of_many_the_refused_ones_are_told(mine: Order) -> None:
    """Where many documents are changed one by one, as by an undo, those that are refused do not stop the others."""
    raw: Any = Order.get_pymongo_collection()
    with acting(NORTH):
        second = await Order(code="second").insert()
        outcomes = await raw.change_each(
            [
                ({"_id": mine.id, "revision": 1}, {"$set": {"region": "south"}}),
                ({"_id": second.id, "revision": 1}, {"$set": {"region": "north", "amount": 5}}),
            ]
        )
        assert outcomes == ["You may not change this to what you have entered.", None]
        stored = {order.code: (order.region, order.amount) for order in await Order.find_all().to_list()}
    assert stored == {"north": ("north", 0), "second": ("north", 5)}


async def test_saving_is_checked(mine: Order) -> None:
    """A document that is saved whole, or in part, is refused where its author would lose it."""
    for way in ("save", "replace"):
        with acting(NORTH):
            order = await Order.get(mine.id)
            assert order is not None
            order.region = "south"
            with pytest.raises(PermissionDeniedError, match="what this change would make of a"):
                await getattr(order, way)()
            order.region, order.amount = "north", order.amount + 1
            await getattr(order, way)()
    with system_context():
        kept = await Order.get(mine.id)
    assert kept is not None
    assert (kept.region, kept.amount) == ("north", 2)


async def test_what_the_rules_grant_is_written(mine: Order) -> None:
    """A change between states that are both granted passes, for users with several roles, permissions, and the system."""
    raw = Order.get_pymongo_collection()
    with acting(SOUTH):
        own = await Order(code="south", region="south").insert()
        assert (await raw.update_one({"_id": own.id}, {"$set": {"region": "east"}})).modified_count == 1
        await raw.bulk_write([UpdateOne({"_id": own.id}, {"$set": {"region": "south"}})])
        assert (await raw.update_many({}, {"$set": {"region": "east"}})).modified_count == 1
    for user in (CLERK, BOSS, ROOT):
        with acting(user):
            assert (await raw.update_one({"_id": mine.id}, {"$set": {"region": user.username}})).modified_count == 1
            assert (await raw.update_one({"_id": mine.id}, [{"$set": {"region": "$code"}}])).modified_count in {0, 1}
    with system_context():
        assert (await raw.update_many({}, {"$set": {"region": "north", "status": "sent"}})).modified_count == 2
        kept = await Order.get(own.id)
    assert kept is not None
    assert kept.region == "north"


async def test_foreign_documents_stay_unknown(mine: Order) -> None:
    """The check tells nothing of documents that the acting user does not see: a change of them meets nothing."""
    raw = Order.get_pymongo_collection()
    with acting(SOUTH):
        for update in ({"$set": {"region": "south"}}, {"$set": {"region": "west"}}, [{"$set": {"region": "$code"}}]):
            assert (await raw.update_one({"_id": mine.id}, update)).matched_count == 0
            assert (await raw.update_many({}, update)).matched_count == 0


async def test_a_deleted_document_is_not_restored_into_foreign_hands(mine: Order) -> None:
    """What comes along with a restoration is checked as any other change."""
    raw: Any = Order.get_pymongo_collection()
    with acting(NORTH):
        await mine.delete()
        row = (await raw.find_deleted({"_id": mine.id}))[0]
        with pytest.raises(PermissionDeniedError):
            await raw.restore_each([Restoration(row, {"$set": {"region": "south"}})])
        assert await Order.find_all().count() == 0
        applied = await raw.restore_each([Restoration(row, {"$set": {"region": "north"}})])
        assert not applied.missed
        assert await Order.find_all().count() == 1


async def test_an_upsert_that_would_have_to_be_checked_is_refused(mine: Order) -> None:
    """Conditions of the check must not go into a new document."""
    raw = Order.get_pymongo_collection()
    with acting(NORTH), pytest.raises(GuardRefusalError, match="upsert"):
        await raw.update_one({"_id": mine.id}, {"$set": {"region": "south"}}, upsert=True)


@given(
    st.lists(conditions, min_size=1, max_size=3), documents, documents, st.sampled_from(USERS), st.booleans()
)  # fmt: skip
@settings(max_examples=150)
def test_what_remains_says_what_the_result_says(
    wheres: list[Any],
    stored: dict[str, Any],
    given_values: dict[str, Any],
    user: Principal,
    unset: bool,  # noqa: FBT001
) -> None:
    """What remains for the stored document holds exactly where the rules grant the changed one."""
    rules = RuleSet([Rule("read", "write", where=where) for where in wheres])
    changed: dict[str, Any] = dict.fromkeys(given_values, MISSING) if unset else given_values
    after = {name: value for name, value in {**stored, **changed}.items() if value is not MISSING}
    left = remaining(rules, user, changed)
    holds = left is not None and (left == {} or Rule("read", where=left).check(user, stored))
    assert holds is (rules.granting(user, "write", after) is not None)
    hidden = remaining(rules, user, dict.fromkeys(given_values, UNKNOWN))
    if hidden is not None and (hidden == {} or Rule("read", where=hidden).check(user, stored)):
        # Granted whatever the unknown values are.
        assert rules.granting(user, "write", after) is not None
