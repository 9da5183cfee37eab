"""Writes that are based on what somebody else has changed meanwhile, and values that are taken."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from beanie import PydanticObjectId
from beanie.odm.bulk import BulkWriter
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from tests.integration.data.models import Article, Note, Page
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.server_traits import ServerTraits
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture(params=[Note, Page])
def model(request: pytest.FixtureRequest) -> Any:
    """A class of documents with owners, and one without."""
    return request.param


@pytest.fixture(autouse=True)
def _acting(anna: Principal) -> Any:
    with acting_as(anna):
        yield


async def _in_bulk(document: Article, queue: Callable[[BulkWriter], Awaitable[object]], **options: Any) -> None:
    async with type(document).bulk_writer(**options) as writer:
        await queue(writer)


async def _mixed(document: Article, *, ordered: bool) -> object:
    fields = document.model_dump(include={"code", "title", "revision"})
    operations: list[InsertOne[Any] | ReplaceOne[Any] | UpdateOne] = [
        InsertOne({"code": "before"}),
        ReplaceOne({"_id": document.id}, fields),
        UpdateOne({"code": "other"}, {"$set": {"title": "x"}}),
    ]
    return await type(document).get_pymongo_collection().bulk_write(operations, ordered=ordered)


def _row(document: Article) -> dict[str, Any]:
    return document.model_dump(include={"code", "title", "revision"})


WRITES: dict[str, Callable[[Article], Awaitable[object]]] = {
    "save": lambda it: it.save(),
    "replace": lambda it: it.replace(),
    "set": lambda it: it.set({"title": "mine"}),
    "inc": lambda it: it.inc({"rank": 1}),
    "update": lambda it: it.update({"$set": {"title": "mine"}}),
    "delete": lambda it: it.delete(),
    "bulk replace": lambda it: _in_bulk(it, lambda to: it.replace(bulk_writer=to)),
    "bulk set": lambda it: _in_bulk(it, lambda to: it.set({"title": "mine"}, bulk_writer=to)),
    "bulk delete": lambda it: _in_bulk(it, lambda to: it.delete(bulk_writer=to)),
    "unordered bulk": lambda it: _in_bulk(it, lambda to: it.replace(bulk_writer=to), ordered=False),
    "mixed bulk": lambda it: _mixed(it, ordered=True),
    "mixed unordered bulk": lambda it: _mixed(it, ordered=False),
    "replace many": lambda it: type(it).replace_many([it]),
    "find one and replace": lambda it: type(it).find_one({"_id": it.id}).replace_one(it),
    "raw replace": lambda it: type(it).get_pymongo_collection().replace_one({"_id": it.id}, _row(it)),
    "raw find and replace": lambda it: type(it).get_pymongo_collection().find_one_and_replace({"_id": it.id}, _row(it)),
}


@pytest.mark.parametrize("way", WRITES)
async def test_a_stale_write_is_one_conflict(model: type[Note], mongo: Connection, way: str) -> None:
    """Every way to write raises ConflictError on what was changed since it was read, and changes nothing there.

    Read again, the same write succeeds; so does a second one on the same object.
    """
    first = await model(code="it", title="old").insert()
    stale = await model.get(first.id)
    assert stale is not None
    await first.set({"title": "theirs"})
    stale.title = "mine"
    with pytest.raises(ConflictError) as caught:
        await WRITES[way](stale)
    assert "Somebody else changed this" in caught.value.user_message
    raw = mongo.raw[model.get_collection_name()]
    stored = await raw.find_one({"_id": first.id})
    assert stored is not None
    assert (stored["title"], stored["revision"], stored["deleted_at"]) == ("theirs", 2, None)
    await raw.delete_many({"code": "before"})
    fresh = await model.get(first.id)
    assert fresh is not None
    fresh.title = "mine"
    await WRITES[way](fresh)
    stored = await raw.find_one({"_id": first.id})
    assert stored is not None
    assert stored["revision"] == 3
    assert (stored["deleted_at"] is not None) is ("delete" in way)


@pytest.mark.parametrize(
    "way", [way for way in WRITES if "delete" not in way and "raw" not in way and "mixed" not in way]
)
async def test_an_object_can_be_written_again_and_again(model: type[Note], way: str) -> None:
    """After each way to write, the object at hand has the stored revision."""
    document = await model(code="it").insert()
    for expected in (2, 3, 4):
        await WRITES[way](document)
        if way == "find one and replace":
            await document.sync()
        assert document.revision == expected
    stored = await model.get(document.id)
    assert stored is not None
    assert stored.revision == 4


async def test_of_many_writers_one_wins_each_round(model: type[Note]) -> None:
    """Twelve writers that repeat on a conflict lose no increment."""
    document = await model(code="it").insert()

    async def increment() -> int:
        for conflicts in range(100):
            mine = await model.get(document.id)
            assert mine is not None
            mine.rank += 1
            try:
                await mine.save()
            except ConflictError:
                continue
            return conflicts
        raise AssertionError

    await asyncio.gather(*(increment() for _ in range(12)))
    stored = await model.get(document.id)
    assert stored is not None
    assert (stored.rank, stored.revision) == (12, 13)


async def test_a_write_may_ignore_the_revision(model: type[Note]) -> None:
    """`ignore_revision` writes over what others did, and leaves the object with the revision that is stored."""
    first = await model(code="it").insert()
    stale = await model.get(first.id)
    assert stale is not None
    for title in ("a", "b"):
        await first.set({"title": title})
    stale.title = "mine"
    await stale.save(ignore_revision=True)
    assert stale.revision == 4
    await stale.set({"title": "again"})
    await first.delete(ignore_revision=True)
    assert await model.count() == 0


async def test_a_conflict_leaves_the_object_as_it_was(model: type[Note]) -> None:
    """A refused insert or save does not pretend to have been stored."""
    taken = await model(code="taken").insert()
    refused = model(code="taken")
    with pytest.raises(ConflictError):
        await refused.insert()
    assert (refused.revision, refused.created_by, refused.id) == (0, None, None)
    refused.code = "free"
    await refused.insert()
    assert refused.revision == 1
    refused.code = taken.code
    with pytest.raises(ConflictError):
        await refused.save()
    assert refused.revision == 1
    refused.code = "free again"
    await refused.save()
    assert refused.revision == 2


TAKEN: dict[str, Callable[[type[Note], Note], Awaitable[object]]] = {
    "insert": lambda model, _: model(code="taken").insert(),
    "save new": lambda model, _: model(code="taken").save(),
    "save": lambda _, other: _with_code(other).save(),
    "replace": lambda _, other: _with_code(other).replace(),
    "set": lambda _, other: other.set({"code": "taken"}),
}


def _with_code(document: Note) -> Note:
    document.code = "taken"
    return document


@pytest.mark.parametrize("way", TAKEN)
async def test_a_value_that_is_taken_is_named(model: type[Note], way: str, bert: Principal) -> None:
    """The error names the field and nothing of the document that has the value, be it somebody else's."""
    await model(code="taken", title="secret").insert()
    with acting_as(bert):
        other = await model(code="other").insert()
        with pytest.raises(ConflictError) as caught:
            await TAKEN[way](model, other)
        assert caught.value.fields == {"code": "This value is already in use."}
        assert "secret" not in str(caught.value) + caught.value.user_message
        assert await model.find(model.code == "other").count() == 1


async def test_a_stored_document_is_not_inserted_twice(model: type[Note]) -> None:
    """A second insert of an object is a conflict about its id, not a missing document."""
    document = await model(code="it").insert()
    with pytest.raises(ConflictError):
        await document.insert()
    document.title = "x"
    await document.save()
    assert document.revision == 2


async def test_what_was_never_stored_is_not_found(model: type[Note]) -> None:
    """Replacing, updating or deleting an object without a stored document raises NotFoundError."""
    for attempt in (
        model(code="it").replace(),
        model(code="it").set({"title": "x"}),
        model(code="it").delete(),
        model(code="it", id=PydanticObjectId(), revision=3).save(),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_the_counts_of_a_bulk_are_those_of_its_writes(model: type[Note]) -> None:
    """A bulk of several kinds of writes reports what became of each kind; errors have the position of their write."""
    raw = model.get_pymongo_collection()
    documents = [await model(code=f"n{number}").insert() for number in range(4)]
    async with model.bulk_writer() as writer:
        await model.insert_one(model(code="new"), bulk_writer=writer)
        await documents[0].set({"title": "x"}, bulk_writer=writer)
        await documents[1].delete(bulk_writer=writer)
        await model.find(model.code == "n2").update({"$set": {"title": "y"}}, bulk_writer=writer)
        await model.find(model.code == "n3").delete(bulk_writer=writer)
        result = await raw.bulk_write(writer.operations)
        writer.operations.clear()
    assert (result.inserted_count, result.matched_count, result.modified_count, result.deleted_count) == (1, 2, 2, 2)
    for ordered, stored in ((True, 1), (False, 2)):
        operations: list[InsertOne[Any] | UpdateOne] = [
            UpdateOne({"code": "n0"}, {"$set": {"title": "z"}}),
            InsertOne({"code": f"first {ordered}"}),
            InsertOne({"code": "new"}),
            InsertOne({"code": f"last {ordered}"}),
        ]
        with pytest.raises(BulkWriteError) as caught:
            await raw.bulk_write(operations, ordered=ordered)
        assert [error["index"] for error in caught.value.details["writeErrors"]] == [2]
        assert await raw.count_documents({"code": {"$regex": f" {ordered}$"}}) == stored


async def test_a_conflict_inside_a_transaction_takes_everything_back(
    model: type[Note], mongo: Connection, library: GuardedDatabase
) -> None:
    """A stale write in a transaction raises ConflictError, and what was written before it is not stored."""
    del library
    first = await model(code="it").insert()
    stale = await model.get(first.id)
    assert stale is not None
    await first.set({"title": "theirs"})

    async def work() -> None:
        async with mongo.client.start_session() as session, await session.start_transaction():
            await model(code="new").insert(session=session)
            await stale.set({"title": "mine"}, session=session)

    with pytest.raises(ConflictError):
        await work()
    assert await model.find(model.code == "new").count() == 0
    async with mongo.client.start_session() as session, await session.start_transaction():
        await model(code="new").insert(session=session)
        await first.set({"title": "mine"}, session=session)
        assert (first.title, first.revision) == ("mine", 3)
        await first.set({"title": "mine too"}, session=session)
    assert await model.find(model.title == "mine too").count() == 1
    first.title = "after"
    await first.save()
    assert first.revision == 5


async def test_inserting_many_names_the_taken_one(model: type[Note]) -> None:
    """A batch with a taken value fails at its position; unordered, all others are stored."""
    await model(code="taken").insert()
    with pytest.raises(BulkWriteError) as caught:
        await model.insert_many([model(code=code) for code in ("a", "taken", "b")], ordered=False)
    assert [error["index"] for error in caught.value.details["writeErrors"]] == [1]
    assert sorted(await model.distinct("code")) == ["a", "b", "taken"]
    with pytest.raises(DuplicateKeyError):
        await model.get_pymongo_collection().insert_one({"code": "taken"})


async def test_updates_where_changing_and_reading_are_one_step(
    model: type[Note], library: GuardedDatabase, traits: ServerTraits, bert: Principal
) -> None:
    """On a server that is quick at it, an update changes and reads back at once, with the same rules and errors."""
    library.adapt(replace(traits, scanning_find_and_change=False))
    first = await model(code="it").insert()
    stale = await model.get(first.id)
    assert stale is not None
    await first.set({"title": "theirs", "words": ["a"]})
    assert (first.title, first.words, first.revision) == ("theirs", ["a"], 2)
    with pytest.raises(ConflictError):
        await stale.inc({"rank": 1})
    await stale.inc({"rank": 1}, ignore_revision=True)
    assert (stale.title, stale.rank, stale.revision) == ("theirs", 1, 3)
    await model(code="taken").insert()
    with pytest.raises(ConflictError) as caught:
        await stale.set({"code": "taken"})
    assert caught.value.fields == {"code": "This value is already in use."}
    await stale.delete()
    with pytest.raises(NotFoundError):
        await stale.set({"title": "x"})
    with acting_as(bert):
        mine = await model(code="mine").insert()
        await mine.set({"title": "x"})
        assert (mine.title, mine.updated_by) == ("x", bert.id)
