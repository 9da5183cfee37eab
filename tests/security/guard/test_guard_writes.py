"""No way to write touches a document that is somebody else's or deleted, and none writes a stamp of its own choice."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import uuid4

import pytest
from beanie import Document, PydanticObjectId
from beanie.odm.bulk import BulkWriter
from beanie.odm.utils.init import Initializer
from bson import ObjectId
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, ReturnDocument, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from tests.integration.data.library import Shelf
from tests.integration.data.models import Article, Page
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.guard.refusal import GuardRefusalError
from webos.data.scope import system_context
from webos.kernel.context import SYSTEM, acting_as
from webos.kernel.errors import ConflictError, NotFoundError

Write = Callable[[Shelf, Article], Awaitable[object]]
STAMPS = {"created_at", "created_by", "updated_at", "updated_by", "deleted_at", "revision"}


class Name(str, Enum):  # noqa: UP042 - a StrEnum's text is its value, this one's is not
    """Field names as an enum: such texts have a hash of their own."""

    OWNER = "created_by"
    REVISION = "revision"
    ID = "_id"


async def _bulk(target: Article, *operations: Any, **options: Any) -> object:
    return await type(target).get_pymongo_collection().bulk_write(list(operations), **options)


async def _bulk_writer(target: Article, queue: Callable[[BulkWriter], Awaitable[object]]) -> None:
    async with type(target).bulk_writer() as writer:
        await queue(writer)


def _by_id(target: Article) -> dict[str, Any]:
    return {"_id": target.id}


def _query(target: Article) -> Any:  # Beanie's query
    return type(target).find(_by_id(target))


async def _save(target: Article, title: str = "new") -> None:
    target.title = title
    await target.save()


# Each changes the title of `target`, or deletes it.
WRITES: dict[str, Callable[[Article, Any], Awaitable[object]]] = {
    "save": lambda it, _: _save(it),
    "save without revision": lambda it, _: it.model_copy(update={"title": "new"}).save(ignore_revision=True),
    "replace": lambda it, _: it.model_copy(update={"title": "new"}).replace(),
    "set": lambda it, _: it.set({"title": "new"}),
    "update": lambda it, _: it.update({"$set": {"title": "new"}}, ignore_revision=True),
    "delete": lambda it, _: it.delete(),
    "delete without revision": lambda it, _: it.delete(ignore_revision=True),
    "bulk save": lambda it, _: _bulk_writer(it, lambda to: it.model_copy(update={"title": "new"}).replace(bulk_writer=to)),
    "bulk set": lambda it, _: _bulk_writer(it, lambda to: it.set({"title": "new"}, bulk_writer=to)),
    "bulk delete": lambda it, _: _bulk_writer(it, lambda to: it.delete(bulk_writer=to)),
    "find set": lambda it, _: _query(it).set({"title": "new"}),
    "find update": lambda it, _: _query(it).update({"$set": {"title": "new"}}),
    "find update many": lambda it, _: _query(it).update_many({"$set": {"title": "new"}}),
    "find delete": lambda it, _: _query(it).delete(),
    "find one set": lambda it, _: type(it).find_one(_by_id(it)).set({"title": "new"}),
    "find one delete": lambda it, _: type(it).find_one(_by_id(it)).delete(),
    "update all": lambda it, _: type(it).update_all({"$set": {"title": "new"}}),
    "delete all": lambda it, _: type(it).delete_all(),
    "replace many": lambda it, _: type(it).replace_many([it.model_copy(update={"title": "new"})]),
    "raw update": lambda it, raw: raw.update_one(_by_id(it), {"$set": {"title": "new"}}),
    "raw update, deleted": lambda it, raw: raw.update_one({**_by_id(it), "deleted_at": {"$ne": 1}}, {"$set": {"title": "new"}}),
    "raw pipeline": lambda it, raw: raw.update_one(_by_id(it), [{"$set": {"title": "new"}}]),
    "raw update many": lambda it, raw: raw.update_many(_by_id(it), {"$set": {"title": "new"}}),
    "raw replace": lambda it, raw: raw.replace_one(_by_id(it), {"code": it.code, "title": "new"}),
    "raw delete": lambda it, raw: raw.delete_one(_by_id(it)),
    "raw delete many": lambda it, raw: raw.delete_many(_by_id(it)),
    "raw find and update": lambda it, raw: raw.find_one_and_update(_by_id(it), {"$set": {"title": "new"}}),
    "raw find and replace": lambda it, raw: raw.find_one_and_replace(_by_id(it), {"code": it.code, "title": "new"}),
    "raw find and delete": lambda it, raw: raw.find_one_and_delete(_by_id(it)),
    "bulk update": lambda it, _: _bulk(it, UpdateOne(_by_id(it), {"$set": {"title": "new"}})),
    "bulk update many": lambda it, _: _bulk(it, UpdateMany(_by_id(it), {"$set": {"title": "new"}}), ordered=False),
    "bulk replace": lambda it, _: _bulk(it, ReplaceOne(_by_id(it), {"code": it.code, "title": "new"})),
    "bulk delete one": lambda it, _: _bulk(it, DeleteOne(_by_id(it))),
    "bulk delete many": lambda it, _: _bulk(it, DeleteMany(_by_id(it))),
}  # fmt: skip
# The answer of these tells whether the document exists; a foreign one must give the same as one that never did.
TELLING = {
    "save", "save without revision", "replace", "set", "update", "delete", "delete without revision", "bulk save",
    "bulk set", "bulk delete", "replace many",
}  # fmt: skip


async def _raw(mongo: Connection, document: Article) -> dict[str, Any]:
    found = await mongo.raw[type(document).get_collection_name()].find_one({"_id": document.id})
    assert found is not None
    return found


async def _answer(work: Awaitable[object]) -> tuple[type, str] | None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        return type(error), str(error)
    return None


@pytest.mark.parametrize("way", WRITES)
@pytest.mark.parametrize("kind", ["foreign note", "deleted page"])
async def test_a_hidden_document_is_not_written(shelf: Shelf, mongo: Connection, way: str) -> None:
    """Each way to write changes or deletes the writer's own document, softly, and leaves the hidden one as it was.

    What it answers about the hidden one is what it answers about one that never existed.
    """
    raw = shelf.model.get_pymongo_collection()
    before = await _raw(mongo, shelf.hidden)
    never = shelf.hidden.model_copy(update={"id": PydanticObjectId(), "revision": 1})
    known = shelf.hidden.model_copy(update={"revision": before["revision"]})
    answers = [await _answer(WRITES[way](each, raw)) for each in (known, never)]
    assert answers[0] == answers[1]
    assert (answers[0] is None) is not (way in TELLING)
    assert await _raw(mongo, shelf.hidden) == before
    seen = await shelf.model.get(shelf.seen.id)
    if seen is not None:
        await WRITES[way](seen, raw)
    after = await _raw(mongo, shelf.seen)
    assert (after["title"] == "new") is not (after["deleted_at"] is not None)
    assert after["updated_by"] == shelf.reader.id
    assert after["revision"] == (4 if way == "update all" else 2)
    assert after["created_by"] == shelf.seen.created_by


VICTIM = uuid4()
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)
SPOOFED: dict[str, Any] = {
    "created_at": LONG_AGO,
    "created_by": VICTIM,
    "updated_at": LONG_AGO,
    "updated_by": VICTIM,
    "deleted_at": LONG_AGO,
    "revision": 41,
}

INSERTS: dict[str, Callable[[type[Article], str], Awaitable[object]]] = {
    "insert": lambda model, code: model(code=code, **SPOOFED).insert(),
    "create": lambda model, code: model(code=code, **SPOOFED).create(),
    "save": lambda model, code: model(code=code, **{**SPOOFED, "revision": 0}).save(),
    "insert one": lambda model, code: model.insert_one(model(code=code, **SPOOFED)),
    "insert many": lambda model, code: model.insert_many([model(code=code, **SPOOFED)]),
    "bulk insert": lambda model, code: _bulk_writer(
        model(code=code), lambda to: model.insert_one(model(code=code, **SPOOFED), bulk_writer=to)
    ),
    "upsert": lambda model, code: model.find_one({"code": code}).upsert(
        {"$set": {"title": "x"}}, on_insert=model(code=code, **SPOOFED)
    ),
    "raw insert": lambda model, code: model.get_pymongo_collection().insert_one({"code": code, **SPOOFED}),
    "raw insert with enum": lambda model, code: model.get_pymongo_collection().insert_one(
        {"code": code, Name.OWNER: VICTIM, Name.REVISION: 41}
    ),
    "raw insert many": lambda model, code: model.get_pymongo_collection().insert_many([{"code": code, **SPOOFED}]),
    "raw bulk insert": lambda model, code: model.get_pymongo_collection().bulk_write(
        [InsertOne({"code": code, **SPOOFED})]
    ),
    "raw upsert": lambda model, code: model.get_pymongo_collection().update_one(
        {"code": code}, {"$set": {"title": "x"}}, upsert=True
    ),
    "raw upsert many": lambda model, code: model.get_pymongo_collection().update_many(
        {"code": code}, {"$set": {"title": "x"}}, upsert=True
    ),
    "raw find and upsert": lambda model, code: model.get_pymongo_collection().find_one_and_update(
        {"code": code}, {"$set": {"title": "x"}}, upsert=True, return_document=ReturnDocument.AFTER
    ),
    "raw bulk upsert": lambda model, code: model.get_pymongo_collection().bulk_write(
        [UpdateOne({"code": code}, {"$set": {"title": "x"}}, upsert=True)]
    ),
}


@pytest.mark.parametrize("kind", ["foreign note", "deleted page"])
async def test_a_new_document_carries_the_stamps_of_who_stored_it(shelf: Shelf, mongo: Connection) -> None:
    """Whatever stamps a new document brings along, the guard's are stored."""
    for number, (way, insert) in enumerate(INSERTS.items()):
        await insert(shelf.model, f"new {number}")
        stored = await mongo.raw[shelf.model.get_collection_name()].find_one({"code": f"new {number}"})
        assert stored is not None, way
        assert (stored["created_by"], stored["updated_by"]) == (shelf.reader.id, shelf.reader.id), way
        assert (stored["revision"], stored["deleted_at"]) == (1, None), way
        assert abs((stored["created_at"] - datetime.now(UTC)).total_seconds()) < 600, way
        assert stored["created_at"] == stored["updated_at"], way


SPOOFS: list[Any] = [
    *({"$set": {name: value}} for name, value in SPOOFED.items()),
    {"$unset": {"deleted_at": ""}},
    {"$unset": {"created_by": ""}},
    {"$inc": {"revision": -1}},
    {"$mul": {"revision": 0}},
    {"$min": {"created_at": LONG_AGO}},
    {"$max": {"updated_at": LONG_AGO}},
    {"$currentDate": {"created_at": True}},
    {"$rename": {"created_by": "title"}},
    {"$rename": {"title": "created_by"}},
    {"$rename": {"title": "created_by.x"}},
    {"$rename": {"title": "_id"}},
    {"$setOnInsert": {"created_by": VICTIM}},
    {"$set": {"created_by.x": 1}},
    {"$set": {"revision.$[]": 1}},
    {"$push": {"created_by": 1}},
    {"$bit": {"revision": {"and": 0}}},
    {"$set": {"_id": ObjectId()}},
    {"$set": {Name.OWNER: VICTIM}},
    {"$set": {Name.ID: ObjectId()}},
    {"$rename": {"title": Name.OWNER}},
    {"$pull": {"parts": {"$where": "true"}}},
    {"$unknown": {"title": 1}},
    {"title": "no operator"},
    [{"$set": {"created_by": VICTIM}}],
    [{"$set": {Name.OWNER: VICTIM}}],
    [{"$addFields": {"revision": 1}}],
    [{"$unset": "deleted_at"}],
    [{"$unset": ["title", "created_by"]}],
    [{"$set": {"_id": ObjectId()}}],
    [{"$replaceWith": {"title": "x"}}],
    [{"$replaceRoot": {"newRoot": {}}}],
    [{"$project": {"title": 1}}],
    [{"$set": {"title": {"$function": {"body": "", "args": [], "lang": "js"}}}}],
]


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_stamps_and_ids_cannot_be_written(shelf: Shelf, mongo: Connection) -> None:
    """No operator and no pipeline writes a protected field, by no spelling, on no method; harmless ones work."""
    raw = shelf.model.get_pymongo_collection()
    query = {"_id": shelf.seen.id}
    before = await _raw(mongo, shelf.seen)
    for spoof in SPOOFS:
        for write in (
            lambda spoof=spoof: raw.update_one(query, spoof),
            lambda spoof=spoof: raw.update_many(query, spoof),
            lambda spoof=spoof: raw.find_one_and_update(query, spoof),
            lambda spoof=spoof: raw.bulk_write([UpdateOne(query, spoof)]),
            lambda spoof=spoof: raw.update_one({"code": "none"}, spoof, upsert=True),
        ):
            with pytest.raises(GuardRefusalError):
                await write()
    assert await _raw(mongo, shelf.seen) == before
    await raw.update_one(query, [{"$set": {"title": {"$concat": ["$title", "!"]}}}])
    await raw.update_one(query, {"$set": {"parts": [{"n": 1}, {"n": 2}]}})
    await raw.update_one(query, {"$set": {"parts.$[big].n": 9, "meta.created_by": 1}}, array_filters=[{"big.n": 2}])
    operation = UpdateOne(query, {"$set": {"parts.$[big].n": 8}}, array_filters=[{"big.n": 9}])
    await raw.bulk_write([operation])
    after = await _raw(mongo, shelf.seen)
    assert (after["title"], after["parts"], after["meta"]) == ("one!", [{"n": 1}, {"n": 8}], {"created_by": 1})
    assert after["revision"] == 5


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_an_upsert_takes_no_stamp_from_its_filter(shelf: Shelf, mongo: Connection) -> None:
    """The filter of an upsert becomes part of the new document, so it must not name protected fields."""
    raw = shelf.model.get_pymongo_collection()
    for query in (
        {"created_by": VICTIM},
        {Name.OWNER: VICTIM},
        {"$and": [{"revision": 41}]},
        {"$and": [{"code": "x", "$or": [{"created_at": LONG_AGO}]}]},
        {"deleted_at": LONG_AGO},
    ):
        for write in (
            lambda query=query: raw.update_one(query, {"$set": {"code": "y"}}, upsert=True),
            lambda query=query: raw.find_one_and_update(query, {"$set": {"code": "y"}}, upsert=True),
            lambda query=query: raw.bulk_write([UpdateMany(query, {"$set": {"code": "y"}}, upsert=True)]),
        ):
            with pytest.raises(GuardRefusalError):
                await write()
    for refused in (
        raw.replace_one({"code": "y"}, {"code": "y"}, upsert=True),
        raw.bulk_write([ReplaceOne({}, {}, upsert=True)]),
    ):
        with pytest.raises(GuardRefusalError):
            await refused
    assert await mongo.raw[raw.name].count_documents({"code": "y"}) == 0


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_a_refused_write_stops_the_whole_bulk(shelf: Shelf, mongo: Connection) -> None:
    """A bulk with one write that is not allowed does nothing at all."""
    raw = shelf.model.get_pymongo_collection()
    before = await mongo.raw[raw.name].count_documents({})
    with pytest.raises(GuardRefusalError):
        await raw.bulk_write([InsertOne({"code": "first"}), UpdateOne({}, {"$set": {"revision": 1}})])
    assert await mongo.raw[raw.name].count_documents({}) == before
    await raw.bulk_write([InsertOne({"code": "first"}), UpdateOne({"code": "first"}, {"$set": {"title": "x"}})])
    assert await mongo.raw[raw.name].count_documents({}) == before + 1


async def test_an_id_that_is_taken_is_not_taken_over(shelf: Shelf, mongo: Connection) -> None:
    """A new document with the id of a hidden one is refused, and the hidden one stays as it was."""
    before = await _raw(mongo, shelf.hidden)
    for attempt in (
        shelf.model(id=shelf.hidden.id, code="theft").insert(),
        shelf.model(id=shelf.hidden.id, code="theft").save(),
    ):
        with pytest.raises(ConflictError):
            await attempt
    with pytest.raises(BulkWriteError):
        await shelf.model.insert_many([shelf.model(id=shelf.hidden.id, code="theft")])
    assert await _raw(mongo, shelf.hidden) == before


async def test_a_twin_class_is_under_the_same_rules(shelf: Shelf, library: GuardedDatabase) -> None:
    """A class somebody else connects to the same collection sees and writes what the reader may."""

    class Twin(Document):
        code: str
        title: str = ""

        class Settings:
            name = shelf.model.get_collection_name()

    class Quiet(Initializer):
        def __init__(self) -> None:
            self.inited_classes, self.document_models = [], [Twin]
            self.skip_indexes, self.recreate_views, self.allow_index_dropping = True, False, False
            self.database = library  # type: ignore[assignment]
            self._database_major_version, self._existing_collections = 8, []

        async def _load_cached_info(self) -> None: ...

    await Quiet()
    assert [each.id for each in await Twin.find_all().to_list()] == [shelf.seen.id]
    assert await Twin.get(shelf.hidden.id) is None
    await Twin.find_all().delete()
    assert await shelf.model.count() == 0


async def test_the_system_may_take_stamps_over(library: GuardedDatabase, mongo: Connection) -> None:
    """Inside a system context data from elsewhere keeps its authors and times; users cannot do that."""
    raw = library["library.Page"]
    with acting_as(SYSTEM), system_context():
        await raw.insert_many([{"code": "old"} | SPOOFED | {"deleted_at": None}])
    with acting_as(SYSTEM):
        await Page.insert_many([Page(code="own", **SPOOFED)])
    stored = {each["code"]: each async for each in mongo.raw["library.Page"].find()}
    assert (stored["old"]["created_by"], stored["old"]["created_at"], stored["old"]["revision"]) == (
        VICTIM,
        LONG_AGO,
        41,
    )
    assert (stored["own"]["created_by"], stored["own"]["revision"]) == (SYSTEM.id, 1)


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_only_a_hidden_document_counts_as_missing(shelf: Shelf) -> None:
    """The error for a hidden document is the one for a missing one, and not the one for a stale one."""
    shelf.hidden.title = "x"
    with pytest.raises(NotFoundError):
        await shelf.hidden.save()
    await shelf.seen.model_copy().set({"title": "newer"})
    shelf.seen.title = "older"
    with pytest.raises(ConflictError):
        await shelf.seen.save()
