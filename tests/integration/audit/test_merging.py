"""Two people who save the same document: what does not overlap is merged, and what does is shown to the second."""

import asyncio
import json
from typing import Any

import pytest
from beanie import Link
from pydantic import model_validator

from tests.integration.audit.journal import brief, entries
from tests.integration.data.models import Note, Page, Tag
from webos.data.conflicts import EditConflictError
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo
from webos.data.server_traits import ServerTraits
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.usefixtures("tripwire", "library")


@pytest.fixture(params=[Note, Page])
def model(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def _acting(anna: Principal) -> Any:
    with acting_as(anna):
        yield


async def _two(model: type[Note], **values: Any) -> tuple[Note, Note]:
    first = await model(code="it", **values).insert()
    second = await model.get(first.id)
    assert second is not None
    return first, second


async def test_edits_of_other_fields_are_merged(model: type[Note], mongo: Connection) -> None:
    """The second to save keeps what the first has changed, has it in the object, and is in the journal with his own."""
    mine, theirs = await _two(model, title="a", words=["a"], parts=[{"n": 1}])
    theirs.title = "theirs"
    theirs.parts[0]["n"] = 2
    await theirs.save()
    mine.words.append("b")
    await mine.save()
    assert (mine.title, mine.words, mine.parts, mine.revision) == ("theirs", ["a", "b"], [{"n": 2}], 3)
    stored = await model.get(mine.id)
    assert stored is not None
    assert stored == mine
    assert [brief(entry)[2] for entry in await entries(mongo)][1:] == [
        {"title": ("a", "theirs"), "parts": ([{"n": 1}], [{"n": 2}])},
        {"words": (["a"], ["a", "b"])},
    ]
    mine.rank = 1
    await mine.save()
    assert mine.revision == 4


async def test_edits_of_the_same_field_are_shown(model: type[Note]) -> None:
    """The conflict has mine, theirs and base of each field that both changed, also as JSON; nothing was stored."""
    tag = await Tag(word="red").insert()
    mine, theirs = await _two(model, title="a", words=["a"])
    theirs.title, theirs.rank = "theirs", 1
    theirs.main_tag = Link(tag.to_ref(), Tag)  # type: ignore[no-untyped-call]
    await theirs.save()
    mine.title, mine.words = "mine", []
    mine.price += 1
    with pytest.raises(EditConflictError) as caught:
        await mine.save()
    assert list(caught.value.conflicts) == ["title"]
    problem = json.loads(json.dumps(caught.value.problem()))
    assert problem["conflicts"] == {"title": {"mine": "mine", "theirs": "theirs", "base": "a"}}
    assert problem["status"] == 409
    assert (mine.title, mine.rank, mine.revision) == ("mine", 0, 1)
    stored = await model.get(mine.id)
    assert stored is not None
    assert (stored.title, stored.words, stored.revision) == ("theirs", ["a"], 2)


async def test_the_same_edit_is_no_conflict_but_counting_is(model: type[Note]) -> None:
    """Two who choose the same title agree; of two who count up or add to a list, one would be lost."""
    mine, theirs = await _two(model, title="a")
    for each in (theirs, mine):
        each.title = "same"
        await each.save()
    assert mine.revision == 3
    for field, value in (("rank", 1), ("words", ["x"])):
        first = await model.get(mine.id)
        second = await model.get(mine.id)
        assert first is not None
        assert second is not None
        for each in (first, second):
            setattr(each, field, value)
        await first.save()
        with pytest.raises(EditConflictError):
            await second.save()


async def test_only_what_differs_is_written(model: type[Note], mongo: Connection) -> None:
    """A save writes no field that was not changed, so that it is not in the journal and not written over."""
    note, _ = await _two(model, title="a", words=["a"])
    raw = mongo.raw[model.get_collection_name()]
    await raw.update_one({"_id": note.id, "deleted_at": None}, {"$set": {"title": "past the framework", "more": 1}})
    note.rank = 1
    await note.save()
    stored = await raw.find_one({"_id": note.id, "deleted_at": None})
    assert stored is not None
    assert (stored["title"], stored["more"], stored["rank"]) == ("past the framework", 1, 1)
    await note.save()
    assert [brief(entry)[2] for entry in await entries(mongo)][2:] == [{}]


async def test_a_document_that_is_gone_is_not_merged(model: type[Note], bert: Principal) -> None:
    """A save of what was deleted meanwhile, or belongs to somebody else, finds nothing."""
    mine, theirs = await _two(model)
    await theirs.delete()
    mine.title = "x"
    with pytest.raises(NotFoundError):
        await mine.save()
    other = await model(code="other").insert()
    other.title = "x"
    if model is Note:
        with acting_as(bert), pytest.raises(NotFoundError):
            await other.save()


async def test_a_revision_that_the_caller_sets_asks_for_that_one(model: type[Note]) -> None:
    """Who says which revision he has seen gets a conflict on any other, without merging."""
    mine, theirs = await _two(model)
    theirs.rank = 1
    await theirs.save()
    current = await model.get(mine.id)
    assert current is not None
    current.revision = 1
    current.title = "x"
    with pytest.raises(ConflictError):
        await current.save()


async def test_many_writers_of_different_fields_all_get_through(model: type[Note], mongo: Connection) -> None:
    """Writers of different fields at the same time lose nothing and need not repeat; the journal has each once."""
    note = await model(code="it").insert()
    changes: list[dict[str, Any]] = [{"title": "t"}, {"rank": 3}, {"words": ["w"]}, {"parts": [{"n": 1}]}]
    copies = [await model.get(note.id) for _ in changes]

    async def change(copy: Note | None, values: dict[str, Any]) -> None:
        assert copy is not None
        for name, value in values.items():
            setattr(copy, name, value)
        await copy.save()

    await asyncio.gather(*(change(copy, values) for copy, values in zip(copies, changes, strict=True)))
    stored = await model.get(note.id)
    assert stored is not None
    assert (stored.title, stored.rank, stored.words, stored.parts) == ("t", 3, ["w"], [{"n": 1}])
    found = await entries(mongo, operation="update")
    assert sorted(entry["revision"] for entry in found) == [2, 3, 4, 5]
    assert sorted(name for entry in found for name in entry["changes"]) == ["parts", "rank", "title", "words"]


async def test_fetched_documents_merge_and_keep_their_links(mongo: Connection) -> None:
    """A document that was read with its links is merged like any other, and its links stay links."""
    tags = [await Tag(word=word).insert() for word in ("red", "blue")]
    page = await Page(code="it", tags=tags).insert()
    fetched = await Page.find_one(Page.code == "it", fetch_links=True)
    assert fetched is not None
    page.title = "theirs"
    await page.save()
    fetched.rank = 2
    await fetched.save()
    row = await mongo.raw["library.Page"].find_one({"code": "it", "deleted_at": None})
    assert row is not None
    assert (row["title"], row["rank"], [each.id for each in row["tags"]]) == ("theirs", 2, [tag.id for tag in tags])
    assert [brief(entry)[2] for entry in await entries(mongo, documents=page.id)][2] == {"rank": (0, 2)}
    assert [tag.word for tag in fetched.tags] == ["red", "blue"]  # type: ignore[attr-defined]


class Range(CoreDocument):
    """A document with a rule over two fields."""

    low: int = 0
    high: int = 10

    @model_validator(mode="after")
    def _check(self) -> "Range":
        if self.low > self.high:
            msg = "low must not be above high"
            raise ValueError(msg)
        return self


async def test_a_merge_that_breaks_a_rule_is_a_conflict(library: GuardedDatabase, traits: ServerTraits) -> None:
    """Each edit is valid alone; together they are not, and nothing is stored of the second."""
    info = ModelInfo("library.Range", "library", Range, None, None)
    await initialize_models(library, [info], major_version=traits.major_version)
    first = await Range().insert()
    second = await Range.get(first.id)
    assert second is not None
    first.high = 3
    await first.save()
    second.low = 5
    with pytest.raises(EditConflictError) as caught:
        await second.save()
    assert "does not fit" in caught.value.user_message
    assert caught.value.conflicts["low"].mine == 5
    stored = await Range.get(first.id)
    assert stored is not None
    assert (stored.low, stored.high, second.low, second.high) == (0, 3, 5, 10)
