"""Classes that somebody connects to the guarded database by himself: unions, families, views and views of the server."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from beanie import Document, PydanticObjectId, UnionDoc, View
from beanie.odm.utils.init import Initializer

from tests.integration.data.library import Shelf, describe
from tests.integration.data.models import Board
from tests.tripwire import Tripwire
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.guard.refusal import GuardRefusalError
from webos.data.initializer import initialize_models

_CLASS = "_class_id"
_PEEK = "library.Peek"


class _Quiet(Initializer):
    """Beanie's initializer as an attacker would bend it: it asks the server nothing that the guard refuses."""

    def __init__(self, database: GuardedDatabase, *models: Any) -> None:
        self.inited_classes, self.document_models = [], list(models)
        self.skip_indexes, self.recreate_views, self.allow_index_dropping = True, False, False
        self.database = database  # type: ignore[assignment]  # the guard stands where the driver's database stood
        self._database_major_version, self._existing_collections = (
            8,
            [getattr(each.Settings, "name", "") for each in models],
        )

    async def _load_cached_info(self) -> None: ...


async def _label(shelf: Shelf, mongo: Connection, tripwire: Tripwire, name: str) -> None:
    """Say in the stored documents which class they are of, as Beanie does for unions and families."""
    with tripwire.paused():
        await mongo.raw[shelf.model.get_collection_name()].update_many({}, {"$set": {_CLASS: name}})


async def _stored(shelf: Shelf, mongo: Connection, tripwire: Tripwire) -> dict[str, Any]:
    with tripwire.paused():
        row = await mongo.raw[shelf.model.get_collection_name()].find_one({"_id": shelf.hidden.id})
    assert row is not None
    return row


async def _only_the_seen_one(shelf: Shelf, model: Any) -> None:
    """Attack a class of the shelf's collection by all ways to read and write many."""
    escape = {"$or": [{"deleted_at": {"$ne": None}}, {"rank": {"$gte": 0}}]}
    for query in ({}, escape, {"code": "hidden"}, {"created_by": {"$exists": True}}):
        expected = [] if query.get("code") == "hidden" else [shelf.seen.id]
        assert [each.id for each in await model.find(query).to_list()] == expected, query
        assert await model.find(query).count() == len(expected), query
        rows = await model.aggregate([{"$match": query}]).to_list()
        assert [each["_id"] for each in rows] == expected, query
        one = await model.find_one(query)
        assert [each.id for each in [one] if each is not None] == expected, query
    assert await model.find({"_id": shelf.hidden.id}).to_list() == []
    await model.find({"_id": shelf.hidden.id}).update({"$set": {"title": "stolen"}})
    await model.find(escape).update({"$set": {"title": "mine"}})
    with pytest.raises(GuardRefusalError):
        await model.find({}).update({"$set": {"created_by": shelf.reader.id}})
    await model.find({"_id": shelf.hidden.id}).delete()
    await model.find(escape).delete()
    assert await model.find({}).to_list() == []


async def test_a_union_shows_what_its_reader_may_see(
    shelf: Shelf, library: GuardedDatabase, mongo: Connection, tripwire: Tripwire
) -> None:
    """A union over a guarded collection reads and writes the reader's own live document and no other."""
    name_ = shelf.model.get_collection_name()

    class Union(UnionDoc):
        class Settings:
            name = name_
            class_id = _CLASS

    class Leaf(Document):
        code: str
        title: str = ""

        class Settings:
            union_doc = Union

    await _Quiet(library, Union, Leaf)
    await _label(shelf, mongo, tripwire, "Leaf")
    before = await _stored(shelf, mongo, tripwire)
    found: list[Any] = await Union.find({}).to_list()
    assert [(type(each), each.code) for each in found] == [(Leaf, "seen")]
    assert await Leaf.get(shelf.hidden.id) is None
    await _only_the_seen_one(shelf, Union)
    assert await _stored(shelf, mongo, tripwire) == before


async def test_a_family_in_one_collection_shows_what_its_reader_may_see(
    shelf: Shelf, library: GuardedDatabase, mongo: Connection, tripwire: Tripwire
) -> None:
    """Neither the root of a family nor its child reaches what is hidden, with or without its children."""
    name_ = shelf.model.get_collection_name()

    class Root(Document):
        code: str
        title: str = ""

        class Settings:
            name = name_
            is_root = True
            class_id = _CLASS

    class Child(Root):
        rank: int = 0

        class Settings:
            name = name_

    await _Quiet(library, Root, Child)
    await _label(shelf, mongo, tripwire, Child._class_id or "")
    before = await _stored(shelf, mongo, tripwire)
    found = await Root.find({}, with_children=True).to_list()
    assert [(type(each), each.code) for each in found] == [(Child, "seen")]
    assert await Child.get(shelf.hidden.id) is None
    assert await Root.get(shelf.hidden.id, with_children=True) is None
    assert await Root.find({}, with_children=True).count() == 1
    await _only_the_seen_one(shelf, Child)
    assert await _stored(shelf, mongo, tripwire) == before


async def test_a_view_class_on_a_guarded_collection_is_guarded(shelf: Shelf, library: GuardedDatabase) -> None:
    """A view that claims to be there already reads, under the name of a collection, what the reader may see."""
    name_ = shelf.model.get_collection_name()

    class Peek(View):
        id: PydanticObjectId | None = None
        code: str = ""

        class Settings:
            name = name_
            source = name_
            pipeline: list[dict[str, Any]] = []  # noqa: RUF012 - as Beanie wants it

    await _Quiet(library, Peek)
    assert [each.code for each in await Peek.find({}).to_list()] == ["seen"]
    assert await Peek.find({"code": "hidden"}).count() == 0
    joined = {"$lookup": {"from": name_, "pipeline": [], "as": "all"}}
    rows = await Peek.aggregate([joined]).to_list()
    assert [[each["code"] for each in row["all"]] for row in rows] == [["seen"]]


@pytest.fixture
async def peek(shelf: Shelf, mongo: Connection, tripwire: Tripwire) -> str:
    """Return a view of the server that looks all documents up; an operator has made it past the framework."""
    lookup = {"$lookup": {"from": shelf.model.get_collection_name(), "pipeline": [], "as": "listed"}}
    with tripwire.paused():
        await mongo.raw.command({"create": _PEEK, "viewOn": Board.get_collection_name(), "pipeline": [lookup]})
        rows = await mongo.raw[_PEEK].find({}).to_list()
    # What an attacker is after: without the guard it is all there.
    assert [{each["code"] for each in row["listed"]} for row in rows] == [{"seen", "hidden"}]
    return _PEEK


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_a_view_with_a_lookup_on_the_server_is_not_reached(
    peek: str, shelf: Shelf, library: GuardedDatabase
) -> None:
    """A view of the server is no registered collection: no name, class or stage leads to it, and nobody makes one."""

    class Peek(View):
        name: str = ""
        listed: list[dict[str, Any]] = []  # noqa: RUF012 - Pydantic copies it

        class Settings:
            name = peek
            source = Board.get_collection_name()
            pipeline: list[dict[str, Any]] = []  # noqa: RUF012 - as Beanie wants it

    with pytest.raises(GuardRefusalError):
        library[peek]
    with pytest.raises(GuardRefusalError):
        await _Quiet(library, Peek)
    stages: list[dict[str, Any]] = [
        {"$lookup": {"from": peek, "pipeline": [], "as": "x"}},
        {"$lookup": {"from": peek, "localField": "name", "foreignField": "name", "as": "x"}},
        {"$unionWith": peek},
        {"$unionWith": {"coll": peek, "pipeline": []}},
        {
            "$graphLookup": {
                "from": peek, "startWith": "$name", "connectFromField": "name", "connectToField": "name", "as": "x",
            }
        },
        {"$facet": {"x": [{"$unionWith": peek}]}},
    ]  # fmt: skip
    for stage in stages:
        with pytest.raises(GuardRefusalError):
            await Board.aggregate([stage]).to_list()
    makers: list[Callable[[], Awaitable[Any]]] = [
        lambda: library.command({"create": "library.More", "viewOn": shelf.model.get_collection_name()}),
        lambda: library.create_collection("library.More", viewOn=shelf.model.get_collection_name()),
    ]
    for make in makers:
        with pytest.raises(GuardRefusalError):
            await make()
    assert await Board.aggregate([{"$limit": 1}]).to_list()


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_a_document_class_does_not_come_up_on_a_view(peek: str, library: GuardedDatabase) -> None:
    """A model that takes the name of a view of the server as its collection is refused when its module comes up."""

    class Peek(CoreDocument):
        name: str = ""
        listed: list[dict[str, Any]] = []  # noqa: RUF012 - Pydantic copies it

        class Settings:
            name = peek

    with pytest.raises(ValueError, match="is a view on the server"):
        await initialize_models(library, describe("library", Peek), major_version=8)
    with pytest.raises(GuardRefusalError):
        library[peek]
