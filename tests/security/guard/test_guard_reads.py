"""No way to read shows a document that is somebody else's or deleted; each shows the reader's own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from enum import Enum
from typing import Any

import bson
import pytest
from beanie import PydanticObjectId
from beanie.odm.operators.find.logical import Or
from pydantic import BaseModel, Field

from tests.integration.data.library import Shelf, field
from tests.integration.data.models import Board, Tag
from tests.tripwire import Tripwire
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.guard.refusal import GuardRefusalError
from webos.kernel.context import ANONYMOUS, Principal, acting_as
from webos.kernel.errors import NotSignedInError

Ids = list[Any]


class Row(BaseModel):
    """A part of a document."""

    id: PydanticObjectId = Field(alias="_id")
    title: str


class Name(str, Enum):  # noqa: UP042 - a StrEnum's text is its value, this one's is not
    """Field names as an enum: such texts have a hash of their own."""

    DELETED = "deleted_at"
    OWNER = "created_by"


def _ids(found: Any) -> Ids:
    return [each["_id"] if isinstance(each, dict) else each.id for each in found if each is not None]


async def _piped(shelf: Shelf, *stages: dict[str, Any]) -> list[dict[str, Any]]:
    return await shelf.model.aggregate(list(stages)).to_list()


async def _nested(stage: dict[str, Any]) -> Ids:
    """Run a stage on the board, and collect what it put into `found`."""
    boards = await Board.aggregate([stage]).to_list()
    return _ids(each for board in boards for each in board["found"])


async def _raw_batches(shelf: Shelf) -> Ids:
    batches: AsyncIterator[bytes] = shelf.model.get_pymongo_collection().raw_batches({}, {"_id": 1})
    return [row["_id"] async for batch in batches for row in bson.decode_all(batch)]


async def _board(**options: Any) -> Board:
    board: Board | None = await Board.find_one(Board.name == "all", **options)
    assert board is not None
    return board


async def _fetched_list(shelf: Shelf) -> Ids:
    links = getattr(await _board(), f"{field(shelf.model)}s")
    return _ids(each for each in await links[0].fetch_list(links) if isinstance(each, shelf.model))


async def _fetched_with(shelf: Shelf) -> Ids:
    listed = getattr(await _board(fetch_links=True), f"{field(shelf.model)}s")
    return _ids(each for each in listed if isinstance(each, shelf.model))


async def _fetched_all(shelf: Shelf) -> Ids:
    board = await _board()
    await board.fetch_all_links()  # type: ignore[no-untyped-call]
    return _ids(each for each in getattr(board, f"{field(shelf.model)}s") if isinstance(each, shelf.model))


async def _by_linked_field(shelf: Shelf) -> Ids:
    found: list[Any] = []
    for title in ("one", "two"):
        name = field(shelf.model)
        # The board's direct link leads to the hidden one; a filter on what it links to must not tell about it.
        assert not await Board.find({f"{name}.title": "two"}, fetch_links=True).to_list()
        found += await shelf.model.find({"title": title, "main_tag.word": "red"}, fetch_links=True).to_list()
    return _ids(found)


def _lookup(shelf: Shelf, **more: Any) -> dict[str, Any]:
    return {"$lookup": {"from": shelf.model.get_collection_name(), "as": "found", **more}}


def _ids_in_list(shelf: Shelf) -> dict[str, Any]:
    return {"$map": {"input": f"${field(shelf.model)}s", "as": "link", "in": "$$link.$id"}}


ESCAPES: list[dict[str, Any]] = [
    {},
    {"rank": {"$gte": 0}},
    {"$or": [{"deleted_at": {"$ne": None}}, {"rank": {"$gte": 0}}]},
    {"$and": [{"$or": [{"created_by": {"$exists": True}}, {"deleted_at": {"$exists": True}}]}]},
    {"deleted_at": {"$in": [None], "$exists": True}},
    {"$or": [{"deleted_at": None}, {"deleted_at": {"$gt": None}}]},
    {"$nor": [{"deleted_at": {"$exists": False}}]},
    {"$expr": {"$gte": ["$rank", 0]}},
    {"deleted_at.x": {"$exists": False}},
    {Name.DELETED: {"$exists": True}},
    {Name.OWNER: {"$exists": True}},
    {"_id": {"$exists": True}},
    {"main_tag.$id": {"$exists": True}},
]


async def test_no_filter_widens_what_is_seen(shelf: Shelf) -> None:
    """Whatever the filter says about owner and deletion, it only narrows what the reader sees."""
    collection = shelf.model.get_pymongo_collection()
    for query in ESCAPES:
        assert _ids(await collection.find(query).to_list()) == [shelf.seen.id], query
        assert await collection.count_documents(query) == 1, query
        assert _ids(await (await collection.aggregate([{"$match": query}])).to_list()) == [shelf.seen.id], query
        assert await collection.distinct("code", query) == ["seen"], query
        assert await collection.find_one(query, ["code"]) == {"_id": shelf.seen.id, "code": "seen"}, query


READS: dict[str, Callable[[Shelf], Awaitable[Ids]]] = {}


def read(function: Callable[[Shelf], Awaitable[Ids]]) -> Callable[[Shelf], Awaitable[Ids]]:
    """Add a way to read."""
    READS[function.__name__.strip("_")] = function
    return function


for _function in (_raw_batches, _fetched_list, _fetched_with, _fetched_all, _by_linked_field):
    read(_function)


@read
async def find_all(shelf: Shelf) -> Ids:
    return _ids(await shelf.model.find_all().to_list())


@read
async def find_many_with_links(shelf: Shelf) -> Ids:
    return _ids(await shelf.model.find(fetch_links=True).to_list())


@read
async def find_with_or(shelf: Shelf) -> Ids:
    return _ids(await shelf.model.find(Or(shelf.model.rank == 5, shelf.model.rank == 7)).to_list())


@read
async def find_by_code(shelf: Shelf) -> Ids:
    return _ids([await shelf.model.find_one(shelf.model.code == code) for code in ("seen", "hidden")])


@read
async def find_lazily(shelf: Shelf) -> Ids:
    return _ids(await shelf.model.find(lazy_parse=True).to_list())


@read
async def get(shelf: Shelf) -> Ids:
    return _ids([await shelf.model.get(each.id) for each in (shelf.seen, shelf.hidden)])


@read
async def get_with_links(shelf: Shelf) -> Ids:
    return _ids([await shelf.model.get(each.id, fetch_links=True) for each in (shelf.seen, shelf.hidden)])


@read
async def first_or_none(shelf: Shelf) -> Ids:
    ranked = [shelf.model.find(sort="-rank"), shelf.model.find(shelf.model.rank > 6)]
    return _ids([await query.first_or_none() for query in ranked])


@read
async def iterate(shelf: Shelf) -> Ids:
    return [each.id async for each in shelf.model.find()]


@read
async def iterate_pipeline(shelf: Shelf) -> Ids:
    return [each["_id"] async for each in shelf.model.aggregate([{"$sort": {"rank": -1}}])]


@read
async def project(shelf: Shelf) -> Ids:
    return _ids(await shelf.model.find().project(Row).to_list())


@read
async def inspect(shelf: Shelf) -> Ids:
    result = await shelf.model.inspect_collection()
    assert not result.errors
    return await find_all(shelf)


@read
async def find_one_raw(shelf: Shelf) -> Ids:
    collection = shelf.model.get_pymongo_collection()
    return _ids([await collection.find_one(each.id) for each in (shelf.seen, shelf.hidden)])


@read
async def distinct(shelf: Shelf) -> Ids:
    assert await shelf.model.distinct("title") == ["one"]
    return list(await shelf.model.distinct("_id"))


@read
async def group(shelf: Shelf) -> Ids:
    return list((await _piped(shelf, {"$group": {"_id": None, "all": {"$push": "$_id"}}}))[0]["all"])


@read
async def facet(shelf: Shelf) -> Ids:
    return _ids((await _piped(shelf, {"$facet": {"all": [{"$match": {"rank": {"$gte": 0}}}]}}))[0]["all"])


@read
async def facet_with_union(shelf: Shelf) -> Ids:
    union = [{"$match": {"_id": None}}, {"$unionWith": shelf.model.get_collection_name()}]
    return _ids((await _piped(shelf, {"$facet": {"all": union}}))[0]["all"])


@read
async def union(shelf: Shelf) -> Ids:
    return _ids(
        await Board.aggregate([{"$match": {"_id": None}}, {"$unionWith": shelf.model.get_collection_name()}]).to_list()
    )


@read
async def union_with_pipeline(shelf: Shelf) -> Ids:
    body = {"coll": shelf.model.get_collection_name(), "pipeline": [{"$match": {"rank": {"$gte": 0}}}]}
    return _ids(await Board.aggregate([{"$match": {"_id": None}}, {"$unionWith": body}]).to_list())


@read
async def lookup_by_field(shelf: Shelf) -> Ids:
    found = []
    for name in (field(shelf.model), "direct"):
        stages: list[dict[str, Any]] = [{"$addFields": {"direct": {"$arrayElemAt": [_ids_in_list(shelf), 0]}}}]
        local = f"{name}.$id" if name != "direct" else name
        stages.append(_lookup(shelf, localField=local, foreignField="_id"))
        found += [each["_id"] for board in await Board.aggregate(stages).to_list() for each in board["found"]]
    return found


@read
async def lookup_by_list(shelf: Shelf) -> Ids:
    stages = [{"$addFields": {"all": _ids_in_list(shelf)}}, _lookup(shelf, localField="all", foreignField="_id")]
    return _ids(each for board in await Board.aggregate(stages).to_list() for each in board["found"])


@read
async def lookup_with_pipeline(shelf: Shelf) -> Ids:
    return await _nested(_lookup(shelf, pipeline=[{"$match": {"rank": {"$gte": 0}}}]))


@read
async def lookup_without_condition(shelf: Shelf) -> Ids:
    return await _nested(_lookup(shelf, pipeline=[]))


@read
async def lookup_with_expression(shelf: Shelf) -> Ids:
    matching = {"$match": {"$expr": {"$gte": ["$rank", "$$low"]}}}
    return await _nested(_lookup(shelf, let={"low": 1}, pipeline=[matching]))


@read
async def lookup_in_lookup(shelf: Shelf) -> Ids:
    inner = _lookup(shelf, pipeline=[])
    outer = {"$lookup": {"from": Tag.get_collection_name(), "pipeline": [inner], "as": "tags"}}
    boards = await Board.aggregate([outer]).to_list()
    return _ids(each for board in boards for tag in board["tags"] for each in tag["found"])


@read
async def lookup_in_facet(shelf: Shelf) -> Ids:
    boards = await Board.aggregate([{"$facet": {"all": [_lookup(shelf, pipeline=[])]}}]).to_list()
    return _ids(each for board in boards[0]["all"] for each in board["found"])


@read
async def graph_lookup(shelf: Shelf) -> Ids:
    body = {
        "from": shelf.model.get_collection_name(),
        "startWith": ["one", "two"],
        "connectFromField": "title",
        "connectToField": "title",
        "as": "found",
        "restrictSearchWithMatch": {"$or": [{"deleted_at": {"$ne": None}}, {"rank": {"$gte": 0}}]},
    }
    return await _nested({"$graphLookup": body})


@read
async def link_fetch(shelf: Shelf) -> Ids:
    links = getattr(await _board(), f"{field(shelf.model)}s")
    return _ids(each for each in [await link.fetch() for link in links] if isinstance(each, shelf.model))


async def test_reading_shows_only_what_is_seen(tripwire: Tripwire, shelf: Shelf) -> None:
    """Every way to read documents gives the reader's own live one, and never the other; none goes round the guard."""
    found = {name: await way(shelf) for name, way in READS.items()}
    assert found == {name: [shelf.seen.id] for name in READS}
    assert tripwire.seen > len(READS)


async def test_figures_are_about_what_is_seen(shelf: Shelf) -> None:
    """Counts, sums and the like leave the hidden document out."""
    model = shelf.model
    assert await model.count() == 1
    assert await model.find(model.rank >= 0).count() == 1
    assert await model.find(fetch_links=True).count() == 1
    assert await model.find(model.rank == 5).exists()
    assert not await model.find(model.rank == 7).exists()
    assert [await model.sum(model.rank), await model.avg(model.rank)] == [5, 5]
    assert [await model.max(model.rank), await model.min(model.rank)] == [5, 5]
    assert (await _piped(shelf, {"$count": "n"}))[0]["n"] == 1


async def test_a_link_to_a_hidden_document_stays_a_link(shelf: Shelf) -> None:
    """Fetching does not tell a hidden document from one that was never there."""
    board = await _board(fetch_links=True)
    assert getattr(board, field(shelf.model)).ref.id == shelf.hidden.id
    assert [getattr(each, "id", None) for each in getattr(board, f"{field(shelf.model)}s")] == [shelf.seen.id, None]


@pytest.mark.parametrize("kind", ["foreign note", "deleted note"])
async def test_back_links_lead_to_what_is_seen(shelf: Shelf) -> None:
    """The documents that link back to one are only those the reader sees."""
    tag = await Tag.find_one(fetch_links=True)
    assert tag is not None
    assert _ids(tag.notes) == [shelf.seen.id]
    fresh = await Tag.find_one()
    assert fresh is not None
    await fresh.fetch_link("notes")
    assert _ids(fresh.notes) == [shelf.seen.id]


async def test_a_superuser_sees_every_live_document(shelf: Shelf, root: Principal, kind: str) -> None:
    """Ownership does not restrict a superuser; deletion does."""
    with acting_as(root):
        found = set(_ids(await shelf.model.find_all().to_list()))
    assert found == ({shelf.seen.id, shelf.hidden.id} if kind == "foreign note" else {shelf.seen.id})


REFUSED_OPTIONS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("count_documents", ({},), {"pipeline": [{"$group": {"_id": 1, "n": {"$sum": 1}}}]}),
    ("count_documents", ({},), {"aggregate": "secrets"}),
    ("distinct", ("code",), {"distinct": "secrets"}),
    ("distinct", ("code",), {"query": {}}),
    ("aggregate", ([],), {"explain": True}),
    ("aggregate", ([],), {"cursor": {"batchSize": 1}}),
    ("find_one_and_update", ({}, {"$set": {"title": "x"}}), {"query": {}}),
    ("find_one_and_delete", ({},), {"update": {}}),
    ("find", ({},), {"cursor_type": 2}),
    ("find", ({},), {"let": {"x": {"$function": {"body": "", "args": [], "lang": "js"}}}}),
    ("find", ({}, {"x": {"$function": {"body": "", "args": [], "lang": "js"}}}), {}),
    ("find", ({},), {"projection": {"x": {"y": [{"$accumulator": {}}]}}}),
    ("find_one", ({}, {"x": {"$function": {"body": "", "args": [], "lang": "js"}}}), {}),
    ("find", ({"$query": {}, "$orderby": {}},), {}),
    ("find", ({"$where": "true"},), {}),
    ("find", ({"rank": {"$not": {"$where": "true"}}},), {}),
    ("find", ({"$or": [{"$where": "true"}]},), {}),
    ("find", ({"$expr": {"$function": {"body": "", "args": [], "lang": "js"}}},), {}),
    ("find", (["rank"],), {}),
    ("update_one", ({}, {"$set": {"rank": 1}}), {"array_filters": [{"$where": "true"}]}),
    ("update_one", ({}, {"$set": {"rank": 1}}), {"let": {"x": {"$function": {}}}}),
]


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_nothing_is_smuggled_past_the_filter(shelf: Shelf) -> None:
    """Options that replace parts of the command, the driver's legacy `$query`, and code are refused."""
    collection = shelf.model.get_pymongo_collection()

    async def use(method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        result = getattr(collection, method)(*arguments, **options)
        await (result.to_list() if method == "find" else result)

    for method, arguments, options in REFUSED_OPTIONS:
        with pytest.raises(GuardRefusalError):
            await use(method, arguments, options)
    assert await collection.count_documents({}, limit=10, comment="allowed") == 1


STAGES: list[dict[str, Any]] = [
    {"$out": "copy"},
    {"$merge": {"into": "copy"}},
    {"$collStats": {"count": {}}},
    {"$indexStats": {}},
    {"$currentOp": {}},
    {"$listSessions": {}},
    {"$changeStream": {}},
    {"$geoNear": {"near": [0, 0], "distanceField": "d"}},
    {"$documents": [{"a": 1}]},
    {"$lookup": {"from": "secrets", "pipeline": [], "as": "x"}},
    {"$lookup": {"from": {"db": "admin", "coll": "system.users"}, "pipeline": [], "as": "x"}},
    {"$lookup": {"pipeline": [{"$documents": [{"a": 1}]}], "as": "x"}},
    {"$graphLookup": {"from": "secrets", "startWith": 1, "connectFromField": "a", "connectToField": "b", "as": "x"}},
    {"$unionWith": "secrets"},
    {"$unionWith": {"pipeline": [{"$documents": [{"a": 1}]}]}},
    {"$match": {"$where": "true"}},
    {"$project": {"x": {"$function": {"body": "", "args": [], "lang": "js"}}}},
    {"$group": {"_id": None, "x": {"$accumulator": {}}}},
    {"$limit": 1, "$out": "copy"},
]


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_a_stage_that_reads_or_writes_elsewhere_is_refused(shelf: Shelf) -> None:
    """Only known stages run, and only on registered collections, at every depth of a pipeline."""
    name = shelf.model.get_collection_name()

    def nest(inner: dict[str, Any], depth: str) -> dict[str, Any]:
        wrapped = inner
        if "union" in depth:
            wrapped = {"$unionWith": {"coll": name, "pipeline": [wrapped]}}
        if "lookup" in depth:
            wrapped = {"$lookup": {"from": name, "pipeline": [wrapped], "as": "x"}}
        return {"$facet": {"x": [wrapped]}} if "facet" in depth else wrapped

    for depth in ("top", "facet", "lookup", "union", "union in lookup in facet"):
        for stage in STAGES:
            with pytest.raises(GuardRefusalError):
                await Board.aggregate([nest(stage, depth)]).to_list()
        assert await Board.aggregate([nest({"$limit": 5}, depth)]).to_list()


CLOSED = (
    "watch", "drop", "rename", "with_options", "find_raw_batches", "aggregate_raw_batches", "drop_index",
    "drop_indexes", "options", "list_indexes", "estimated_document_count", "create_index", "full_name",
    "codec_options", "list_search_indexes",
)  # fmt: skip
CLOSED_DATABASE = ("client", "command", "get_collection", "list_collection_names", "watch", "drop_collection")


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_driver_methods_that_nobody_thought_about_are_closed(shelf: Shelf, library: GuardedDatabase) -> None:
    """Collection and database have what is on the guard's list; what is the framework's is refused to users."""
    collection = shelf.model.get_pymongo_collection()
    for part, names in ((collection, CLOSED), (library, CLOSED_DATABASE)):
        for name in names:
            with pytest.raises(GuardRefusalError):
                getattr(part, name)
    for refused in (collection.create_indexes([]), collection.index_information(), collection.estimated_size()):
        with pytest.raises(GuardRefusalError):
            await refused
    with pytest.raises(GuardRefusalError):
        library["secrets"]
    assert await library[shelf.model.get_collection_name()].count_documents({}) == 1


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_a_collection_that_was_closed_is_closed_for_its_class_too(shelf: Shelf, library: GuardedDatabase) -> None:
    """The classes of a module that was withdrawn reach nothing any more, nor does anybody through a pipeline."""
    name = shelf.model.get_collection_name()
    assert await Board.aggregate([{"$unionWith": name}]).to_list()
    library.unregister(name)
    for refused in (shelf.model.count(), Board.aggregate([{"$unionWith": name}]).to_list(), shelf.seen.save()):
        with pytest.raises(GuardRefusalError):
            await refused


async def test_a_visitor_sees_no_document_that_has_an_owner(shelf: Shelf, kind: str) -> None:
    """The anonymous visitor is nobody's author, not even of what another visitor made; the rest he may read."""
    with acting_as(ANONYMOUS):
        if kind.endswith("page"):
            assert await shelf.model.count() == 1
            return
        for refused in (shelf.model.count(), shelf.model(code="visitor").insert(), shelf.seen.save()):
            with pytest.raises(NotSignedInError):
                await refused


@pytest.mark.parametrize("kind", ["deleted page"])
async def test_the_tripwire_trips(tripwire: Tripwire, shelf: Shelf, mongo: Connection) -> None:
    """The tripwire sees reads that went round the guard, also inside pipelines, and leaves guarded ones alone."""
    name = shelf.model.get_collection_name()
    raw = mongo.raw[name]
    await shelf.model.find({"rank": 5}, fetch_links=True).to_list()
    assert not tripwire.trips
    with tripwire.paused():
        await raw.find_one()
    assert not tripwire.trips
    inner = {"from": name, "pipeline": [], "as": "x"}
    await raw.find_one({"rank": 5})
    await raw.count_documents({})
    await raw.distinct("rank")
    await raw.update_one({"rank": 5}, {"$set": {"rank": 5}})
    await raw.find_one_and_update({"rank": 5}, {"$set": {"rank": 5}})
    await raw.delete_one({"deleted_at": None, "rank": 99})
    await (await raw.aggregate([{"$match": {"deleted_at": None}}, {"$facet": {"y": [{"$lookup": inner}]}}])).to_list()
    await (await raw.aggregate([{"$match": {"deleted_at": None}}, {"$unionWith": name}])).to_list()
    joined = {"from": name, "localField": "_id", "foreignField": "_id", "as": "x"}
    await (await raw.aggregate([{"$match": {"deleted_at": None}}, {"$lookup": joined}, {"$limit": 1}])).to_list()
    assert len(tripwire.trips) == 9
    tripwire.trips.clear()
