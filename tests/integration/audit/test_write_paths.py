"""Every way to write leaves its entry, with exactly the values before and after."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from beanie import UpdateResponse
from beanie.odm.bulk import BulkWriter
from bson import ObjectId
from bson.errors import BSONError
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import PyMongoError

from tests.integration.audit.journal import brief, entries, stored_row
from tests.integration.data.models import Note, Page
from webos.data.connection import Connection
from webos.data.loaded import loaded_state
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError

pytestmark = pytest.mark.usefixtures("tripwire", "library")

SET = {"$set": {"title": "new"}}
Changed = dict[str, tuple[Any, Any]]
TITLE: Changed = {"title": ("old", "new")}


@pytest.fixture(params=[Note, Page])
def model(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def _acting(anna: Principal) -> Any:
    with acting_as(anna, "trace-1"):
        yield


def _raw(it: Note) -> Any:
    return type(it).get_pymongo_collection()


def _titled(it: Note) -> Note:
    it.title = "new"
    return it


async def _in_bulk(it: Note, queue: Callable[[BulkWriter], Awaitable[object]]) -> None:
    async with type(it).bulk_writer() as writer:
        await queue(writer)


def _replacement(it: Note) -> dict[str, Any]:
    return {**it.model_dump(include={"code", "rank", "revision", "words"}), "title": "new", "price": it.price}


UPDATES: dict[str, tuple[Callable[[Note], Awaitable[object]], Changed]] = {
    "save": (lambda it: _titled(it).save(), TITLE),
    "save over": (lambda it: _titled(it).save(ignore_revision=True), TITLE),
    "replace": (lambda it: _titled(it).replace(), TITLE),
    "set": (lambda it: it.set({"title": "new"}), TITLE),
    "inc": (lambda it: it.inc({"rank": 2}), {"rank": (3, 5)}),
    "update": (lambda it: it.update({"$push": {"words": "b"}}), {"words": (["a"], ["a", "b"])}),
    "find set": (lambda it: type(it).find({"code": "it"}).set({"title": "new"}), TITLE),
    "find one set": (lambda it: type(it).find_one({"code": "it"}).set({"title": "new"}), TITLE),
    "find one inc": (lambda it: type(it).find_one({"code": "it"}).inc({"rank": 2}), {"rank": (3, 5)}),
    "find and update": (
        lambda it: type(it).find_one({"code": "it"}).update(SET, response_type=UpdateResponse.NEW_DOCUMENT),
        TITLE,
    ),
    "update all": (lambda it: type(it).update_all(SET), TITLE),
    "upsert of one that is there": (
        lambda it: type(it).find_one({"code": "it"}).upsert(SET, on_insert=type(it)(code="x")),
        TITLE,
    ),
    "bulk set": (lambda it: _in_bulk(it, lambda to: it.set({"title": "new"}, bulk_writer=to)), TITLE),
    "bulk replace": (lambda it: _in_bulk(it, lambda to: _titled(it).replace(bulk_writer=to)), TITLE),
    "replace many": (lambda it: type(it).replace_many([_titled(it)]), TITLE),
    "find one and replace": (lambda it: type(it).find_one({"code": "it"}).replace_one(_titled(it)), TITLE),
    "raw update one": (lambda it: _raw(it).update_one({"code": "it"}, SET), TITLE),
    "raw update loaded": (
        lambda it: _raw(it).update_loaded(loaded_state(it), SET),
        TITLE,
    ),
    "raw unset": (lambda it: _raw(it).update_one({"code": "it"}, {"$unset": {"title": ""}}), {"title": ("old", None)}),
    "raw rename": (
        lambda it: _raw(it).update_one({"code": "it"}, {"$rename": {"title": "name"}}),
        {"title": ("old", None), "name": (None, "old")},
    ),
    "raw nested": (
        lambda it: _raw(it).update_one({"code": "it"}, {"$set": {"parts.0.n": 2}}),
        {"parts": ([{"n": 1}], [{"n": 2}])},
    ),
    "raw positional": (
        lambda it: _raw(it).update_one({"code": "it", "parts.n": 1}, {"$set": {"parts.$.n": 2}}),
        {"parts": ([{"n": 1}], [{"n": 2}])},
    ),
    "raw array filters": (
        lambda it: _raw(it).update_many({"code": "it"}, {"$set": {"parts.$[p].n": 2}}, array_filters=[{"p.n": 1}]),
        {"parts": ([{"n": 1}], [{"n": 2}])},
    ),
    "raw pipeline": (
        lambda it: _raw(it).update_one({"code": "it"}, [{"$set": {"title": {"$concat": ["$title", "er"]}}}]),
        {"title": ("old", "older")},
    ),
    "raw update many": (lambda it: _raw(it).update_many({"code": "it"}, {"$mul": {"rank": 2}}), {"rank": (3, 6)}),
    "raw upsert": (lambda it: _raw(it).update_one({"code": "it"}, SET, upsert=True), TITLE),
    "raw replace": (lambda it: _raw(it).replace_one({"code": "it"}, _replacement(it)), {**TITLE}),
    "raw find and update": (lambda it: _raw(it).find_one_and_update({"code": "it"}, SET), TITLE),
    "raw find and replace": (lambda it: _raw(it).find_one_and_replace({"code": "it"}, _replacement(it)), {**TITLE}),
    "bulk update one": (lambda it: _raw(it).bulk_write([UpdateOne({"code": "it"}, SET)]), TITLE),
    "bulk update by id": (lambda it: _raw(it).bulk_write([UpdateOne({"_id": it.id}, SET)], ordered=False), TITLE),
    "bulk update many": (lambda it: _raw(it).bulk_write([UpdateMany({"code": "it"}, SET)]), TITLE),
    "bulk raw replace": (
        lambda it: _raw(it).bulk_write([ReplaceOne({"_id": it.id}, _replacement(it))]),
        {**TITLE},
    ),
}


@pytest.mark.parametrize("way", UPDATES)
async def test_an_update_leaves_old_and_new_values(
    model: type[Note], mongo: Connection, anna: Principal, way: str
) -> None:
    """The entry says who, when, under which trace, and what the values were before and after; nothing else."""
    it = await model(code="it", title="old", rank=3, words=["a"], parts=[{"n": 1}]).insert()
    other = await model(code="other", title="old").insert() if way != "update all" else it
    before = await stored_row(mongo, model.get_collection_name(), _id=it.id)
    write, expected = UPDATES[way]
    await write(it)
    stored = await stored_row(mongo, model.get_collection_name(), _id=it.id)
    assert stored["revision"] == 2
    found = await entries(mongo, documents=it.id)
    assert [entry["operation"] for entry in found] == ["insert", "update"]
    changed = brief(found[1])[2]
    if "replace" in way and "raw" in way:
        # The fields that the replacement does not have are gone.
        changed = {name: values for name, values in changed.items() if name in stored}
    assert changed == expected
    entry = found[1]
    assert (entry["revision"], entry["by"], entry["username"]) == (2, anna.id, "anna")
    assert (entry["at"], entry["by"]) == (stored["updated_at"], stored["updated_by"])
    assert (entry["before_at"], entry["before_by"]) == (before["updated_at"], before["updated_by"])
    assert (entry["trace_id"], entry["change_set"]) == ("trace-1", "trace-1")
    assert (entry["collection"], entry["model"]) == (model.get_collection_name(), f"library.{model.__name__}")
    assert len(await entries(mongo, documents=other.id)) == (2 if other is it else 1)
    assert not any("unknown" in change for change in entry["changes"].values())


DELETES: dict[str, Callable[[Note], Awaitable[object]]] = {
    "delete": lambda it: it.delete(),
    "find delete": lambda it: type(it).find({"code": "it"}).delete(),
    "find one delete": lambda it: type(it).find_one({"code": "it"}).delete(),
    "bulk delete": lambda it: _in_bulk(it, lambda to: it.delete(bulk_writer=to)),
    "raw delete one": lambda it: _raw(it).delete_one({"code": "it"}),
    "raw delete many": lambda it: _raw(it).delete_many({"code": "it"}),
    "raw find and delete": lambda it: _raw(it).find_one_and_delete({"code": "it"}),
    "bulk delete one": lambda it: _raw(it).bulk_write([DeleteOne({"code": "it"})]),
    "bulk delete many": lambda it: _raw(it).bulk_write([DeleteMany({"code": "it"})]),
}


@pytest.mark.parametrize("way", DELETES)
async def test_a_deletion_leaves_its_entry(model: type[Note], mongo: Connection, way: str) -> None:
    """A deletion is an entry without values."""
    it = await model(code="it", title="old").insert()
    await DELETES[way](it)
    assert [brief(entry) for entry in await entries(mongo)] == [("insert", 1, {}), ("delete", 2, {})]


INSERTS: dict[str, Callable[[type[Note]], Awaitable[object]]] = {
    "insert": lambda model: model(code="new").insert(),
    "create": lambda model: model(code="new").create(),
    "save": lambda model: model(code="new").save(),
    "insert one": lambda model: model.insert_one(model(code="new")),
    "insert many": lambda model: model.insert_many([model(code="new")]),
    "insert missing": lambda model: model.insert_missing([model(code="new")]),
    "upsert": lambda model: model.find_one({"code": "new"}).upsert(SET, on_insert=model(code="new")),
    "raw insert": lambda model: model.get_pymongo_collection().insert_one({"code": "new"}),
    "raw insert many": lambda model: model.get_pymongo_collection().insert_many([{"code": "new"}]),
    "raw insert missing": lambda model: model.get_pymongo_collection().insert_missing([{"code": "new"}]),
    "raw upsert": lambda model: model.get_pymongo_collection().update_one({"code": "new"}, SET, upsert=True),
    "raw upsert by id": lambda model: model.get_pymongo_collection().update_one(
        {"_id": ObjectId()}, {"$set": {"code": "new"}}, upsert=True
    ),
    "raw upsert many": lambda model: model.get_pymongo_collection().update_many({"code": "new"}, SET, upsert=True),
    "raw find and upsert": lambda model: model.get_pymongo_collection().find_one_and_update(
        {"code": "new"}, SET, upsert=True
    ),
    "bulk insert": lambda model: model.get_pymongo_collection().bulk_write([InsertOne({"code": "new"})]),
    "bulk upsert": lambda model: model.get_pymongo_collection().bulk_write(
        [UpdateOne({"code": "new"}, SET, upsert=True)]
    ),
}


@pytest.mark.parametrize("way", INSERTS)
async def test_an_insert_leaves_its_entry(model: type[Note], mongo: Connection, way: str) -> None:
    """An insert is an entry without values, that names the document; an upsert that makes one as well."""
    await INSERTS[way](model)
    stored = await stored_row(mongo, model.get_collection_name(), code="new")
    found = await entries(mongo)
    assert [brief(entry) for entry in found] == [("insert", 1, {})]
    assert found[0]["documents"] == [stored["_id"]]
    assert (found[0]["at"], found[0]["by"]) == (stored["created_at"], stored["created_by"])


FAILING: dict[str, Callable[[Note], Awaitable[object]]] = {
    "insert": lambda it: type(it)(code="taken").insert(),
    "insert many": lambda it: type(it).insert_many([type(it)(code="taken")]),
    "insert missing": lambda it: type(it).insert_missing([type(it)(code="taken")]),
    "insert missing again": lambda it: type(it).insert_missing([it]),
    "save": lambda it: it.set({"code": "taken"}),
    "update many": lambda it: _raw(it).update_many({"code": "it"}, {"$set": {"code": "taken"}}),
    "update of none": lambda it: _raw(it).update_one({"code": "none"}, SET),
    "stale": lambda it: _raw(it).update_one({"_id": it.id, "revision": 7}, SET),
    "stale loaded": lambda it: _raw(it).update_loaded({"_id": it.id, "revision": 7}, SET),
    "bulk": lambda it: _raw(it).bulk_write([UpdateOne({"_id": it.id}, {"$set": {"code": "taken"}})]),
    "stale bulk": lambda it: _raw(it).bulk_write([UpdateOne({"_id": it.id, "revision": 7}, SET)]),
    "upsert": lambda it: _raw(it).update_one({"title": "x"}, {"$set": {"code": "taken"}}, upsert=True),
    "value that cannot be stored": lambda it: _raw(it).update_one({"code": "it"}, {"$set": {"title": object()}}),
    "wrong operand": lambda it: _raw(it).update_one({"code": "it"}, {"$push": {"title": 1}}),
}


@pytest.mark.parametrize("way", FAILING)
async def test_what_did_not_happen_leaves_no_entry(model: type[Note], mongo: Connection, way: str) -> None:
    """A write that is refused, or meets nothing, takes its entry back."""
    it = await model(code="it", title="old").insert()
    await model(code="taken").insert()
    written = await entries(mongo)
    with suppress(ConflictError, PyMongoError, BSONError):
        await FAILING[way](it)
    assert await entries(mongo) == written
