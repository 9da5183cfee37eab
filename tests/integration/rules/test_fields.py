"""Fields with a permission: hidden in every result, refused in every question, neither written nor erased by others."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import bson
import pytest
from pydantic import BaseModel
from pymongo import InsertOne, ReplaceOne, UpdateOne

from tests.integration.rules.office import BOSS, NORTH, PAYER, ROOT, Desk, Person, acting
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.scope import system_context
from webos.kernel.errors import PermissionDeniedError

STORED = {"salary": 87654321, "bonus": Decimal(7), "grade": "b", "history": [{"salary": 98765432}]}
HIDDEN = {"salary", "bonus", "history"}


@pytest.fixture
async def person(office: GuardedDatabase) -> Person:
    """Return somebody who is stored with a salary."""
    del office
    with system_context():
        ada = await Person(name="ada", tags=["x"], **STORED).insert()
        await Desk(name="desk", person=ada, people=[ada]).insert()
    return ada


Raw = Any
READS: dict[str, Callable[[Raw, Any], Any]] = {
    "find": lambda raw, _: raw.find().to_list(),
    "projected": lambda raw, _: raw.find({}, {"name": 1, "salary": 1, "bonus": 1}).to_list(),
    "named": lambda raw, _: raw.find({}, ["name", "salary"]).to_list(),
    "hidden ones alone": lambda raw, _: raw.find({}, {"salary": 1, "history.salary": 1}).to_list(),
    "hidden ones alone, without id": lambda raw, _: raw.find({}, {"salary": 1, "_id": 0}).to_list(),
    "all but one": lambda raw, _: raw.find({}, {"name": 0}).to_list(),
    "all but hidden ones": lambda raw, _: raw.find({}, {"salary": 0, "history.salary": 0}).to_list(),
    "without id": lambda raw, _: raw.find({}, {"_id": 0}).to_list(),
    "id alone": lambda raw, _: raw.find({}, {"_id": 1}).to_list(),
    "slice": lambda raw, _: raw.find({}, {"tags": {"$slice": 1}}).to_list(),
    "slice of a hidden one": lambda raw, _: raw.find({}, {"history": {"$slice": 1}}).to_list(),
    "elements": lambda raw, _: raw.find({}, {"tags": {"$elemMatch": {"$eq": "x"}}}).to_list(),
    "elements of a hidden one": lambda raw, _: raw.find(
        {}, {"history": {"$elemMatch": {"salary": 98765432}}}
    ).to_list(),
    "computed": lambda raw, _: raw.find({}, {"x": {"$toUpper": "$name"}}).to_list(),
    "computed beside": lambda raw, _: raw.find({}, {"x": {"$toUpper": "$name"}, "name": 1, "salary": 1}).to_list(),
    "find one": lambda raw, _: raw.find_one(),
    "by id": lambda raw, it: raw.find_one(it.id, {"salary": 1}),
    "aggregate": lambda raw, _: _all(raw.aggregate([])),
    "aggregate everything": lambda raw, _: _all(raw.aggregate([{"$project": {"x": "$$ROOT"}}])),
    "pushed": lambda raw, _: _all(raw.aggregate([{"$group": {"_id": None, "x": {"$push": "$$ROOT"}}}])),
    "computed name": lambda raw, _: _all(
        raw.aggregate([{"$project": {"x": {"$getField": {"$concat": ["sal", "ary"]}}}}])
    ),
    "facet": lambda raw, _: _all(raw.aggregate([{"$facet": {"x": [{"$match": {}}]}}])),
    "union": lambda raw, _: _all(raw.aggregate([{"$limit": 1}, {"$unionWith": raw.name}])),
    "joined with itself": lambda raw, _: _all(
        raw.aggregate([{"$lookup": {"from": raw.name, "localField": "name", "foreignField": "name", "as": "x"}}])
    ),
    "joined by a pipeline": lambda raw, _: _all(
        raw.aggregate([{"$lookup": {"from": raw.name, "pipeline": [{"$match": {"name": "ada"}}], "as": "x"}}])
    ),
    "changed and returned": lambda raw, _: raw.find_one_and_update({"name": "ada"}, {"$set": {"tags": ["x"]}}),
    "changed and returned after": lambda raw, _: raw.find_one_and_update(
        {"name": "ada"}, {"$set": {"tags": ["x"]}}, return_document=True, projection={"salary": 1, "name": 1}
    ),
    "graph": lambda raw, _: _all(
        raw.aggregate(
            [
                {
                    "$graphLookup": {
                        "from": raw.name,
                        "startWith": "$name",
                        "connectFromField": "name",
                        "connectToField": "name",
                        "as": "x",
                    }
                }
            ]
        )
    ),
}


async def _all(opening: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await (await opening).to_list()
    return rows


@pytest.mark.parametrize("read", READS)
async def test_no_result_shows_a_hidden_field(person: Person, read: str) -> None:
    """Whatever is asked, no value of a hidden field comes; the same question of the boss shows that it could."""
    raw = Person.get_pymongo_collection()
    with acting(NORTH):
        shown = repr(await READS[read](raw, person))
    assert "87654321" not in shown
    assert "98765432" not in shown
    assert "'bonus'" not in shown
    if read not in {"all but hidden ones", "id alone", "elements", "computed"}:
        with acting(BOSS):
            shown = repr(await READS[read](raw, person))
        assert "87654321" in shown or "98765432" in shown


async def test_batches_as_they_come_have_no_hidden_field(person: Person) -> None:
    """Undecoded batches are projected like everything else."""
    del person
    raw = Person.get_pymongo_collection()
    with acting(NORTH):
        rows = [row async for batch in raw.raw_batches({}, {"salary": 1, "name": 1}) for row in bson.decode_all(batch)]
        rows += [row async for batch in raw.raw_batches({}, {"name": 0}) for row in bson.decode_all(batch)]
    assert [row.keys() & HIDDEN for row in rows] == [set(), set()]


async def test_documents_hold_the_default_in_the_place_of_what_is_hidden(person: Person) -> None:
    """Find, get, projections, links and back links give documents with defaults, and everything else as it is."""
    with acting(NORTH):
        found = await Person.get(person.id)
        assert found is not None
        assert (found.name, found.salary, found.bonus, found.grade, found.history) == ("ada", 0, None, "b", [])
        desk = await Desk.find_one(fetch_links=True)
        assert desk is not None
        assert [each.salary for each in (desk.person, *desk.people) if isinstance(each, Person)] == [0, 0]
        plain = await Desk.find_one()
        assert plain is not None
        assert plain.person is not None
        linked = await plain.person.fetch()
        assert isinstance(linked, Person)
        assert linked.salary == 0

        class Pay(BaseModel):
            name: str
            salary: int = -1

        assert [each.salary for each in await Person.find_all().project(Pay).to_list()] == [-1]
    with acting(PAYER):
        found = await Person.get(person.id)
        assert found is not None
        assert (found.salary, found.bonus) == (87654321, Decimal(7))


REFUSED: dict[str, Callable[[Raw], Any]] = {
    "filter": lambda raw: raw.find({"salary": 87654321}).to_list(),
    "range": lambda raw: raw.find({"salary": {"$gt": 1}}).to_list(),
    "exists": lambda raw: raw.find({"salary": {"$exists": True}}).to_list(),
    "inside": lambda raw: raw.find({"history.salary": 98765432}).to_list(),
    "element": lambda raw: raw.find({"history.0.salary": 98765432}).to_list(),
    "elements": lambda raw: raw.find({"history": {"$elemMatch": {"salary": 98765432}}}).to_list(),
    "or": lambda raw: raw.find({"$or": [{"name": "x"}, {"$and": [{"salary": 87654321}]}]}).to_list(),
    "nor": lambda raw: raw.find({"$nor": [{"salary": 1}]}).to_list(),
    "expression": lambda raw: raw.find({"$expr": {"$gt": ["$salary", 1]}}).to_list(),
    "expression of the root": lambda raw: raw.find({"$expr": {"$gt": ["$$ROOT.salary", 1]}}).to_list(),
    "expression of the current": lambda raw: raw.find({"$expr": {"$gt": ["$$CURRENT.salary", 1]}}).to_list(),
    "expression with a variable": lambda raw: raw.find(
        {"$expr": {"$let": {"vars": {"x": "$salary"}, "in": {"$gt": ["$$x", 1]}}}}
    ).to_list(),
    "expression of a field": lambda raw: raw.find({"$expr": {"$gt": [{"$getField": "salary"}, 1]}}).to_list(),
    "expression of a named field": lambda raw: raw.find(
        {"$expr": {"$gt": [{"$getField": {"field": {"$literal": "salary"}, "input": "$$CURRENT"}}, 1]}}
    ).to_list(),
    "count": lambda raw: raw.count_documents({"salary": {"$gt": 1}}),
    "find one": lambda raw: raw.find_one({"salary": 87654321}),
    "sort": lambda raw: raw.find({}, sort=[("salary", 1)]).to_list(),
    "sort by one": lambda raw: raw.find_one({}, sort=[("name", 1), ("salary", 1)]),
    "hint": lambda raw: raw.find({}, hint=[("salary", 1)]).to_list(),
    "min": lambda raw: raw.find({}, hint=[("name", 1)], min=[("salary", 1)]).to_list(),
    "projected expression": lambda raw: raw.find({}, {"x": "$salary"}).to_list(),
    "projected condition": lambda raw: raw.find({}, {"x": {"$cond": [{"$gt": ["$salary", 1]}, 1, 0]}}).to_list(),
    "distinct": lambda raw: raw.distinct("salary"),
    "distinct inside": lambda raw: raw.distinct("history.salary"),
    "distinct filter": lambda raw: raw.distinct("name", {"salary": 87654321}),
    "match": lambda raw: raw.aggregate([{"$match": {"salary": 87654321}}]),
    "later match": lambda raw: raw.aggregate([{"$unwind": "$tags"}, {"$match": {"salary": 87654321}}]),
    "group": lambda raw: raw.aggregate([{"$group": {"_id": "$salary"}}]),
    "sum": lambda raw: raw.aggregate([{"$group": {"_id": None, "x": {"$sum": "$salary"}}}]),
    "sort stage": lambda raw: raw.aggregate([{"$sort": {"salary": 1}}]),
    "count by": lambda raw: raw.aggregate([{"$sortByCount": "$salary"}]),
    "bucket": lambda raw: raw.aggregate([{"$bucket": {"groupBy": "$salary", "boundaries": [0, 9999]}}]),
    "joined by it": lambda raw: raw.aggregate(
        [{"$lookup": {"from": raw.name, "localField": "name", "foreignField": "salary", "as": "x"}}]
    ),
    "matched in a join": lambda raw: raw.aggregate(
        [{"$lookup": {"from": raw.name, "pipeline": [{"$match": {"salary": {"$gt": 1}}}], "as": "x"}}]
    ),
    "graph": lambda raw: raw.aggregate(
        [
            {
                "$graphLookup": {
                    "from": raw.name,
                    "startWith": 87654321,
                    "connectFromField": "name",
                    "connectToField": "salary",
                    "as": "x",
                }
            }
        ]
    ),
    "restricted graph": lambda raw: raw.aggregate(
        [
            {
                "$graphLookup": {
                    "from": raw.name,
                    "startWith": "ada",
                    "connectFromField": "name",
                    "connectToField": "name",
                    "as": "x",
                    "restrictSearchWithMatch": {"salary": {"$gt": 1}},
                }
            }
        ]
    ),
    "update filter": lambda raw: raw.update_many({"salary": 87654321}, {"$set": {"tags": []}}),
    "delete filter": lambda raw: raw.delete_many({"salary": 87654321}),
    "bulk filter": lambda raw: raw.bulk_write([UpdateOne({"salary": 87654321}, {"$set": {"tags": []}})]),
    "sort of an update": lambda raw: raw.update_one({}, {"$set": {"tags": []}}, sort=[("salary", 1)]),
    "sort of a replacement": lambda raw: raw.replace_one({}, {"name": "x"}, sort=[("salary", 1)]),
    "hint of a deletion": lambda raw: raw.delete_one({}, hint=[("salary", 1)]),
    "sort in bulk": lambda raw: raw.bulk_write([UpdateOne({}, {"$set": {"tags": []}}, sort={"salary": 1})]),
    "deleted ones": lambda raw: raw.find_deleted({"salary": {"$gt": 1}}),
    "update": lambda raw: raw.update_one({}, {"$set": {"salary": 1}}),
    "update inside": lambda raw: raw.update_one({}, {"$set": {"history.0.salary": 1}}),
    "unset": lambda raw: raw.update_one({}, {"$unset": {"salary": ""}}),
    "increase": lambda raw: raw.update_one({}, {"$inc": {"salary": 1}}),
    "maximum": lambda raw: raw.update_one({}, {"$max": {"salary": 1}}),
    "rename": lambda raw: raw.update_one({}, {"$rename": {"salary": "note"}}),
    "rename to": lambda raw: raw.update_one({}, {"$rename": {"name": "salary"}}),
    "push": lambda raw: raw.update_one({}, {"$push": {"history": 1}}),
    "copied by a pipeline": lambda raw: raw.update_one({}, [{"$set": {"tags": ["$salary"]}}]),
    "set by a pipeline": lambda raw: raw.update_one({}, [{"$set": {"salary": 1}}]),
    "unset by a pipeline": lambda raw: raw.update_one({}, [{"$unset": ["salary"]}]),
    "change of many": lambda raw: raw.update_many({}, {"$set": {"salary": 1}}),
    "upsert": lambda raw: raw.update_one({"name": "x"}, {"$setOnInsert": {"salary": 1}}, upsert=True),
    "find and change": lambda raw: raw.find_one_and_update({}, {"$set": {"salary": 1}}),
    "bulk": lambda raw: raw.bulk_write([UpdateOne({}, {"$set": {"salary": 1}})]),
    "bulk replacement": lambda raw: raw.bulk_write([ReplaceOne({}, {"name": "x", "salary": 1})]),
    "bulk insert": lambda raw: raw.bulk_write([InsertOne({"name": "x", "salary": 1})]),
    "replace": lambda raw: raw.replace_one({}, {"name": "x", "salary": 1}),
    "find and replace": lambda raw: raw.find_one_and_replace({}, {"name": "x", "salary": 1}),
    "insert": lambda raw: raw.insert_one({"name": "x", "salary": 1}),
    "insert many": lambda raw: raw.insert_many([{"name": "x"}, {"name": "x", "salary": 1}]),
    "insert missing": lambda raw: raw.insert_missing([{"name": "x", "salary": 1}]),
    "insert a document": lambda _: Person(name="x", salary=1).insert(),
}


@pytest.mark.parametrize("question", REFUSED)
async def test_naming_a_hidden_field_is_refused_by_name(person: Person, mongo: Connection, question: str) -> None:
    """Nothing asks for a hidden field or writes one, the error names it, and what is stored stays."""
    raw = Person.get_pymongo_collection()
    with acting(NORTH), pytest.raises(PermissionDeniedError) as caught:
        await REFUSED[question](raw)
    name = (
        "history"
        if question in {"inside", "element", "elements", "push", "distinct inside", "update inside"}
        else "salary"
    )
    assert caught.value.fields.keys() == {name}
    assert name in caught.value.user_message
    stored = await mongo.raw[raw.name].find().to_list()
    assert [(row["name"], row["salary"], row["revision"]) for row in stored] == [("ada", 87654321, 1)]
    assert person.salary == 87654321


WHOLE: dict[str, Callable[[Raw], Any]] = {
    "root": lambda raw: raw.find({"$expr": {"$gt": [{"$size": {"$objectToArray": "$$ROOT"}}, 1]}}).to_list(),
    "current": lambda raw: raw.find({"$expr": {"$ne": ["$$CURRENT", None]}}).to_list(),
    "computed name": lambda raw: raw.find(
        {"$expr": {"$gt": [{"$getField": {"$concat": ["sal", "ary"]}}, 1]}}
    ).to_list(),
    "schema": lambda raw: raw.find({"$jsonSchema": {"properties": {"salary": {"minimum": 1}}}}).to_list(),
    "schema below or": lambda raw: raw.find({"$or": [{"$jsonSchema": {"required": ["salary"]}}]}).to_list(),
    "projected root": lambda raw: raw.find({}, {"x": "$$ROOT"}).to_list(),
    "named index": lambda raw: raw.find({}, hint="salary_1").to_list(),
    "copied root": lambda raw: raw.update_one({}, [{"$set": {"tags": ["$$ROOT"]}}]),
}


@pytest.mark.parametrize("question", WHOLE)
async def test_what_may_read_any_field_is_refused(person: Person, question: str) -> None:
    """A condition on the document as a whole would tell of what is hidden in it."""
    del person
    with acting(NORTH), pytest.raises(PermissionDeniedError):
        await WHOLE[question](Person.get_pymongo_collection())


SAVES: tuple[Callable[[Any], Any], ...] = (
    lambda it: it.save(),
    lambda it: it.save(ignore_revision=True),
    lambda it: it.replace(),
    lambda it: it.set({"tags": [it.name]}),
)


async def test_a_save_neither_writes_nor_erases_what_was_not_loaded(person: Person, mongo: Connection) -> None:
    """On every way of saving a document that was read without its hidden fields, these stay as they are stored."""

    async def stored() -> dict[str, Any]:
        row = await mongo.raw[Person.get_collection_name()].find_one({"_id": person.id})
        assert row is not None
        return {name: row[name] for name in ("name", "salary", "history")}

    async def load() -> Person:
        found = await Person.get(person.id)
        assert found is not None
        return found

    kept = {name: STORED[name] for name in ("salary", "history")}
    with acting(NORTH):
        for number, save in enumerate(SAVES):
            found = await load()
            found.name = f"name {number}"
            await save(found)
            assert (await stored()) == {"name": (await stored())["name"], **kept}
            assert found.salary == 0
        found = await load()
        await Person.get_pymongo_collection().replace_one(
            {"_id": found.id}, {"name": "replaced", "revision": found.revision}
        )
        assert await stored() == {"name": "replaced", **kept}
        found = await load()
        found.salary = 0
        with pytest.raises(PermissionDeniedError, match="salary"):
            await found.save(ignore_revision=True)
        found.salary = 1
        with pytest.raises(PermissionDeniedError, match="salary"):
            await found.save()
        assert await stored() == {"name": "replaced", **kept}
    with acting(BOSS):
        found = await load()
        found.salary = 6000
        await found.save()
        assert (await stored())["salary"] == 6000


async def test_a_list_changed_in_place_is_no_default(person: Person, mongo: Connection) -> None:
    """What was put into a protected list of a document at hand is written, or refused, but never passed over."""
    with acting(BOSS):
        mine = await Person(name="mine").insert()
        for number, save in enumerate((SAVES[2], SAVES[2], SAVES[0]), 1):
            mine.history.append({"salary": number})
            await save(mine)
            stored = await mongo.raw[Person.get_collection_name()].find_one({"_id": mine.id})
            assert stored is not None
            assert len(stored["history"]) == number
    with acting(NORTH):
        found = await Person.get(person.id)
        assert found is not None
        found.history.append({"salary": 1})
        for attempt in (found.replace, found.save):
            with pytest.raises(PermissionDeniedError, match="history"):
                await attempt()


async def test_a_field_may_be_seen_and_not_changed(person: Person) -> None:
    """Without the permission to change, a field is filtered and sorted by as ever, and no write of it passes."""
    raw = Person.get_pymongo_collection()
    with acting(NORTH):
        assert await Person.find({"grade": "b"}).sort("grade").count() == 1
        found = await Person.get(person.id)
        assert found is not None
        found.name = "new"
        await found.save()
        found.grade = "c"
        with pytest.raises(PermissionDeniedError) as caught:
            await found.save()
        assert caught.value.fields.keys() == {"grade"}
        assert "change" in caught.value.user_message
        with pytest.raises(PermissionDeniedError):
            await raw.update_one({"grade": "b", "name": "none"}, {"$set": {"tags": []}}, upsert=True)
        made = await Person(name="fresh").insert()
        assert made.grade == "a"
        with pytest.raises(PermissionDeniedError):
            await Person(name="x", grade="z").insert()
    with acting(PAYER):
        found = await Person.get(person.id)
        assert found is not None
        found.salary = 1
        await found.save()
        found.bonus = Decimal(1)
        with pytest.raises(PermissionDeniedError):
            await found.save()


async def test_superusers_and_the_system_see_all(person: Person) -> None:
    """Nothing is hidden from superusers and in a system context."""
    with acting(ROOT):
        assert await Person.find({"salary": 87654321}).count() == 1
        await person.set({"salary": 87654322})
    with system_context():
        assert await Person.distinct("salary") == [87654322]
    with acting(NORTH), system_context():
        assert await Person.find_all().sum("salary") == 87654322
