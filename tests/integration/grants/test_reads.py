"""What a granted read gives: plain, frozen rows of the granted fields, within the rights of the acting user."""

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pymongo import InsertOne

from tests.integration.grants.depot import ANNA, BERT, ROOT, STRANGER, Depot, Diary, Move, Place, Size, State, read_from
from webos.data.document import CoreDocument
from webos.data.grants.reader import DataRows
from webos.data.guard.grant_scope import UndeclaredAccessError, granted_read
from webos.data.guard.refusal import GuardRefusalError
from webos.data.scope import system_context
from webos.kernel.context import acting_as
from webos.kernel.errors import NotSignedInError, PermissionDeniedError


@pytest.fixture
async def moves(depot: Depot) -> list[Move]:
    """Return three moves of the north and one of the south."""
    del depot
    with system_context():
        place = await Place(name="shelf").insert()
        made = [
            Move(
                sku=sku,
                quantity=number,
                cost=Decimal(number),
                region=region,
                day=date(2024, 1, number),
                size=Size(width=number),
                state=State.DONE,
                place=place,
                places=[place],
                old=f"old {number}",
                note="for us alone",
            )
            for number, (sku, region) in enumerate([("a", "north"), ("b", "north"), ("a", "north"), ("c", "south")], 1)
        ]
        return [await move.insert() for move in made]


async def test_rows_are_plain_frozen_objects_of_the_granted_fields(depot: Depot, moves: list[Move]) -> None:
    """A row has its fields with their types and the id, links as ids, and nothing that a document has."""
    fields = ("sku", "quantity", "cost", "day", "size", "state", "place", "places", "old", "tags")
    reader = read_from(depot, "depot.Move", *fields)
    with acting_as(ANNA):
        row = await reader.get(moves[0].id)
    assert row is not None
    with system_context():
        place = (await Place.find_all().to_list())[0].id
    assert row.model_dump() == {
        "id": moves[0].id,
        "sku": "a",
        "quantity": 1,
        "cost": Decimal(1),
        "day": date(2024, 1, 1),
        "size": {"width": 1},
        "state": State.DONE,
        "place": place,
        "places": [place],
        "old": "old 1",
        "tags": [],
    }
    assert isinstance(row.state, State)
    assert isinstance(row.size, Size)
    assert isinstance(row, BaseModel)
    assert not any(issubclass(base, CoreDocument) for base in type(row).__mro__)
    with pytest.raises(ValidationError):
        setattr(row, "quantity", 5)  # noqa: B010 - the type is made at run time
    for name in ("save", "set", "delete", "get_pymongo_collection", "database", "note", "fetch"):
        assert not hasattr(row, name), name
    assert type(row) is reader.model


async def test_every_way_of_reading(depot: Depot, moves: list[Move]) -> None:
    """Find, iterate, sort, page, count, distinct and aggregate give what there is to the user."""
    reader = read_from(depot)
    with acting_as(ANNA):
        assert [row.quantity async for row in reader.find_all(sort="-quantity")] == [3, 2, 1]
        assert [row.quantity for row in await reader.find({"sku": "a"}, sort=["sku", "-quantity"]).to_list()] == [3, 1]
        assert [row.quantity for row in await reader.find(sort="quantity", skip=1, limit=1).to_list()] == [2]
        assert [
            row.quantity for row in await reader.find({"$or": [{"sku": "b"}, {"quantity": 3}]}, sort="id").to_list()
        ] == [2, 3]
        rows = reader.find_all(sort="quantity")
        assert isinstance(rows, DataRows)
        assert [row.quantity for row in await rows.to_list(2)] == [1, 2]
        assert (await anext(rows)).quantity == 3
        assert await rows.to_list() == []
        assert (await reader.find_one({"quantity": {"$gt": 1}}, sort="quantity")).quantity == 2
        assert await reader.find_one({"quantity": 99}) is None
        assert await reader.count() == 3
        assert await reader.count({"sku": "a"}) == 2
        assert await reader.distinct("sku") == ["a", "b"]
        grouped = reader.aggregate([{"$group": {"_id": "$sku", "sum": {"$sum": "$quantity"}}}, {"$sort": {"_id": 1}}])
        assert [row async for row in grouped] == [{"_id": "a", "sum": 4}, {"_id": "b", "sum": 2}]
        whole = await reader.aggregate([{"$sort": {"quantity": 1}}]).to_list()
        assert [row.keys() for row in whole] == [{"_id", "sku", "quantity"}] * 3
        assert (await reader.get(str(moves[0].id))).id == moves[0].id
        assert await reader.get("no id") is None
        async with reader.find_all() as open_rows:
            await anext(open_rows)
    old = read_from(depot, "depot.Move", "old")
    with acting_as(ANNA):
        assert [row.old for row in await old.find({"old": "old 2"}).to_list()] == ["old 2"]
        assert await old.distinct("old", {"old": {"$ne": "old 1"}}) == ["old 2", "old 3"]


async def test_never_more_than_the_rights_of_the_user(depot: Depot, moves: list[Move]) -> None:
    """Row rules, ownership, field permissions, soft deletion and the model's permission hold as ever."""
    reader = read_from(depot, "depot.Move", "sku", "cost")
    with acting_as(BERT):
        assert [(row.sku, row.cost) for row in await reader.find_all().to_list()] == [("c", None)]
        assert await reader.get(moves[0].id) is None
        for refused in (reader.count({"cost": 1}), reader.distinct("cost"), reader.find(sort="cost").to_list()):
            with pytest.raises(PermissionDeniedError, match=r"depot\.cost"):
                await refused
    with acting_as(ANNA):
        assert await reader.distinct("cost") == [1, 2, 3]
        await moves[0].delete()
        assert await reader.count() == 2
    with acting_as(ROOT):
        assert await reader.count() == 3
    for nobody in (STRANGER,):
        with acting_as(nobody):
            for refused in (
                reader.count(),
                reader.find_all().to_list(),
                reader.aggregate([]).to_list(),
                reader.distinct("sku"),
            ):
                with pytest.raises(PermissionDeniedError, match=r"depot\.read"):
                    await refused
    with pytest.raises(NotSignedInError):
        await reader.count()
    with system_context():
        assert await reader.count() == 3
    diary = read_from(depot, "depot.Diary", "text")
    with acting_as(ANNA):
        await Diary(text="mine").insert()
        assert await diary.count() == 1
    with acting_as(BERT):
        assert await diary.count() == 0


UNDECLARED: dict[str, Callable[[Any], Any]] = {
    "filter": lambda reader: reader.find({"note": "for us alone"}).to_list(),
    "or": lambda reader: reader.find({"$or": [{"sku": "a"}, {"note": {"$regex": "^f"}}]}).to_list(),
    "expression": lambda reader: reader.find({"$expr": {"$eq": ["$note", "x"]}}).to_list(),
    "sort": lambda reader: reader.find(sort="note").to_list(),
    "count": lambda reader: reader.count({"note": "x"}),
    "distinct": lambda reader: reader.distinct("note"),
    "distinct filter": lambda reader: reader.distinct("sku", {"note": "x"}),
    "match": lambda reader: reader.aggregate([{"$match": {"note": "x"}}]).to_list(),
    "sort stage": lambda reader: reader.aggregate([{"$sort": {"note": 1}}]).to_list(),
    "group": lambda reader: reader.aggregate([{"$group": {"_id": "$note"}}]).to_list(),
}


@pytest.mark.parametrize("question", UNDECLARED)
async def test_another_field_is_refused_with_the_line_to_write(depot: Depot, moves: list[Move], question: str) -> None:
    """What is not granted is asked for in no way, and the error says what to declare."""
    del moves
    reader = read_from(depot)
    line = r'@data_access\("depot\.Move", access="read", fields=\["sku", "quantity", "note"\]\)'
    with acting_as(ROOT), pytest.raises(UndeclaredAccessError, match=line):
        await UNDECLARED[question](reader)


async def test_what_is_not_granted_is_not_there_for_later_stages(depot: Depot, moves: list[Move]) -> None:
    """No expression of a pipeline and no projection of the whole row reaches another field."""
    del moves
    reader = read_from(depot)
    with acting_as(ROOT):
        stages: list[dict[str, Any]] = [
            {"$project": {"x": "$$ROOT"}},
            {"$addFields": {"x": "$note"}},
            {"$replaceRoot": {"newRoot": {"x": ["$$ROOT", "$note"]}}},
            {"$facet": {"x": [{"$match": {}}]}},
        ]
        for stage in stages:
            shown = await reader.aggregate([stage]).to_list()
            assert "for us alone" not in repr(shown), stage
        with pytest.raises(GuardRefusalError):
            await reader.find({"$expr": {"$ne": ["$$ROOT", None]}}).to_list()


async def test_no_other_collection_and_no_write(depot: Depot, moves: list[Move]) -> None:
    """Pipelines join nothing else, and while a read runs the guard lets nothing through but that read."""
    reader = read_from(depot)
    other = Place.get_collection_name()
    with acting_as(ROOT):
        stages: list[dict[str, Any]] = [
            {"$lookup": {"from": other, "pipeline": [], "as": "x"}},
            {"$lookup": {"from": other, "localField": "sku", "foreignField": "name", "as": "x"}},
            {"$unionWith": other},
            {
                "$graphLookup": {
                    "from": other,
                    "startWith": "x",
                    "connectFromField": "x",
                    "connectToField": "x",
                    "as": "x",
                }
            },
            {"$facet": {"x": [{"$unionWith": other}]}},
            {"$lookup": {"from": "depot.Move", "localField": "sku", "foreignField": "note", "as": "x"}},
            {"$out": "elsewhere"},
        ]
        for stage in stages:
            with pytest.raises(GuardRefusalError):
                await reader.aggregate([stage]).to_list()
        collection = depot.database["depot.Move"]
        with granted_read("reports.Report", "depot.Move", "depot.Move", frozenset({"_id", "sku"}), ("sku",)):
            writes: list[Callable[[], Any]] = [
                moves[0].save,
                lambda: moves[0].set({"sku": "x"}),
                moves[0].delete,
                lambda: Move(sku="x").insert(),
                lambda: Move.insert_many([Move(sku="x")]),
                lambda: Move.find_all().update({"$set": {"sku": "x"}}),
                lambda: Move.find_all().delete(),
                lambda: collection.bulk_write([InsertOne({"sku": "x"})]),
                lambda: collection.find_one_and_update({}, {"$set": {"sku": "x"}}),
                lambda: collection.replace_one({}, {"sku": "x"}),
                lambda: Place.find_all().to_list(),
                lambda: Place(name="x").insert(),
            ]
            for write in writes:
                with pytest.raises(GuardRefusalError):
                    await write()
            assert (await collection.find_one({"sku": "b"})) == {"_id": moves[1].id, "sku": "b"}
            assert (await collection.find_one({}, {"_id": 0, "note": 0})) == {"sku": "a"}
            left = asyncio.get_running_loop().create_future()

            async def outlive() -> int:
                await left
                return await collection.count_documents()

            task = asyncio.create_task(outlive())
        left.set_result(None)
        with pytest.raises(GuardRefusalError, match="has ended"):
            await task
        assert await Move.find({"sku": "x"}).count() == 0
        assert await Place.count() == 1


async def test_the_code_between_two_rows_runs_with_its_own_rights(depot: Depot, moves: list[Move]) -> None:
    """Nothing of the scope is left in the caller's context while it iterates; another user does not go on."""
    del moves
    reader = read_from(depot)
    with acting_as(ANNA):
        async for row in reader.find_all():
            await Move(sku=f"copy of {row.sku}", region="north").insert()
            assert (await Move.find_one()) is not None
        rows = reader.find_all()
        await anext(rows)
    with acting_as(BERT), pytest.raises(GuardRefusalError, match="another"):
        await anext(rows)
