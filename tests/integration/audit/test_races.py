"""Many writers at once: each change has exactly one entry, and the chain of entries has no gap and no fork."""

import asyncio
import itertools
import random
from typing import Any

import pytest
from beanie import PydanticObjectId
from pymongo import DeleteOne, UpdateOne

from tests.integration.audit.journal import entries, stored_row
from tests.integration.data.models import Note, Page
from webos.data.audit.journal import Journal
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.usefixtures("tripwire", "library")


@pytest.fixture(autouse=True)
def _acting(anna: Principal) -> Any:
    with acting_as(anna):
        yield


async def _assert_chain(mongo: Connection, identity: PydanticObjectId | None) -> None:
    """Assert that the entries of a document lead from its insert to what is stored, one for each revision."""
    stored = await stored_row(mongo, "library.Page", _id=identity)
    found = sorted(await entries(mongo, documents=identity), key=lambda entry: entry["revision"])
    assert [entry["revision"] for entry in found] == list(range(1, stored["revision"] + 1))
    assert (found[-1]["at"], found[-1]["by"]) == (stored["updated_at"], stored["updated_by"])
    values: dict[str, Any] = {}
    for before, entry in itertools.pairwise(found):
        assert (entry["before_at"], entry["before_by"]) == (before["at"], before["by"])
        for name, change in entry.get("changes", {}).items():
            assert name not in values or values[name] == change.get("old")
            values[name] = change.get("new")
    assert all(stored[name] == value for name, value in values.items())


async def test_bulk_changes_race_with_saves(mongo: Connection) -> None:
    """Changes of many documents, single saves, increments and deletions at once lose nothing and are all on record."""
    pages = [await Page(code=f"n{number}").insert() for number in range(12)]
    collection = Page.get_pymongo_collection()
    increments = 0
    chance = random.Random(7)  # noqa: S311 - no secret

    async def many() -> None:
        nonlocal increments
        result = await collection.update_many({"code": {"$regex": "^n"}}, {"$inc": {"rank": 1}})
        increments += result.modified_count

    async def one(page: Page) -> None:
        nonlocal increments
        result = await collection.update_one({"_id": page.id}, {"$inc": {"rank": 1}})
        increments += result.modified_count

    async def save(page: Page) -> None:
        copy = await Page.get(page.id)
        assert copy is not None
        copy.title = f"t{chance.random()}"
        for _ in range(50):
            try:
                await copy.save()
            except ConflictError:
                copy = await Page.get(page.id)
                assert copy is not None
                copy.title = f"t{chance.random()}"
            else:
                return

    async def bulk() -> None:
        nonlocal increments
        result = await collection.bulk_write([UpdateOne({"_id": page.id}, {"$inc": {"rank": 1}}) for page in pages])
        increments += result.modified_count

    await asyncio.gather(
        *(many() for _ in range(3)),
        *(bulk() for _ in range(3)),
        *(one(page) for page in pages for _ in range(2)),
        *(save(page) for page in pages for _ in range(2)),
    )
    stored = [await stored_row(mongo, "library.Page", _id=page.id) for page in pages]
    assert increments == 12 * 8
    assert sum(row["rank"] for row in stored) == increments
    for page in pages:
        await _assert_chain(mongo, page.id)


async def test_of_two_writers_of_one_document_both_are_on_record(mongo: Connection) -> None:
    """Fifty pairs of writers of the same document: who is refused leaves no entry."""
    page = await Page(code="it").insert()
    done = 0
    for number in range(50):
        copies = [await Page.get(page.id) for _ in range(2)]
        for which, copy in enumerate(copies):
            assert copy is not None
            copy.title = f"{number} {which}"
        results = await asyncio.gather(*(copy.save() for copy in copies if copy), return_exceptions=True)
        assert sum(isinstance(result, ConflictError) for result in results) == 1
        done += 1
    assert (await stored_row(mongo, "library.Page", _id=page.id))["revision"] == done + 1
    await _assert_chain(mongo, page.id)


async def test_deletions_race_with_changes(mongo: Connection) -> None:
    """A document that is changed and deleted at once ends deleted, with both on record or the change refused."""
    for number in range(20):
        page = await Page(code=f"n{number}").insert()
        copy = await Page.get(page.id)
        assert copy is not None
        copy.title = "x"
        collection = Page.get_pymongo_collection()
        results = await asyncio.gather(
            collection.bulk_write([DeleteOne({"_id": page.id})]), copy.save(), return_exceptions=True
        )
        assert not isinstance(results[0], BaseException)
        assert results[0].deleted_count == 1
        assert isinstance(results[1], (Page, NotFoundError))
        assert (await stored_row(mongo, "library.Page", _id=page.id))["deleted_at"] is not None
        await _assert_chain(mongo, page.id)


async def test_entries_of_many_writers_go_together(library: GuardedDatabase, mongo: Connection) -> None:
    """While one request is under way, the entries of other writers gather for the next one."""
    sent = 0
    store = Journal._store

    async def counted(self: Journal, waiting: Any) -> None:
        nonlocal sent
        sent += 1
        await store(self, waiting)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "_store", counted)
        await asyncio.gather(*(Note(code=f"n{number}").insert() for number in range(100)))
    assert sent <= 5
    assert len(await entries(mongo)) == 100
    assert library.journal is not None


async def test_a_transaction_takes_its_entries_back(mongo: Connection) -> None:
    """What is written in a transaction is on record if it is committed, and not if it is not."""
    page = await Page(code="it", title="a").insert()
    other = await Page(code="other").insert()

    async def work(*, fail: bool) -> None:
        async with mongo.client.start_session() as session, await session.start_transaction():
            await Page(code=f"new {fail}").insert(session=session)
            copy = await Page.get(page.id, session=session)
            assert copy is not None
            copy.title = f"b {fail}"
            await copy.save(session=session)
            await Page.find_one(Page.code == "it").update({"$push": {"words": "x"}}, session=session)
            await other.set({"rank": 1}, session=session)
            if fail:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        await work(fail=True)
    assert [entry["operation"] for entry in await entries(mongo)] == ["insert", "insert"]
    await other.sync()
    await work(fail=False)
    assert [entry["operation"] for entry in await entries(mongo)][2:] == ["insert", "update", "update", "update"]
    await _assert_chain(mongo, page.id)
    await _assert_chain(mongo, other.id)
