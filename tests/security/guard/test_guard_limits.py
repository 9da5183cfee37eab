"""Attacks on row rules, field permissions and granted reads: what runs later, as somebody else, or by other ways."""

import asyncio
from typing import Any

import pytest
from pymongo import ReturnDocument, UpdateOne

from tests.integration.rules.office import BOSS, NORTH, PAYER, ROOT, SOUTH, Desk, Memo, Order, Person, acting, office
from tests.tripwire import Tripwire
from webos.data.guard import GuardedDatabase
from webos.data.guard.grant_scope import granted_read
from webos.data.guard.queries import restriction
from webos.data.guard.refusal import GuardRefusalError
from webos.data.scope import system_context
from webos.kernel.errors import PermissionDeniedError

__all__ = ["office"]


@pytest.fixture
async def stored(office: GuardedDatabase) -> Order:
    """Return an order of the south, beside one of the north; nobody acts yet."""
    del office
    with acting(NORTH):
        await Order(code="north", region="north").insert()
    with acting(SOUTH):
        return await Order(code="south", region="south").insert()


async def test_a_query_is_asked_as_whoever_runs_it(stored: Order) -> None:
    """Neither a query nor a cursor that was built by one user shows his rows, or his fields, to another."""
    with system_context():
        await Person(name="ada", salary=87654321).insert()
    raw = Order.get_pymongo_collection()
    with acting(SOUTH):
        query, cursor, opened = Order.find_all(), raw.find({"_id": stored.id}), raw.find()
        await anext(opened)
    with acting(BOSS):
        salaries = Person.get_pymongo_collection().find({}, {"salary": 1})
    with acting(NORTH):
        assert [order.code for order in await query.to_list()] == ["north"]
        assert await cursor.to_list() == []
        with pytest.raises(GuardRefusalError):
            await anext(opened)
        assert [row.keys() for row in await salaries.to_list()] == [{"_id"}]


async def test_a_task_acts_as_who_started_it(stored: Order) -> None:
    """What runs beside others keeps its own user: rules are asked of the context, not of the process."""
    del stored

    async def codes() -> list[str]:
        await asyncio.sleep(0)
        return [order.code for order in await Order.find_all().to_list()]

    with acting(NORTH):
        north = asyncio.create_task(codes())
    with acting(SOUTH):
        south = asyncio.create_task(codes())
    with acting(ROOT):
        everything = asyncio.create_task(codes())
    assert (await north, await south) == (["north"], ["south"])
    assert sorted(await everything) == ["north", "south"]


async def test_a_document_is_not_drawn_over_to_oneself(stored: Order) -> None:
    """No write reaches a foreign document by naming the fields of the rules, nor an author by writing the stamp."""
    raw = Order.get_pymongo_collection()
    with acting(NORTH):
        for query in ({"_id": stored.id}, {"region": "south"}, {"$or": [{"region": "south"}]}, {}):
            await raw.update_many(query, {"$set": {"region": "north"}})
        assert await raw.find_one_and_update({"_id": stored.id}, {"$set": {"region": "north"}}) is None
        changed = await raw.bulk_write(
            [UpdateOne({"_id": stored.id, "region": "south"}, {"$set": {"region": "north"}})]
        )
        assert changed.matched_count == 0
        with pytest.raises(GuardRefusalError):
            await raw.update_many({}, {"$set": {"created_by": NORTH.id}})
        with pytest.raises(GuardRefusalError):
            await raw.update_many({}, [{"$set": {"created_by": NORTH.id}}])
        assert await Order.find_all().count() == 1
    with acting(SOUTH):
        kept = await Order.get(stored.id)
        assert kept is not None
        assert (kept.region, kept.created_by) == ("south", SOUTH.id)


async def test_the_answer_to_a_change_shows_nothing_hidden(office: GuardedDatabase) -> None:
    """What a change returns, before or after it and however projected, has no hidden field."""
    del office
    with system_context():
        await Person(name="ada", salary=87654321).insert()
    raw: Any = Person.get_pymongo_collection()
    with acting(NORTH):
        answers = [
            await raw.find_one_and_update({}, {"$set": {"tags": ["a"]}}, return_document=ReturnDocument.AFTER),
            await raw.find_one_and_update({}, {"$set": {"tags": ["b"]}}, projection={"salary": 1}),
            await raw.find_one_and_update({}, {"$set": {"tags": ["c"]}}, projection={"name": 0}),
            await raw.find_one_and_replace({}, {"name": "new"}),
            await raw.find_one_and_delete({}),
        ]
        assert all(answers)
        assert "87654321" not in repr(answers)
        assert "87654321" not in repr(await raw.find_deleted())
        with pytest.raises(PermissionDeniedError):
            await raw.find_one_and_update({}, {"$set": {"tags": ["c"]}}, sort=[("salary", 1)])
        with pytest.raises(PermissionDeniedError):
            await raw.find_one_and_update({}, {"$set": {"tags": ["c"]}}, projection={"x": "$salary"})
    with acting(BOSS):
        assert "87654321" in repr(await raw.find_deleted())


async def test_no_join_shows_a_hidden_field(office: GuardedDatabase) -> None:
    """Fields are hidden in joined documents, in all forms of a join and whatever stands behind it."""
    del office
    with system_context():
        ada = await Person(name="ada", salary=87654321).insert()
        await Desk(name="desk", person=ada, people=[ada]).insert()
    people = Person.get_collection_name()
    joins: list[list[dict[str, Any]]] = [
        [{"$lookup": {"from": people, "localField": "person.$id", "foreignField": "_id", "as": "x"}}],
        [{"$lookup": {"from": people, "pipeline": [], "as": "x"}}],
        [{"$lookup": {"from": people, "localField": "person.$id", "foreignField": "_id", "as": "x.y"}}],
        [{"$lookup": {"from": people, "let": {"n": "$name"}, "pipeline": [{"$project": {"z": "$$ROOT"}}], "as": "x"}}],
        [{"$unionWith": people}],
        [{"$unionWith": {"coll": people, "pipeline": [{"$project": {"z": "$salary", "salary": 1}}]}}],
        [{"$facet": {"x": [{"$unionWith": people}]}}],
        [
            {
                "$graphLookup": {
                    "from": people, "startWith": "ada", "connectFromField": "name", "connectToField": "name", "as": "x",
                }
            },
            {"$project": {"z": {"$objectToArray": {"$first": "$x"}}}},
        ],
    ]  # fmt: skip
    for pipeline in joins:
        shown: dict[str, str] = {}
        for user in (NORTH, PAYER):
            with acting(user):
                try:
                    shown[user.username] = repr(await Desk.aggregate(pipeline).to_list())
                except PermissionDeniedError:
                    shown[user.username] = "refused"
        assert "87654321" not in shown["nora"], pipeline
        assert "87654321" in shown["payer"], pipeline


async def test_a_granted_read_widens_nothing(stored: Order, tripwire: Tripwire) -> None:
    """Inside of a granted read the rules of the user hold as well, and a system context inside opens no write."""
    raw = Order.get_pymongo_collection()
    scope = ("x.X", "office.Order", "office.Order", frozenset({"_id", "code"}), ("code",))
    with acting(NORTH), granted_read(*scope):
        assert [row["code"] for row in await raw.find().to_list()] == ["north"]
        assert [row.keys() for row in await raw.find({}, {"region": 1, "code": 1}).to_list()] == [{"_id", "code"}]
        with system_context():
            assert await raw.count_documents({}) == 2
            assert [row.keys() for row in await raw.find().to_list()] == [{"_id", "code"}] * 2
            with pytest.raises(GuardRefusalError):
                await raw.update_one({}, {"$set": {"code": "x"}})
            with pytest.raises(GuardRefusalError):
                await raw.insert_one({"code": "x"})
            with pytest.raises(GuardRefusalError):
                await Memo.count()
    assert stored.code == "south"
    assert tripwire.seen > 0


async def test_the_tripwire_finds_what_lacks_a_rule(office: GuardedDatabase) -> None:
    """The tripwire itself knows row rules and hidden fields: it names a command without them."""
    policy = office.policy("office.Order")
    person = office.policy("office.Person")
    wire = Tripwire(every_caller=True)
    wire.guarded = {("db", "office.Order"): policy, ("db", "office.Person"): person}
    with acting(NORTH):
        rules = restriction(policy)
        wire.watch("find", {"find": "office.Order", "$db": "db", "filter": rules}, "guard")
        wire.watch("find", {"find": "office.Order", "$db": "db", "filter": {"$and": [{"a": 1}], **rules}}, "guard")
        wire.watch(
            "find",
            {"find": "office.Person", "$db": "db", "filter": {"deleted_at": None}, "projection": {"name": 1}},
            "guard",
        )
        assert wire.trips == []
        bad: list[dict[str, Any]] = [
            {"find": "office.Order", "filter": {"deleted_at": None}},
            {"find": "office.Order", "filter": {"deleted_at": None, "region": "north"}},
            {"count": "office.Order", "query": {}},
            {"aggregate": "office.Order", "pipeline": [{"$match": {"deleted_at": None}}]},
            {"aggregate": "office.Person", "pipeline": [{"$match": {"deleted_at": None}}]},
            {"find": "office.Person", "filter": {"deleted_at": None}},
            {"find": "office.Person", "filter": {"deleted_at": None}, "projection": {"salary": 1}},
            {"delete": "office.Order", "deletes": [{"q": rules}]},
        ]
        for command in bad:
            wire.trips.clear()
            wire.watch(next(iter(command)), {**command, "$db": "db"}, "guard")
            assert wire.trips, command
