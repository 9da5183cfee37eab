"""Who acts is asked when an operation runs, and nobody is refused."""

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from pymongo import DeleteOne, InsertOne, UpdateOne

from tests.integration.data.library import Shelf
from tests.integration.data.models import Board, Note, Page, Tag
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.guard.lifecycle import Restoration
from webos.data.guard.refusal import GuardRefusalError
from webos.data.scope import system_context
from webos.data.stamp import current_stamp, stamping
from webos.kernel.context import SYSTEM, Principal, acting_as
from webos.kernel.errors import NotSignedInError, PermissionDeniedError

SET = {"$set": {"title": "x"}}


async def _drain(batches: Any) -> None:
    async for _ in batches:
        pass


OPERATIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "find": lambda model, _, __: model.find_all().to_list(),
    "iterate": lambda model, _, __: anext(model.find_all()),
    "find one": lambda model, _, __: model.find_one(),
    "get": lambda model, it, _: model.get(it.id),
    "fetch links": lambda model, _, __: model.find(fetch_links=True).to_list(),
    "count": lambda model, _, __: model.count(),
    "exists": lambda model, _, __: model.find().exists(),
    "distinct": lambda model, _, __: model.distinct("code"),
    "aggregate": lambda model, _, __: model.aggregate([]).to_list(),
    "sum": lambda model, _, __: model.sum("rank"),
    "insert": lambda model, _, __: model(code="x").insert(),
    "save new": lambda model, _, __: model(code="x").save(),
    "insert many": lambda model, _, __: model.insert_many([model(code="x")]),
    "insert missing": lambda model, _, __: model.insert_missing([model(code="x")]),
    "save": lambda _, it, __: it.save(),
    "replace": lambda _, it, __: it.replace(),
    "set": lambda _, it, __: it.set({"title": "x"}),
    "sync": lambda _, it, __: it.sync(),
    "delete": lambda _, it, __: it.delete(),
    "find set": lambda model, _, __: model.find().set({"title": "x"}),
    "find delete": lambda model, _, __: model.find().delete(),
    "update all": lambda model, _, __: model.update_all(SET),
    "delete all": lambda model, _, __: model.delete_all(),
    "upsert": lambda model, _, __: model.find_one().upsert(SET, on_insert=model(code="x")),
    "fetch link": lambda model, it, __: model.link_from_id(it.id).fetch(),
    "raw find": lambda _, __, raw: raw.find().to_list(),
    "raw next": lambda _, __, raw: raw.find().next(),
    "raw find one": lambda _, __, raw: raw.find_one(),
    "raw batches": lambda _, __, raw: _drain(raw.raw_batches({}, {"_id": 1})),
    "raw count": lambda _, __, raw: raw.count_documents(),
    "raw distinct": lambda _, __, raw: raw.distinct("code"),
    "raw aggregate": lambda _, __, raw: raw.aggregate([]),
    "raw insert": lambda _, __, raw: raw.insert_one({}),
    "raw insert many": lambda _, __, raw: raw.insert_many([{}]),
    "raw insert missing": lambda _, __, raw: raw.insert_missing([{}]),
    "raw update": lambda _, __, raw: raw.update_one({}, SET),
    "raw update many": lambda _, __, raw: raw.update_many({}, SET),
    "raw update loaded": lambda _, it, raw: raw.update_loaded({"_id": it.id, "revision": 1}, SET),
    "raw find deleted": lambda _, __, raw: raw.find_deleted(),
    "raw restore": lambda _, it, raw: raw.restore_each(
        [Restoration({"_id": it.id, "revision": 1, "deleted_at": None})]
    ),
    "raw change each": lambda _, it, raw: raw.change_each([({"_id": it.id, "revision": 1}, None)]),
    "raw purge": lambda _, it, raw: raw.purge(it.id),
    "restore": lambda _, it, __: it.restore(),
    "purge": lambda _, it, __: it.purge(),
    "raw upsert": lambda _, __, raw: raw.update_one({}, SET, upsert=True),
    "raw replace": lambda _, __, raw: raw.replace_one({}, {}),
    "raw delete": lambda _, __, raw: raw.delete_one({}),
    "raw delete many": lambda _, __, raw: raw.delete_many({}),
    "raw find and update": lambda _, __, raw: raw.find_one_and_update({}, SET),
    "raw find and replace": lambda _, __, raw: raw.find_one_and_replace({}, {}),
    "raw find and delete": lambda _, __, raw: raw.find_one_and_delete({}),
    "bulk insert": lambda _, __, raw: raw.bulk_write([InsertOne({})]),
    "bulk update": lambda _, __, raw: raw.bulk_write([UpdateOne({}, SET)]),
    "bulk delete": lambda _, __, raw: raw.bulk_write([DeleteOne({})]),
    "create indexes": lambda _, __, raw: raw.create_indexes([]),
    "index information": lambda _, __, raw: raw.index_information(),
    "size": lambda _, __, raw: raw.estimated_size(),
}


async def _outcomes(shelf: Shelf) -> dict[str, type | None]:
    outcomes: dict[str, type | None] = {}
    for name, operation in OPERATIONS.items():
        try:
            await operation(shelf.model, shelf.seen, shelf.model.get_pymongo_collection())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            outcomes[name] = type(error)
        else:
            outcomes[name] = None
    return outcomes


async def test_without_a_user_every_operation_is_refused(stored: Shelf, mongo: Connection) -> None:
    """With nobody in the context nothing is read or written; the list of operations is that of the collection."""
    raw = stored.model.get_pymongo_collection()
    before = await mongo.raw[raw.name].find().to_list()
    expected: dict[str, type] = dict.fromkeys(OPERATIONS, NotSignedInError)
    expected |= dict.fromkeys(("create indexes", "index information", "size"), GuardRefusalError)
    assert await _outcomes(stored) == expected
    assert await mongo.raw[raw.name].find().to_list() == before
    tested = {
        "find", "find_one", "raw_batches", "count_documents", "distinct", "aggregate", "insert_one", "insert_many",
        "insert_missing", "update_one", "update_many", "replace_one", "delete_one", "delete_many", "bulk_write",
        "update_loaded", "find_deleted", "restore_each", "change_each", "purge", "find_one_and_update",
        "find_one_and_replace", "find_one_and_delete", "create_indexes", "index_information", "estimated_size",
    }  # fmt: skip
    rules = {
        "restrict", "restrict_write", "restrict_replacement", "readable", "explain_miss", "stamp_change", "policy",
        "name", "database",
    }  # fmt: skip
    assert {name for name in dir(raw) if not name.startswith("_")} == tested | rules


async def test_in_a_system_context_that_has_ended_every_operation_is_refused(stored: Shelf, mongo: Connection) -> None:
    """A context copied inside a system context opens nothing after its end, whether a user acts in it or not."""
    name = stored.model.get_collection_name()
    before = await mongo.raw[name].find().to_list()
    for acting in (None, stored.reader):
        with ExitStack() as stack:
            if acting:
                stack.enter_context(acting_as(acting))
            with system_context():
                left = contextvars.copy_context()
        outcomes = await asyncio.create_task(_outcomes(stored), context=left)
        assert {
            key: kind for key, kind in outcomes.items() if kind is None or not issubclass(kind, PermissionDeniedError)
        } == {}
    assert await mongo.raw[name].find().to_list() == before


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_a_task_that_outlives_the_system_context_is_refused(stored: Shelf) -> None:
    """What is started inside a system context works while it lasts, and not a moment longer."""
    counted, ended = asyncio.Event(), asyncio.Event()

    async def work() -> int:
        assert await stored.model.count() == 2
        counted.set()
        await ended.wait()
        return await stored.model.count()

    with acting_as(stored.reader):
        with system_context():
            task = asyncio.create_task(work())
            await counted.wait()
        ended.set()
        with pytest.raises(PermissionDeniedError):
            await task
        assert await stored.model.count() == 1


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_a_query_belongs_to_who_runs_it(stored: Shelf, anna: Principal) -> None:
    """Built by one user and run by another, a query shows what the second one may see."""
    for build in (
        lambda: stored.model.find(stored.model.rank > 0),
        lambda: stored.model.find(fetch_links=True),
        lambda: stored.model.find(stored.model.rank >= 0).aggregate([{"$project": {"_id": 1}}]),
        lambda: stored.model.get_pymongo_collection().find(),
    ):
        with acting_as(stored.reader):
            query = build()
        with acting_as(anna):
            found = await query.to_list()
        assert [each["_id"] if isinstance(each, dict) else each.id for each in found] == [stored.hidden.id]
    with system_context():
        system_query = stored.model.find_all()
    with acting_as(anna):
        assert [each.id for each in await system_query.to_list()] == [stored.hidden.id]
        change = stored.model.find_all().set({"title": "changed"})
    with acting_as(stored.reader):
        await change
        assert await stored.model.find(stored.model.title == "changed").count() == 1


@pytest.mark.parametrize("kind", ["foreign note"])
async def test_an_open_cursor_serves_nobody_else(stored: Shelf, anna: Principal, root: Principal) -> None:
    """A cursor opened by one is refused to another, to nobody, to a system context and after one, at each next read."""
    with acting_as(stored.reader):
        await stored.model.insert_many([stored.model(code=f"n{number}") for number in range(10)])
    raw = stored.model.get_pymongo_collection()
    openers: list[Any] = [
        lambda: stored.model.find(batch_size=2),
        lambda: stored.model.find(fetch_links=True, batchSize=2),
        lambda: stored.model.aggregate([{"$sort": {"code": 1}}], batchSize=2),
        lambda: raw.find({}, batch_size=2),
        lambda: raw.raw_batches({}, {"_id": 1}, batch_size=2),
    ]
    demoted = Principal(root.id, "root")
    for opener in openers:
        for first, second in ((stored.reader, anna), (root, stored.reader), (root, demoted), (stored.reader, None)):
            with acting_as(first):
                cursor = opener()
                await anext(cursor)
                await anext(cursor)
            with ExitStack() as stack:
                if second:
                    stack.enter_context(acting_as(second))
                with pytest.raises((GuardRefusalError, NotSignedInError)):
                    await anext(cursor)
            with acting_as(first):
                cursor = opener()
                await anext(cursor)
                with system_context(), pytest.raises(GuardRefusalError):
                    await anext(cursor)
                with system_context():
                    cursor = opener()
                    await anext(cursor)
                with pytest.raises(GuardRefusalError):
                    await anext(cursor)


async def test_the_system_context_sees_all_that_is_live(stored: Shelf, kind: str) -> None:
    """The framework is not bound by ownership; what is deleted stays hidden from it too."""
    with system_context():
        assert await stored.model.count() == (2 if kind == "foreign note" else 1)
    with acting_as(SYSTEM):
        assert await stored.model.count() == (2 if kind == "foreign note" else 1)


async def test_who_writes_in_a_system_context(library: GuardedDatabase, anna: Principal) -> None:
    """A write in a system context carries the acting user, else the system; a block inside another one keeps it open."""
    del library
    with system_context():
        with system_context():
            nobodys = await Page(code="a").insert()
        assert await Page.count() == 1
    with acting_as(anna), system_context():
        annas = await Page(code="b").insert()
        note = await Note(code="c").insert()
    assert (nobodys.created_by, annas.created_by) == (SYSTEM.id, anna.id)
    with acting_as(anna):
        assert await Note.get(note.id)


async def test_a_task_started_by_a_write_has_times_of_its_own(library: GuardedDatabase, anna: Principal) -> None:
    """A stamp is fixed for one write; what is started inside it and goes on later gets later times."""
    del library
    with acting_as(anna):
        with stamping() as stamp:
            left = contextvars.copy_context()
            assert current_stamp() == stamp
            await Tag(word="x").insert()
            assert current_stamp() == stamp
        await asyncio.sleep(0.005)
        assert left.run(current_stamp).at > stamp.at
        assert current_stamp().at > stamp.at
        assert await Board.count() == 0
