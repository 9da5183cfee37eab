"""Migrations that are more than one transaction, or want something that no transaction can do."""

from decimal import Decimal
from typing import Any

import pytest
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne

from tests.integration.migrations.project import Project
from webos.data.connection import Connection
from webos.data.migrations import MigratedModule, MigrationError, Migrator

HEAD = "from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne\n"


@pytest.fixture
def orders(project: Project) -> MigratedModule:
    """A module whose migrations a test writes."""
    models = {"orders.Order": "orders.Order", "orders.Package": "orders.Package"}
    return MigratedModule("orders", "orders", project.module("orders"), models=models)


async def _run(mongo: Connection, module: MigratedModule, target: int | None = None) -> None:
    migrator = Migrator(mongo.raw)
    async with migrator.lease() as lease:
        await migrator.migrate(module, lease, target)


async def _values(mongo: Connection) -> list[Any]:
    return [each["value"] for each in await mongo.raw["orders.Order"].find().sort("_id", 1).to_list()]


async def _store(mongo: Connection, count: int) -> None:
    await mongo.raw["orders.Order"].insert_many([{"_id": each, "value": 0} for each in range(count)])


async def test_a_failure_keeps_what_is_done_and_no_more(
    project: Project, orders: MigratedModule, mongo: Connection
) -> None:
    """After an error in the middle of a batch, that batch is as it was; corrected, the migration goes on there."""
    failing = """
    async def forward(ctx):
        async for batch in ctx.batches("orders.Order", size=10):
            for order in batch:
                await batch.collection.update_one({"_id": order["_id"]}, {"$inc": {"value": 1}})
                if order["_id"] == 25:
                    raise ValueError("not this one")
    """
    project.migration("orders", "0001_count", failing)
    await _store(mongo, 50)
    with pytest.raises(ValueError, match="not this one"):
        await _run(mongo, orders)
    assert await _values(mongo) == [1] * 20 + [0] * 30

    project.migration("orders", "0001_count", failing.replace("== 25", "== 99"))
    await _run(mongo, orders)

    assert await _values(mongo) == [1] * 50
    entry = await mongo.raw["webos_migrations"].find_one() or {}
    assert entry["documents"] == [{"collection": "orders.Order", "count": 50}]


async def test_ids_of_all_kinds_are_met_once(project: Project, orders: MigratedModule, mongo: Connection) -> None:
    """Numbers, texts and documents as ids: none is passed over, also when the loop goes on between two kinds."""
    ids: list[Any] = [1, 2, 2.5, "a", "b", {"k": 1}, {"k": 2}, b"x", True, Decimal("1.5")]
    database = Migrator(mongo.raw)._database
    await database["orders.Order"].insert_many([{"_id": each, "value": 0} for each in ids])
    code = """
    async def forward(ctx):
        async for batch in ctx.batches("orders.Order", size=1):
            await batch.update({"$inc": {"value": 1}})
            if len(%r) and batch.documents[0]["_id"] == "b":
                raise ValueError
    """
    project.migration("orders", "0001_count", code % "stop")
    with pytest.raises(ValueError, match=r"^$"):
        await _run(mongo, orders)
    project.migration("orders", "0001_count", code % "")
    await _run(mongo, orders)

    assert [each["value"] for each in await database["orders.Order"].find().to_list()] == [1] * len(ids)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("break", "a loop over batches was left before its end"),
        ("async for inner in ctx.batches('orders.Order'): pass", "cannot be nested"),
        ("await ctx.rename_collection('orders.Order', 'orders.Package')", "outside of loops over batches"),
    ],
)
async def test_loops_that_would_lose_a_batch_are_refused(
    project: Project, orders: MigratedModule, mongo: Connection, body: str, expected: str
) -> None:
    """A loop that is left or nested fails the migration in words instead of losing its last batch silently."""
    project.migration(
        "orders",
        "0001_loop",
        f"""
        async def forward(ctx):
            async for batch in ctx.batches("orders.Order", size=10):
                await batch.update({{"$set": {{"value": 1}}}})
                {body}
        """,
    )
    await _store(mongo, 50)

    with pytest.raises(MigrationError, match=expected):
        await _run(mongo, orders)
    assert await _values(mongo) == [0] * 50
    assert (await mongo.raw["webos_migrations"].find_one() or {"finished": False})["finished"] is False


async def test_what_is_too_much_for_one_transaction_is_told(
    project: Project, orders: MigratedModule, mongo: Connection, log_lines: list[str]
) -> None:
    """Where the server gives up, the message says what to do; nothing is kept."""
    update = 'await ctx.collection("orders.Order").update_many({}, {"$set": {"value": 1}})'
    project.migration("orders", "0001_all", f"async def forward(ctx): {update}")
    for _ in range(12):
        await mongo.raw["orders.Order"].insert_many([{"value": 0, "text": "x" * 100} for _ in range(10_000)])

    with pytest.raises(MigrationError, match=r"more than one transaction can take; let it run over `ctx\.batches"):
        await _run(mongo, orders)
    assert await mongo.raw["orders.Order"].distinct("value") == [0]
    assert not any("trying again" in line for line in log_lines)


async def test_collections_and_indexes_can_be_restructured(
    project: Project, orders: MigratedModule, mongo: Connection
) -> None:
    """A collection takes its model's new name and an index goes, once or twice, outside of transactions only."""
    restructure = """
    async def forward(ctx):
        await ctx.drop_index("orders.Order", "value_1")
        await ctx.drop_index("orders.Gone", "value_1")
        await ctx.rename_collection("orders.Order", "orders.Package")
        await ctx.rename_collection("orders.Order", "orders.Package")
    """
    await _store(mongo, 3)
    await mongo.raw["orders.Order"].create_index("value")
    project.migration("orders", "0001_rename", restructure)
    with pytest.raises(MigrationError, match="say `transaction = False`"):
        await _run(mongo, orders)
    project.migration("orders", "0001_rename", "    transaction = False\n" + restructure)
    await _run(mongo, orders)

    assert await mongo.raw["orders.Package"].count_documents({}) == 3
    assert list(await mongo.raw["orders.Package"].index_information()) == ["_id_"]
    assert "orders.Order" not in await mongo.raw.list_collection_names()


async def test_all_writes_are_stamped_and_counted(project: Project, orders: MigratedModule, mongo: Connection) -> None:
    """Also in a bulk write and an upsert each changed document gets the next revision, and the log counts them."""
    assert {DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne}
    project.migration(
        "orders",
        "0001_all",
        HEAD
        + """
async def forward(ctx):
    orders = ctx.collection("orders.Order")
    await orders.bulk_write([
        UpdateOne({"_id": 0}, {"$set": {"value": 1}}),
        UpdateMany({"_id": {"$lt": 3}}, [{"$set": {"value": 2}}]),
        ReplaceOne({"_id": 3}, {"value": 3, "revision": 7}),
        InsertOne({"_id": 10, "value": 4}),
        DeleteOne({"_id": 4}),
    ])
    await orders.update_one({"_id": 11}, {"$set": {"value": 5}}, upsert=True)
    async for order in await orders.aggregate([{"$match": {"_id": 11}}]):
        await orders.replace_one({"_id": 11}, order)
""",
    )
    await mongo.raw["orders.Order"].insert_many([{"_id": each, "value": 0, "revision": 1} for each in range(5)])

    await _run(mongo, orders)

    found = {each["_id"]: each for each in await mongo.raw["orders.Order"].find().to_list()}
    assert {key: each["revision"] for key, each in found.items()} == {0: 3, 1: 2, 2: 2, 3: 8, 10: 1, 11: 2}
    assert all(each["updated_by"] for each in found.values())
    assert (await mongo.raw["webos_migrations"].find_one() or {})["documents"][0]["count"] == 9
