"""Storing many documents at once, of which some are stored already."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from beanie import PydanticObjectId
from bson import ObjectId

from tests.integration.data.models import Board, Note, Page, Tag
from webos.data.connection import Connection
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError, NotSignedInError

pytestmark = pytest.mark.usefixtures("library")


def pages(start: int, end: int) -> list[Page]:
    return [Page(id=PydanticObjectId(number.to_bytes(12, "big")), code=f"P-{number}") for number in range(start, end)]


async def test_stores_what_is_missing_only(anna: Principal) -> None:
    """Of documents that are stored in part, the rest is stored; none is there twice, and the number says how many."""
    with acting_as(anna):
        first = await Page.insert_missing(pages(0, 700))
        second = await Page.insert_missing(pages(500, 1700))
        third = await Page.insert_missing(pages(0, 1700))

        assert (first, second, third) == (700, 1000, 0)
        assert await Page.find_all().count() == 1700


async def test_nothing_to_store(anna: Principal) -> None:
    """No documents are none that were new."""
    with acting_as(anna):
        assert await Page.insert_missing([]) == 0


async def test_stored_documents_stay_as_they_are(anna: Principal) -> None:
    """A document that was changed since is not overwritten, and a deleted one does not come back."""
    with acting_as(anna):
        await Page.insert_missing(pages(0, 3))
        changed = await Page.find_one(Page.code == "P-0")
        deleted = await Page.find_one(Page.code == "P-1")
        assert changed is not None
        assert deleted is not None
        changed.title = "by hand"
        await changed.save()
        await deleted.delete()

        assert await Page.insert_missing(pages(0, 4)) == 1

        titles = {page.code: page.title async for page in Page.find_all()}
    assert titles == {"P-0": "by hand", "P-2": "", "P-3": ""}


async def test_another_unique_value_is_a_conflict(anna: Principal) -> None:
    """A unique value of another document is a conflict that names the field; what is free is stored all the same."""
    with acting_as(anna):
        await Page(code="P-1").insert()

        with pytest.raises(ConflictError) as refused:
            await Page.insert_missing(pages(0, 3))

        codes = sorted([page.code async for page in Page.find_all()])
    assert refused.value.fields == {"code": "This value is already in use."}
    assert codes == ["P-0", "P-1", "P-2"]


async def test_a_value_that_was_given_up_is_free(anna: Principal) -> None:
    """A unique value that a document had once, and another one that is deleted, can be used again."""
    with acting_as(anna):
        once = await Page(code="P-0").insert()
        once.code = "other"
        await once.save()
        await (await Page(code="P-1").insert()).delete()

        assert await Page.insert_missing(pages(0, 2)) == 2


async def test_stamps_are_those_of_the_acting_user(mongo: Connection, anna: Principal, bert: Principal) -> None:
    """Author, times and revision are written by the guard, whatever the documents say."""
    before = datetime.now(UTC).replace(microsecond=0)
    spoofed = Note(id=PydanticObjectId(), code="x", created_by=bert.id, deleted_at=before, revision=9)

    with acting_as(anna):
        await Note.insert_missing([spoofed])

    stored = await mongo.raw[Note.get_collection_name()].find_one({"_id": spoofed.id})
    assert stored is not None
    assert (stored["created_by"], stored["updated_by"], stored["revision"]) == (anna.id, anna.id, 1)
    assert stored["deleted_at"] is None
    assert stored["created_at"] == stored["updated_at"] >= before


async def test_what_is_stored_is_what_insert_stores(mongo: Connection, anna: Principal) -> None:
    """Links, numbers, times, lists and nested values are stored byte by byte as a single insert stores them."""
    with acting_as(anna):
        tag = await Tag(word="red").insert()
        for fields in (
            {"title": "plain", "rank": 3, "seen_at": datetime(2013, 1, 1, tzinfo=UTC), "main_tag": tag},
            {"price": Decimal("2.50"), "words": ["a", "b"], "parts": [{"n": 1}], "tags": [tag]},
        ):
            single = await Page(code=uuid4().hex, **fields).insert()
            many = Page(id=PydanticObjectId(), code=uuid4().hex, **fields)
            await Page.insert_missing([many])

            raw = mongo.raw[Page.get_collection_name()]
            one, other = [await raw.find_one({"_id": page.id}) for page in (single, many)]
            assert one is not None
            assert other is not None
            own = {"_id", "code", "created_at", "updated_at"}
            assert {key: other[key] for key in other if key not in own} == {
                key: one[key] for key in one if key not in own
            }
            assert list(other) == list(one)


async def test_back_links_are_not_stored(mongo: Connection, anna: Principal) -> None:
    """A field that shows what links to the document is none of the document's own."""
    tag = Tag(id=PydanticObjectId(), word="red")

    with acting_as(anna):
        await Tag.insert_missing([tag])

    stored = await mongo.raw[Tag.get_collection_name()].find_one({"_id": tag.id})
    assert stored is not None
    assert "notes" not in stored


async def test_ids_are_made_where_there_are_none(anna: Principal) -> None:
    """Documents without ids are new ones."""
    with acting_as(anna):
        assert await Board.insert_missing([Board(name="a"), Board(name="b")]) == 2
        assert all(isinstance(board.id, ObjectId) for board in await Board.find_all().to_list())


async def test_documents_are_made_and_encoded_off_the_event_loop(anna: Principal) -> None:
    """The documents are read in a thread, so that making very many does not hold up others."""
    threads = set()

    def made() -> Iterator[Page]:
        for page in pages(0, 250):
            threads.add(threading.get_ident())
            yield page

    with acting_as(anna):
        assert await Page.insert_missing(made()) == 250

    assert threads
    assert threading.get_ident() not in threads


async def test_a_user_is_needed() -> None:
    """Without a user nothing is stored."""
    with pytest.raises(NotSignedInError):
        await Page.insert_missing(pages(0, 1))
