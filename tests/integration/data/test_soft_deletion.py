"""Deleting is marking as deleted, and what was deleted stands in nobody's way."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from beanie import DeleteRules
from pymongo import InsertOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from tests.integration.data.models import Note, Page, Tag
from webos.data.connection import Connection
from webos.data.server_traits import ServerTraits
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture(params=[Note, Page])
def model(request: pytest.FixtureRequest) -> Any:
    """A class of documents with owners, and one without."""
    return request.param


@pytest.fixture(autouse=True)
def _acting(anna: Principal) -> Any:
    with acting_as(anna):
        yield


async def _stored(mongo: Connection, model: type[Note], **query: Any) -> list[dict[str, Any]]:
    return await mongo.raw[model.get_collection_name()].find(query).to_list()


async def test_a_deleted_document_stays_stored_with_who_and_when(
    model: type[Note], mongo: Connection, anna: Principal
) -> None:
    """Deletion leaves the document, marks it, counts as a change, and marks the object at hand as well."""
    document = await model(code="it", title="kept").insert()
    result = await document.delete()
    assert result is not None
    assert result.deleted_count == 1
    (stored,) = await _stored(mongo, model)
    assert (stored["title"], stored["revision"], stored["updated_by"]) == ("kept", 2, anna.id)
    assert stored["deleted_at"] == stored["updated_at"] == document.deleted_at == document.updated_at
    assert document.revision == 2


async def test_deleting_with_the_links_deletes_what_was_fetched(model: type[Note]) -> None:
    """`DELETE_LINKS` goes through the same rules for each linked document."""
    tag = await Tag(word="red").insert()
    document = await model(code="it", main_tag=tag, tags=[tag]).insert()
    fetched = await model.get(document.id, fetch_links=True)
    assert fetched is not None
    fetched.tags = []
    await fetched.delete(link_rule=DeleteRules.DELETE_LINKS)
    assert await Tag.count() == 0
    assert await model.count() == 0


INSERTS: dict[str, Callable[[type[Note], str], Awaitable[object]]] = {
    "insert": lambda model, code: model(code=code).insert(),
    "save": lambda model, code: model(code=code).save(),
    "insert many": lambda model, code: model.insert_many(
        [model(code=f"{code} a"), model(code=code), model(code=f"{code} b")]
    ),
    "insert many, unordered": lambda model, code: model.insert_many([model(code=code)], ordered=False),
    "bulk": lambda model, code: model.get_pymongo_collection().bulk_write([InsertOne({"code": code})]),
    "insert missing": lambda model, code: model.insert_missing([model(code=code)]),
}


async def _change_to(model: type[Note], code: str) -> None:
    await (await model(code=f"{code} before").insert()).set({"code": code})


INSERTS["change"] = _change_to


@pytest.mark.parametrize("way", INSERTS)
async def test_a_value_can_be_used_again_after_deletion(model: type[Note], mongo: Connection, way: str) -> None:
    """What a deleted or changed document once had is free, as often as one likes; what a live one has is not."""
    for round_ in range(3):
        await INSERTS[way](model, "it")
        with pytest.raises((ConflictError, BulkWriteError)):
            await INSERTS[way](model, "it")
        document = await model.find_one(model.code == "it")
        assert document is not None
        if round_ == 1:
            await document.set({"code": "another"})
        await document.delete()
        await model.find({"code": {"$in": ["it before", "it a", "it b"]}}).delete()
    await INSERTS[way](model, "it")
    assert await model.find(model.code == "it").count() == 1
    assert len(await _stored(mongo, model, code="it", deleted_at=None)) == 1


async def test_of_many_who_use_a_value_again_at_once_one_gets_it(model: type[Note], mongo: Connection) -> None:
    """Uniqueness holds when many insert the same value that was free again, and nothing of the losers stays."""
    for round_ in range(4):
        code = f"it {round_}"
        await (await model(code=code).insert()).delete()
        results = await asyncio.gather(*(model(code=code).insert() for _ in range(12)), return_exceptions=True)
        assert [type(each) for each in results if isinstance(each, Exception)] == [ConflictError] * 11
        live = await _stored(mongo, model, code=code, deleted_at=None)
        assert len(live) == 1
        assert len(await _stored(mongo, model, code=code)) == 2


async def test_a_cancelled_insert_is_done_or_not(model: type[Note], mongo: Connection) -> None:
    """Whoever gives up while a value is being used again leaves a whole live document or none."""
    outcomes: set[int] = set()
    for delay in itertools.count():
        code = f"it {delay}"
        await (await model(code=code).insert()).delete()
        task = asyncio.create_task(model(code=code, title="whole").insert())
        for _ in range(delay):
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        live = await _stored(mongo, model, code=code, deleted_at=None)
        assert [(each["title"], each["revision"]) for each in live] in ([], [("whole", 1)])
        outcomes.add(len(live))
        if not live:
            await model(code=code).insert()
        assert await model.find(model.code == code).count() == 1
        if outcomes == {0, 1} and delay > 10:
            return


async def test_a_large_batch_passes_values_that_are_free_again(model: type[Note]) -> None:
    """A batch larger than a request, with free, used-again and taken values, stores all but the taken ones."""
    again = [f"again {number}" for number in range(5)]
    await model.insert_many([model(code=code) for code in [*again, "taken"]])
    await model.find({"code": {"$in": again}}).delete()
    codes = [f"new {number}" for number in range(1200)]
    codes[3:3] = again[:2]
    codes[700:700] = ["taken"]
    codes += again[2:]
    with pytest.raises(BulkWriteError) as caught:
        await model.insert_many([model(code=code) for code in codes], ordered=False)
    assert [error["index"] for error in caught.value.details["writeErrors"]] == [codes.index("taken")]
    assert await model.count() == 1200 + 5 + 1


async def test_in_a_transaction_a_freed_value_is_used_or_refused(
    model: type[Note], mongo: Connection, traits: ServerTraits
) -> None:
    """A transaction that uses a freed value again stores all of its work, or says so and stores nothing of it."""
    await (await model(code="it").insert()).delete()

    async def work() -> None:
        async with mongo.client.start_session() as session, await session.start_transaction():
            await model(code="other").insert(session=session)
            await model(code="it").insert(session=session)

    if traits.phantom_keys:
        with pytest.raises((ConflictError, OperationFailure)):
            await work()
    else:
        await work()
    assert await model.count() == (0 if traits.phantom_keys else 2)
    await model(code="it").insert()


async def test_unique_where_present(model: type[Note], mongo: Connection) -> None:
    """A raw duplicate of a live value is refused by the index itself, one of a deleted value is not."""
    raw = mongo.raw[model.get_collection_name()]
    document = await model(code="it").insert()
    with pytest.raises(DuplicateKeyError):
        await raw.insert_one({"code": "it", "deleted_at": None})
    await document.delete()
    await raw.insert_many([{"code": "it", "deleted_at": document.deleted_at} for _ in range(2)])
    assert await model.count() == 0
