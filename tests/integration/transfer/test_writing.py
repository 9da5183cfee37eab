"""Rows that meet what others store at the same time, what is unique, and what is deleted."""

from typing import Any

import pytest

from tests.integration.table.shop import ANNA, Category, Period, Product, Ticket
from tests.integration.transfer.desk import Desk, csv_of
from webos.data.guard import GuardedCollection
from webos.kernel.context import acting_as


async def test_a_taken_value_fails_its_row_alone(desk: Desk) -> None:
    """In the middle of a batch, and whether it is taken by a stored record or by a row before."""
    with acting_as(ANNA):
        await Period(name="N500").insert()
        rows = [[f"N{number}"] for number in range(1000)]
        rows[700] = ["N7"]
        record = await desk.run(csv_of(["name"], rows), model="shop.Period")
        names = [each.name for each in await desk.documents(Period)]

    assert (record.counts.inserted, record.counts.failed) == (998, 2)
    assert len(names) == len(set(names)) == 999


@pytest.mark.parametrize("field", ["start", "end"])
async def test_what_others_change_meanwhile_is_not_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    """A change of another field stays beside that of the file; one of the same field fails the row."""
    with acting_as(ANNA):
        period = await Period(name="a", start=1, end=10).insert()
        write = GuardedCollection.bulk_write
        meddled: list[int] = []

        async def meddle(self: GuardedCollection, requests: Any, **options: Any) -> Any:
            if not meddled:
                meddled.append(1)
                await Period.find_one(Period.name == "a").update({"$set": {field: 7}})
            return await write(self, requests, **options)

        monkeypatch.setattr(GuardedCollection, "bulk_write", meddle)
        record = await desk.run("name,start\na,3\n", model="shop.Period", mode="update", key=["name"])
        now = await Period.get(period.id)

    assert now is not None
    if field == "end":
        assert (now.start, now.end, record.counts.updated) == (3, 7, 1)
    else:
        assert (now.start, now.end, record.counts.failed) == (7, 10, 1)


async def test_a_row_that_somebody_else_inserts_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upsert whose key is taken between looking and storing becomes an update."""
    with acting_as(ANNA):
        insert = GuardedCollection.insert_missing

        async def race(self: GuardedCollection, documents: Any) -> int:
            monkeypatch.setattr(GuardedCollection, "insert_missing", insert)
            await Period(name="b", start=1).insert()
            return await insert(self, documents)

        monkeypatch.setattr(GuardedCollection, "insert_missing", race)
        record = await desk.run("name,start\na,3\nb,4\n", model="shop.Period", mode="upsert", key=["name"])
        periods = {each.name: (each.start, each.revision) for each in await desk.documents(Period)}

    assert record.counts.to_dict() == {"read": 2, "inserted": 1, "updated": 1, "unchanged": 0, "failed": 0}
    assert periods == {"a": (3, 1), "b": (4, 2)}


@pytest.mark.parametrize(
    ("deleted", "counts", "live"),
    [("new", (1, 0, 0), 5), ("restore", (0, 1, 0), 5), ("error", (0, 0, 1), None)],
)
async def test_a_key_that_only_a_deleted_record_has(
    desk: Desk, deleted: str, counts: tuple[int, int, int], live: int | None
) -> None:
    """It becomes a new record, or the deleted one again with the values of the file, or an error."""
    with acting_as(ANNA):
        old = await Period(name="a", start=1).insert()
        await old.delete()
        options: dict[str, Any] = {"model": "shop.Period", "mode": "upsert", "key": ["name"], "deleted": deleted}
        report = await desk.check("name,start\na,5\n", **options)
        record = await desk.run("name,start\na,5\n", **options)
        found = await desk.documents(Period)

    assert report.counts == record.counts
    assert (record.counts.inserted, record.counts.updated, record.counts.failed) == counts
    assert [each.start for each in found] == ([] if live is None else [live])
    assert [each.id == old.id for each in found] == ([] if live is None else [deleted == "restore"])


async def test_ids_of_deleted_records_are_not_given_again(desk: Desk) -> None:
    """A row with such an id fails, and so does one with the id of a live record where only new ones are wanted."""
    with acting_as(ANNA):
        gone, there = await Product(name="gone").insert(), await Product(name="there").insert()
        await gone.delete()
        record = await desk.run(csv_of(["id", "name"], [[gone.id, "x"], [there.id, "y"], ["", "z"]]))
        names = [each.name for each in await desk.documents(Product)]
        restored = await desk.run(
            csv_of(["_id", "name"], [[gone.id, "x"]]), mode="upsert", key=["id"], deleted="restore"
        )
        again = await Product.get(gone.id)

    assert (record.counts.inserted, record.counts.failed) == (1, 2)
    assert sorted(names) == ["there", "z"]
    assert restored.counts.updated == 1
    assert again is not None
    assert (again.name, again.deleted_at) == ("x", None)


async def test_ids_of_another_kind(desk: Desk) -> None:
    """New records of a model with ids of its own get such ids; a key that no record has is an error of an update."""
    with acting_as(ANNA):
        record = await desk.run("name\nA\nB\n", model="shop.Ticket")
        update = await desk.run("name\nA\nC\n", model="shop.Ticket", mode="update", key=["name"])
        tickets = await desk.documents(Ticket)

    assert record.counts.inserted == 2
    assert sorted(each.name for each in tickets) == ["A", "B"]
    assert (update.counts.unchanged, update.counts.failed) == (1, 1)


async def test_links_are_looked_up_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name or id, in a few queries for the whole file; unknown and hidden ones fail their row."""
    with acting_as(ANNA):
        made = [await Category(name=f"C{number}").insert() for number in range(20)]
        finds: list[Any] = []
        find = GuardedCollection.find

        def count(self: GuardedCollection, *arguments: Any, **options: Any) -> Any:
            finds.append(self.name)
            return find(self, *arguments, **options)

        monkeypatch.setattr(GuardedCollection, "find", count)
        rows = [[f"P{number}", f"C{number % 20}"] for number in range(1000)]
        rows += [["by id", str(made[3].id)], ["none", "C99"], ["empty", ""]]
        record = await desk.run(csv_of(["name", "category"], rows))
        monkeypatch.undo()
        products = {each.name: each for each in await desk.documents(Product)}

    assert (record.counts.inserted, record.counts.failed) == (1002, 1)
    assert finds.count("shop.Category") <= 6
    assert products["P25"].category.ref.id == made[5].id
    assert products["by id"].category.ref.id == made[3].id
    assert products["empty"].category is None
