"""Migrations at the start of an application."""

from typing import Any

import pytest

from tests.integration.migrations.conftest import Starter
from tests.integration.migrations.project import CUSTOMER_MIGRATION, Project, reason
from webos.data.connection import Connection
from webos.kernel.context import SYSTEM, acting_as
from webos.kernel.errors import ConflictError

SET_QUANTITY = """
    async def forward(ctx):
        await ctx.collection("{module}.Order").update_many({{"quantity": None}}, {{"$set": {{"quantity": {value}}}}})
"""
NOTE_ORDER = """
    async def forward(ctx):
        seen = await ctx.collection("{reads}.Order").count_documents({{"seen": True}})
        await ctx.collection("{module}.Order").insert_one({{"number": "{module}", "seen": True, "before": seen}})
"""
FAILING = """
    async def forward(ctx):
        await ctx.collection("orders.Order").update_many({}, {"$set": {"quantity": 5}})
        raise ValueError("these orders cannot be counted")
"""


async def _old_orders(mongo: Connection, count: int = 3, module: str = "orders") -> None:
    await mongo.raw[f"{module}.Order"].insert_many(
        [{"_id": number, "number": f"A{number}", "revision": 4, "deleted_at": None} for number in range(count)]
    )


async def _log(mongo: Connection) -> dict[str, dict[str, Any]]:
    return {each["_id"]: each for each in await mongo.raw["webos_migrations"].find().to_list()}


async def test_a_customers_migration_runs_once(project: Project, mongo: Connection, start: Starter) -> None:
    """The migration of the contract changes old documents at the first start, and none at the second."""
    project.module("orders")
    project.migration("orders", "0001_default_quantity", CUSTOMER_MIGRATION)
    await _old_orders(mongo)

    async with start() as app:
        assert reason(app, "orders") == ""
    first = await mongo.raw["orders.Order"].find().to_list()
    entry = (await _log(mongo))["orders/0001_default_quantity"]
    await mongo.raw["orders.Order"].update_one({"_id": 0}, {"$unset": {"quantity": ""}})
    async with start() as app:
        assert reason(app, "orders") == ""

    assert [(each["quantity"], each["revision"], each["updated_by"]) for each in first] == [(1, 5, SYSTEM.id)] * 3
    assert "quantity" not in (await mongo.raw["orders.Order"].find_one({"_id": 0}) or {})
    assert entry["direction"] == "forward"
    assert entry["finished"] is True
    assert entry["version"] == "2.0.0"
    assert entry["documents"] == [{"collection": "orders.Order", "count": 3}]
    assert len(entry["checksum"]) == 64
    assert (await _log(mongo))["orders/0001_default_quantity"] == entry


async def test_a_running_process_notices_that_its_copy_is_old(project: Project, start: Starter) -> None:
    """A document that was read before a migration cannot be saved over what the migration did."""
    project.module("orders")
    async with start() as app:
        order = app.models["orders.Order"].document
        with acting_as(SYSTEM):
            stored = await order(number="A1", quantity=1).insert()
            read = await order.get(stored.id)
    project.migration(
        "orders",
        "0001_double",
        'async def forward(ctx): await ctx.collection("orders.Order").update_many({}, {"$mul": {"quantity": 2}})',
    )

    async with start():
        assert read is not None
        read.quantity = 7
        with acting_as(SYSTEM), pytest.raises(ConflictError):
            await read.save()


async def test_migrations_run_in_the_order_of_numbers_and_modules(
    project: Project, mongo: Connection, start: Starter
) -> None:
    """Numbers go before names, gaps are allowed, and a module's migrations come after those of what it requires."""
    project.module("aaa", requires=("zzz",))
    project.module("zzz")
    project.migration("aaa", "0001_first", NOTE_ORDER.format(module="aaa", reads="zzz"))
    project.migration("zzz", "0010_second", SET_QUANTITY.format(module="zzz", value=20))
    project.migration("zzz", "0002_first", SET_QUANTITY.format(module="zzz", value=10))
    project.migration("zzz", "0011_note", NOTE_ORDER.format(module="zzz", reads="zzz"))
    await _old_orders(mongo, module="zzz")

    async with start() as app:
        assert (reason(app, "aaa"), reason(app, "zzz")) == ("", "")

    assert (await mongo.raw["aaa.Order"].find_one() or {})["before"] == 1
    assert {each.get("quantity") for each in await mongo.raw["zzz.Order"].find({"seen": None}).to_list()} == {10}
    log = await _log(mongo)
    assert sorted(log, key=lambda each: str(log[each]["at"])) == [
        "zzz/0002_first",
        "zzz/0010_second",
        "zzz/0011_note",
        "aaa/0001_first",
    ]


async def test_a_failed_migration_leaves_its_module_failed_and_the_rest_running(
    project: Project, mongo: Connection, start: Starter
) -> None:
    """Nothing of it is kept, its reason is told, later ones wait, and modules that do not need it run."""
    project.module("orders")
    project.module("reports", requires=("orders",))
    project.module("other")
    project.migration("orders", "0001_default_quantity", FAILING)
    project.migration("orders", "0002_more", SET_QUANTITY.format(module="orders", value=7))
    project.migration("other", "0001_fine", SET_QUANTITY.format(module="other", value=7))
    await _old_orders(mongo)
    await _old_orders(mongo, module="other")

    async with start() as app:
        assert reason(app, "orders") == "ValueError: these orders cannot be counted"
        assert reason(app, "reports") == "requires orders, which failed"
        assert reason(app, "other") == ""
        assert [info.name for info in app.models if info.module == "orders"] == []

    assert all("quantity" not in each for each in await mongo.raw["orders.Order"].find().to_list())
    assert list(await _log(mongo)) == ["other/0001_fine"]

    project.migration("orders", "0001_default_quantity", CUSTOMER_MIGRATION)
    async with start() as app:
        assert reason(app, "orders") == reason(app, "reports") == ""


async def test_a_migration_may_clean_what_a_unique_index_needs_clean(
    project: Project, mongo: Connection, start: Starter
) -> None:
    """Indexes are built after the migrations, so that one can remove what would break them."""
    project.module("orders")
    await mongo.raw["orders.Order"].insert_many(
        [{"number": "twice", "deleted_at": None}, {"number": "twice", "deleted_at": None}]
    )
    async with start() as app:
        assert "E11000" in reason(app, "orders")

    project.migration(
        "orders",
        "0001_unique",
        """
        async def forward(ctx):
            orders = ctx.collection("orders.Order")
            seen = set()
            async for order in orders.find():
                if order["number"] in seen:
                    await orders.update_one({"_id": order["_id"]}, {"$set": {"number": f"{order['_id']}"}})
                seen.add(order["number"])
        """,
    )
    async with start() as app:
        assert reason(app, "orders") == ""
    assert len(set(await mongo.raw["orders.Order"].distinct("number"))) == 2


async def test_a_changed_file_is_told_and_not_run_again(
    project: Project, mongo: Connection, start: Starter, log_lines: list[str]
) -> None:
    """An applied migration that says something else now is a warning; another layout of it is none."""
    project.module("orders")
    project.migration("orders", "0001_default_quantity", CUSTOMER_MIGRATION)
    await _old_orders(mongo)
    async with start():
        pass
    project.migration("orders", "0001_default_quantity", "# a comment\n\n" + CUSTOMER_MIGRATION.replace("\n", "  \r\n"))
    async with start() as app:
        assert reason(app, "orders") == ""
    assert not any("was changed" in line for line in log_lines)

    project.migration("orders", "0001_default_quantity", SET_QUANTITY.format(module="orders", value=9))
    await mongo.raw["orders.Order"].update_one({"_id": 0}, {"$unset": {"quantity": ""}})
    async with start() as app:
        assert reason(app, "orders") == ""

    assert any("orders/0001_default_quantity: the file was changed" in line for line in log_lines)
    assert "quantity" not in (await mongo.raw["orders.Order"].find_one({"_id": 0}) or {})


async def test_a_module_older_than_its_data_is_refused(project: Project, start: Starter) -> None:
    """A module that lacks a migration its data has seen does not run; the message names it and what to do."""
    project.module("orders")
    project.migration("orders", "0001_default_quantity", CUSTOMER_MIGRATION)
    newer = project.migration("orders", "0002_newer", SET_QUANTITY.format(module="orders", value=9))
    async with start():
        pass
    newer.unlink()

    async with start() as app:
        assert "data of orders is newer than the module: 0002_newer" in reason(app, "orders")
        assert "webos migrate --module orders --to 0001" in reason(app, "orders")


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("0001_again", CUSTOMER_MIGRATION, "orders has two migrations 0001: 0001_again and 0001_default_quantity"),
        ("2_short", CUSTOMER_MIGRATION, "name it like 0001_add_quantity.py"),
        ("add_quantity", CUSTOMER_MIGRATION, "name it like 0001_add_quantity.py"),
        ("0002_empty", "", "orders/0002_empty has no `async def forward(ctx)`"),
        ("0002_blocking", "def forward(ctx): ...", "orders/0002_blocking: forward must be `async def forward(ctx)`"),
        ("0002_typo", "async def forward(ctx) ...", "SyntaxError"),
        ("0002_foreign", SET_QUANTITY.format(module="other", value=1), "'other.Order' is no model of orders"),
        (
            "0002_writes",
            'async def forward(ctx): await ctx.collection("base.Order").delete_many({})',
            "base.Order belongs to another module",
        ),
        (
            "0002_out",
            'async def forward(ctx): await ctx.collection("orders.Order").aggregate([{"$out": "orders.Copy"}])',
            "a pipeline of a migration only reads",
        ),
    ],
)
async def test_files_that_are_wrong_fail_their_module(
    project: Project, start: Starter, name: str, code: str, expected: str
) -> None:
    """A file that cannot be a migration, or reaches for what is not the module's, fails the module with the reason."""
    project.module("base")
    project.module("other")
    project.module("orders", requires=("base",))
    project.migration("orders", "0001_default_quantity", CUSTOMER_MIGRATION)
    project.migration("orders", name, code)

    async with start() as app:
        assert expected in reason(app, "orders")
        assert reason(app, "other") == reason(app, "base") == ""


async def test_a_latecomer_is_refused(project: Project, start: Starter) -> None:
    """A new migration with a number below an applied one would run in another order elsewhere: it is refused."""
    project.module("orders")
    project.migration("orders", "0005_default_quantity", CUSTOMER_MIGRATION)
    async with start():
        pass
    project.migration("orders", "0004_late", CUSTOMER_MIGRATION)

    async with start() as app:
        assert "orders/0004_late is new, but 0005 was applied before" in reason(app, "orders")
