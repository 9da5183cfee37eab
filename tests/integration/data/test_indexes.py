"""What the guard asks is served by indexes, and indexes find everything."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from beanie import PydanticObjectId
from bson import ObjectId
from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from tests.integration.data import models
from tests.integration.data.library import describe
from tests.integration.data.models import Note, Page, Tag
from tests.tripwire import Tripwire
from webos.data.connection import Connection
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.guard import GuardedDatabase
from webos.data.guard.indexes import guard_indexes
from webos.data.initializer import initialize_models
from webos.data.policy import CollectionPolicy
from webos.data.server_traits import ServerTraits
from webos.kernel.context import Principal, acting_as

Shape = Callable[[type[Note], Note], Awaitable[object]]


async def _bulk(it: Note) -> None:
    async with type(it).bulk_writer() as writer:
        await it.replace(bulk_writer=writer)


SHAPES: dict[str, Shape] = {
    "get": lambda model, it: model.get(it.id),
    "get with links": lambda model, it: model.get(it.id, fetch_links=True),
    "some by id": lambda model, it: model.find({"_id": {"$in": [it.id, PydanticObjectId()]}}).to_list(),
    "window": lambda model, it: model.find({"_id": {"$gte": it.id, "$lte": it.id}}).to_list(),
    "by unique value": lambda model, it: model.find_one(model.code == it.code),
    "by unique value, with links": lambda model, it: model.find(model.code == it.code, fetch_links=True).to_list(),
    "by value": lambda model, it: model.find(model.rank == it.rank).to_list(),
    "by range": lambda model, it: model.find(model.rank >= it.rank, model.rank <= it.rank).to_list(),
    "count": lambda model, it: model.find(model.rank == it.rank).count(),
    "exists": lambda model, it: model.find(model.code == it.code).exists(),
    "save": lambda _, it: it.save(),
    "set": lambda _, it: it.set({"title": "x"}),
    "replace": lambda _, it: it.replace(),
    "bulk": lambda _, it: _bulk(it),
    "find one and set": lambda model, it: model.find_one(model.code == it.code).set({"title": "y"}),
    "find and set": lambda model, it: model.find(model.rank == it.rank).set({"title": "z"}),
    "delete": lambda _, it: it.delete(ignore_revision=True),
}


async def _fill(model: type[Note], count: int, owners: list[Principal]) -> Note:
    """Store many documents of several owners in one go, and return one of the first owner's."""
    tag = await Tag(word="red").insert()
    for owner in owners:
        with acting_as(owner):
            made = (
                model(code=f"{owner.username} {number}", rank=number, main_tag=tag, tags=[tag])
                for number in range(count // len(owners))
            )
            await model.insert_missing(made)
    with acting_as(owners[0]):
        found = await model.find_one(model.code == f"{owners[0].username} {count // len(owners) // 2}")
    assert found is not None
    return found


async def _stage(mongo: Connection, collection: str, query: Any) -> str:
    """Return how the server finds what a filter matches."""
    command = {"explain": {"find": collection, "filter": query}, "verbosity": "queryPlanner"}
    answer = await mongo.raw.command(command, codec_options=mongo.raw.codec_options)
    return str(answer["queryPlanner"]["winningPlan"])


@pytest.mark.parametrize("model", [Note, Page])
@pytest.mark.parametrize("as_root", [False, True])
async def test_every_guarded_shape_uses_an_index(
    tripwire: Tripwire,
    library: GuardedDatabase,
    mongo: Connection,
    anna: Principal,
    root: Principal,
    *,
    model: Any,
    as_root: bool,
) -> None:
    """No filter that the guard sends for reads and writes by id or by an indexed value scans the collection."""
    del library
    with acting_as(anna):
        it = await _fill(model, 200, [anna])
    with acting_as(root if as_root else anna):
        for name, shape in SHAPES.items():
            tripwire.filters.clear()
            await shape(model, it)
            plans = {
                str(query): await _stage(mongo, collection, query)
                for collection, query in tripwire.filters
                if collection == model.get_collection_name()
            }
            assert plans, name
            assert {query: plan for query, plan in plans.items() if "COLLSCAN" in plan} == {}, name
    assert "COLLSCAN" in await _stage(mongo, model.get_collection_name(), {"title": "x", "deleted_at": None})


async def test_no_guarded_shape_gets_slow_on_many_documents(
    library: GuardedDatabase, mongo: Connection, anna: Principal, bert: Principal
) -> None:
    """Among 50,000 documents each shape takes a small part of the time that one look at all of them takes."""
    raw = mongo.raw[library["library.Note"].name]
    for start in range(0, 50_000, 5_000):
        stamps = {"created_at": None, "updated_at": None, "deleted_at": None, "revision": 1}
        owners = (anna.id, bert.id)
        rows = [
            {"code": f"n{n}", "rank": n, "created_by": owners[n % 2], **stamps} for n in range(start, start + 5_000)
        ]
        await raw.insert_many(rows, ordered=False)

    async def fastest(work: Callable[[], Awaitable[object]]) -> float:
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            await work()
            times.append(time.perf_counter() - begun)
        return min(times)

    took = {}
    scan = await fastest(lambda: raw.find({"title": "no index on this"}).to_list())
    with acting_as(anna):
        notes: list[Any] = await Note.find(Note.rank >= 500, Note.rank <= 510).to_list()
        board = await models.Board(name="all", note=notes[0], notes=notes).insert()
        took["links into it"] = await fastest(lambda: models.Board.get(board.id, fetch_links=True))
        for name, shape in SHAPES.items():
            it = await Note.find_one(Note.code == "n25000")
            if it is not None and name != "delete":
                took[name] = await fastest(partial(shape, Note, it))
    assert len(took) == len(SHAPES)
    assert len(notes) == 6
    assert {name: f"{seconds * 1000:.1f} ms" for name, seconds in took.items() if seconds > scan / 2} == {}, scan


@pytest.mark.parametrize("base", [CoreDocument, OwnedDocument])
@pytest.mark.parametrize("as_root", [False, True])
async def test_conditions_on_the_inner_keys_of_an_index_lose_nothing(
    database: GuardedDatabase, traits: ServerTraits, anna: Principal, root: Principal, *, base: Any, as_root: bool
) -> None:
    """With indexes of several keys, ranges on any of them find every document, as on a collection without."""

    class Sale(base):  # type: ignore[misc]
        region: str
        year: int
        amount: int
        shop: int
        day: int
        number: int

        class Settings:
            indexes: ClassVar[list[Any]] = [
                [("region", 1), ("year", 1), ("amount", 1)],
                [("year", 1), ("amount", -1)],
                [("amount", -1), ("region", 1)],
                [("deleted_at", 1), ("number", 1), ("shop", 1)],
                IndexModel([("shop", 1), ("day", 1), ("number", 1)], unique=True),
            ]

    await initialize_models(database, describe("sales", Sale), major_version=traits.major_version)
    rows = [
        {"region": f"r{n % 3}", "year": 2000 + n % 7, "amount": n % 11, "shop": n % 2, "day": n // 2 % 20, "number": n}
        for n in range(400)
    ]
    with acting_as(anna):
        await Sale.insert_many([Sale(**row) for row in rows])
    with acting_as(root if as_root else anna):
        for low in ("$gt", "$gte"):
            for high in ("$lt", "$lte"):
                for query in (
                    {"region": {low: "r0", high: "r1"}},
                    {"region": "r1", "year": {low: 2001, high: 2004}},
                    {"region": "r1", "year": 2003, "amount": {low: 2, high: 7}},
                    {"year": {low: 2001, high: 2004}},
                    {"year": 2003, "amount": {low: 2, high: 7}},
                    {"amount": {low: 2, high: 7}},
                    {"amount": 5, "region": {low: "r0", high: "r1"}},
                    {"created_by": {low: anna.id}, "amount": {high: 9}},
                    {"shop": {low: 0, high: 1}},
                    {"created_by": {low: anna.id, high: anna.id}},
                    {"number": {low: 9, high: 89}},
                    {"shop": 1, "day": {low: 3, high: 7}},
                    {"shop": 1, "day": 4, "number": {low: 9, high: 89}},
                    {"$and": [{"shop": 1}, {"day": {low: 3}}, {"day": {high: 7}}]},
                ):
                    expected = sum(_holds(row, anna, query) for row in rows)
                    assert await Sale.find(query).count() == expected, query
                    assert len(await Sale.find(query).to_list()) == expected, query


def _holds(row: dict[str, Any], owner: Principal, query: dict[str, Any]) -> bool:
    for name, test in query.items():
        if name == "$and":
            if not all(_holds(row, owner, part) for part in test):
                return False
            continue
        value = owner.id if name == "created_by" else row[name]
        compare = {"$gt": value.__gt__, "$gte": value.__ge__, "$lt": value.__lt__, "$lte": value.__le__}
        tests = test if isinstance(test, dict) else {"$gte": test, "$lte": test}
        if not all(compare[operator](operand) for operator, operand in tests.items()):
            return False
    return True


async def test_sparse_and_partial_unique_indexes_keep_their_meaning(
    database: GuardedDatabase, traits: ServerTraits, mongo: Connection, anna: Principal
) -> None:
    """Unique where present means that among live documents; several without the value may exist."""

    class Person(CoreDocument):
        name: str

        class Settings:
            keep_nulls = False
            indexes: ClassVar[list[Any]] = [IndexModel("email", unique=True, sparse=True, name="email")]

    await initialize_models(database, describe("people", Person), major_version=traits.major_version)
    raw = Person.get_pymongo_collection()
    with acting_as(anna):
        await raw.insert_many([{"name": "a"}, {"name": "b"}])
        await raw.insert_one({"name": "c", "email": "x@example.org"})
        with pytest.raises(DuplicateKeyError):
            await raw.insert_one({"name": "d", "email": "x@example.org"})
        await raw.delete_one({"name": "c"})
        await raw.insert_one({"name": "d", "email": "x@example.org"})
    index = (await mongo.raw["people.Person"].index_information())["unique_email"]
    assert index["partialFilterExpression"] == {"email": {"$exists": True}, "deleted_at": None}


SPECIAL = [
    IndexModel([("place", "2dsphere")]),
    IndexModel([("words", "text")]),
    IndexModel([("code", "hashed")]),
    IndexModel([("seen_at", 1)], expireAfterSeconds=60),
    IndexModel([("$**", 1)]),
    IndexModel([("deleted_at", 1), ("code", 1)]),
]


@pytest.mark.parametrize("strict", [False, True])
def test_indexes_that_cannot_be_combined_stay_as_they_are(*, strict: bool) -> None:
    """Indexes of special kinds, and those that begin with the deletion mark already, are created as declared."""
    policy = CollectionPolicy("zoo.Animal", "zoo.Animal", owned=True)
    assert guard_indexes(policy, SPECIAL, strict=strict) == SPECIAL
    owned = guard_indexes(policy, [IndexModel([("a", 1), ("b", -1)], unique=True)], strict=False)
    documents = {each.document["name"]: each.document for each in owned}
    assert {name: list(each["key"]) for name, each in documents.items()} == {
        "unique_a_1_b_-1": ["a", "b"],
        "owner_a_1_b_-1": ["created_by", "deleted_at", "a", "b"],
    }
    assert [each.get("unique") for each in documents.values()] == [True, None]


async def test_a_unique_index_is_one_for_all_owners(library: GuardedDatabase, anna: Principal, bert: Principal) -> None:
    """A value of one owner is taken for the others as well, and each finds his own by it."""
    del library
    with acting_as(anna):
        await Note(code="mine").insert()
    with acting_as(bert):
        assert await Note.find(Note.code == "mine").count() == 0
        with pytest.raises(DuplicateKeyError):
            await Note.get_pymongo_collection().insert_one({"code": "mine", "_id": ObjectId(), "created_by": uuid4()})
