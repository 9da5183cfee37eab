"""Row rules on every path: what no rule grants is neither seen nor changed."""

import pytest
from beanie import BulkWriter
from pymongo import DeleteOne, InsertOne, UpdateOne

from tests.integration.rules.office import (
    CLERK,
    NORTH,
    PAYER,
    ROOT,
    SOUTH,
    VISITOR,
    Desk,
    Memo,
    Order,
    Poster,
    acting,
)
from webos.data.guard import GuardedDatabase
from webos.data.guard.refusal import GuardRefusalError
from webos.data.scope import system_context
from webos.kernel.errors import NotFoundError, NotSignedInError, PermissionDeniedError


@pytest.fixture
async def orders(office: GuardedDatabase) -> dict[str, Order]:
    """Return orders of both regions: a draft and a sent one of each."""
    del office
    made: dict[str, Order] = {}
    for user, region in ((NORTH, "north"), (SOUTH, "south")):
        with acting(user):
            for status in ("draft", "sent"):
                code = f"{region} {status}"
                made[code] = await Order(code=code, region=region, status=status, amount=1).insert()
    return made


async def _codes() -> set[str]:
    return {order.code for order in await Order.find_all().to_list()}


async def test_each_sees_what_a_rule_grants(orders: dict[str, Order]) -> None:
    """A region is seen by its people, everything with the permission and by superusers, nothing by others."""
    with acting(NORTH):
        assert await _codes() == {"north draft", "north sent"}
    with acting(SOUTH):
        assert await _codes() == {"south draft", "south sent"}
    for user in (CLERK, ROOT):
        with acting(user):
            assert await _codes() == orders.keys()
    with acting(PAYER):
        assert await _codes() == set()
        assert await Order.count() == 0
    with system_context():
        assert await _codes() == orders.keys()
    with acting(VISITOR), pytest.raises(NotSignedInError):
        await _codes()


async def test_no_filter_gets_round_the_rules(orders: dict[str, Order]) -> None:
    """Conditions on the fields of the rules, joined in any way, narrow what the rules grant and never widen it."""
    hidden = orders["south draft"]
    with acting(NORTH):
        for query in (
            {"region": "south"},
            {"region": {"$in": ["south", "north"]}, "code": "south draft"},
            {"$or": [{"region": "south"}, {"code": "south draft"}]},
            {"$and": [{"region": "south"}]},
            {"$nor": [{"region": "north"}]},
            {"_id": hidden.id},
            {"$expr": {"$eq": ["$region", "south"]}},
        ):
            assert await Order.find(query).to_list() == [], query
            assert await Order.find(query).count() == 0
            assert await Order.find_one(query) is None
        assert await Order.get(hidden.id) is None
        assert await Order.distinct("region") == ["north"]
        assert await Order.find({"region": {"$in": ["south", "north"]}}).sum("amount") == 2
        assert await Order.find({"region": "north", "$or": [{"status": "sent"}]}).count() == 1
        assert await Order.aggregate([{"$group": {"_id": "$region"}}]).to_list() == [{"_id": "north"}]


async def test_joins_obey_the_rules_of_the_joined_collection(orders: dict[str, Order]) -> None:
    """No form of a join, and no link, shows an order of another region."""
    with system_context():
        every = list(orders.values())
        desk = await Desk(name="all", order=orders["south sent"], orders=every).insert()
    with acting(NORTH):
        found = await Desk.find_one(Desk.id == desk.id, fetch_links=True)
        assert found is not None
        assert {each.code for each in found.orders if isinstance(each, Order)} == {"north draft", "north sent"}
        assert not isinstance(found.order, Order)
        plain = await Desk.get(desk.id)
        assert plain is not None
        assert plain.order is not None
        assert not isinstance(await plain.order.fetch(), Order)
        collection = Order.get_collection_name()
        own = {"$lookup": {"from": collection, "localField": "ids", "foreignField": "_id", "as": "seen"}}
        ids = {"$addFields": {"ids": {"$map": {"input": "$orders", "as": "link", "in": "$$link.$id"}}}}
        for lookup in (
            [ids, own],
            [ids, {"$lookup": {**own["$lookup"], "pipeline": [{"$sort": {"code": 1}}]}}],
            [{"$lookup": {"from": collection, "pipeline": [], "as": "seen"}}],
            [{"$lookup": {"from": collection, "let": {"x": "$name"}, "pipeline": [{"$match": {}}], "as": "seen"}}],
            [
                {
                    "$graphLookup": {
                        "from": collection,
                        "startWith": "draft",
                        "connectFromField": "code",
                        "connectToField": "status",
                        "as": "seen",
                    }
                }
            ],
        ):
            rows = await Desk.aggregate(lookup).to_list()
            assert {each["region"] for each in rows[0]["seen"]} == {"north"}, lookup
        union = await Desk.aggregate([{"$unionWith": collection}, {"$match": {"region": {"$exists": True}}}]).to_list()
        assert {each["region"] for each in union} == {"north"}


async def test_only_what_a_rule_for_writing_grants_is_changed(orders: dict[str, Order]) -> None:
    """A user changes his own drafts; what he only sees is refused in words, what he does not see is not there."""
    with acting(NORTH):
        mine = orders["north draft"]
        mine.amount = 5
        await mine.save()
        await mine.set({"amount": 6})
        sent = await Order.get(orders["north sent"].id)
        assert sent is not None
        sent.amount = 9
        for attempt in (sent.save(), sent.set({"amount": 9}), sent.delete(), sent.replace()):
            with pytest.raises(PermissionDeniedError, match="no rule grants nora to change"):
                await attempt
        foreign = orders["south draft"]
        foreign.amount = 9
        for attempt in (foreign.save(), foreign.set({"amount": 9}), foreign.delete(), foreign.replace()):
            with pytest.raises(NotFoundError):
                await attempt
    with acting(ROOT):
        amounts = {order.code: order.amount for order in await Order.find_all().to_list()}
    assert amounts == {"north draft": 6, "north sent": 1, "south draft": 1, "south sent": 1}


async def test_changes_of_many_reach_only_what_may_be_changed(orders: dict[str, Order]) -> None:
    """Updates and deletes of many, alone and in bulk, pass over what the rules for writing do not grant."""
    raw = Order.get_pymongo_collection()
    every = [order.id for order in orders.values()]
    with acting(SOUTH):
        assert (await raw.update_many({}, {"$set": {"amount": 2}})).modified_count == 1
        assert (await raw.update_one({"code": "south sent"}, {"$set": {"amount": 2}})).matched_count == 0
        assert await raw.find_one_and_update({"code": "south sent"}, {"$set": {"amount": 2}}) is None
        assert await raw.find_one_and_delete({"code": "south sent"}) is None
        result = await raw.bulk_write([UpdateOne({"_id": each}, {"$set": {"amount": 3}}) for each in every])
        assert result.matched_count == 1
        assert (await raw.bulk_write([DeleteOne({"_id": each}) for each in every])).deleted_count == 1
        assert (await raw.delete_many({})).deleted_count == 0
        async with BulkWriter() as writer:
            await Order.find({"code": "south sent"}, bulk_writer=writer).update(
                {"$set": {"amount": 4}}, bulk_writer=writer
            )
    with acting(ROOT):
        left = {order.code: order.amount for order in await Order.find_all().to_list()}
    assert left == {"north draft": 1, "north sent": 1, "south sent": 1}


async def test_a_deleted_document_is_found_again_only_by_who_may_change_it(orders: dict[str, Order]) -> None:
    """What a user sees and may not change he does not find among the deleted ones."""
    with system_context():
        for order in orders.values():
            await order.delete()
    raw: object = Order.get_pymongo_collection()
    with acting(NORTH):
        assert [row["code"] for row in await raw.find_deleted()] == ["north draft"]  # type: ignore[attr-defined]


async def test_new_documents_have_to_be_granted(orders: dict[str, Order]) -> None:
    """A document that no rule for creating grants is refused on every path, before anything is stored."""
    del orders
    raw = Order.get_pymongo_collection()
    with acting(NORTH):
        for attempt in (
            lambda: Order(code="x", region="south").insert(),
            lambda: Order(code="x", region="south").save(),
            lambda: Order.insert_many([Order(code="ok"), Order(code="x", region="south")]),
            lambda: Order.insert_missing([Order(code="x", region="south")]),
            lambda: raw.insert_one({"code": "x", "region": "south"}),
            lambda: raw.insert_one({"code": "x"}),
            lambda: raw.bulk_write([InsertOne({"code": "x", "region": "south"})]),
        ):
            with pytest.raises(PermissionDeniedError, match="no rule grants nora to create"):
                await attempt()
        with pytest.raises(GuardRefusalError, match="upsert"):
            await raw.update_one({"code": "x"}, {"$set": {"region": "south"}}, upsert=True)
        await Order(code="free", region="free").insert()
        await Order(code="north too", region="north").insert()
    with acting(ROOT):
        await Order(code="root", region="west").insert()
        assert {order.code for order in await Order.find({"code": {"$in": ["x", "ok"]}}).to_list()} == set()


async def test_an_owner_shares_by_a_further_rule(office: GuardedDatabase) -> None:
    """The rule of the owner is one among others: a shared memo is read by all and changed by its owner alone."""
    del office
    with acting(NORTH):
        shared = await Memo(text="shared", shared=True).insert()
        await Memo(text="private").insert()
    with acting(SOUTH):
        assert [memo.text for memo in await Memo.find_all().to_list()] == ["shared"]
        shared.text = "mine now"
        with pytest.raises(PermissionDeniedError):
            await shared.save()
        assert await Memo.find_all().count() == 1
    with acting(NORTH):
        assert await Memo.find_all().count() == 2
        await shared.save()
    with acting(VISITOR), pytest.raises(NotSignedInError):
        await Memo.find_all().to_list()


async def test_visitors_see_what_a_rule_is_for(office: GuardedDatabase) -> None:
    """A rule for visitors opens what it says to them, and nothing to change."""
    del office
    with acting(NORTH):
        await Poster(text="hangs", hangs=True).insert()
        hidden = await Poster(text="in the drawer").insert()
        assert await Poster.count() == 2
    with acting(VISITOR):
        assert [poster.text for poster in await Poster.find_all().to_list()] == ["hangs"]
        with pytest.raises(NotSignedInError):
            await hidden.set({"hangs": True})
