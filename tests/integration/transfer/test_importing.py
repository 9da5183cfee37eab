"""Importing files."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.integration.table.shop import ANNA, READER, Category, Period, Product, Size
from tests.integration.transfer.desk import Desk, csv_of
from webos.data.transfer import ImportState
from webos.kernel.context import acting_as
from webos.kernel.errors import InvalidInputError, PermissionDeniedError


async def test_every_kind_of_field(desk: Desk) -> None:
    """Cells become values of the field's type, links are found by name."""
    with acting_as(ANNA):
        tools = await Category(name="Tools").insert()
        record = await desk.run(
            csv_of(
                ["Name", "stock", "WEIGHT", "price", "Active", "day", "Sold at", "size", "category", "tags"],
                [
                    [
                        "Hammer",
                        "5",
                        "1.5",
                        "12.10",
                        "yes",
                        "2024-02-29",
                        "2024-03-01T12:00:00+01:00",
                        "Extra large",
                        "Tools",
                        "a; b",
                    ]
                ],
            )
        )
        (product,) = await desk.documents(Product)

    assert record.state is ImportState.DONE
    assert record.counts.to_dict() == {"read": 1, "inserted": 1, "updated": 0, "unchanged": 0, "failed": 0}
    assert (product.name, product.stock, product.weight, product.price) == ("Hammer", 5, 1.5, Decimal("12.10"))
    assert (product.active, product.day, product.size) == (True, date(2024, 2, 29), Size.EXTRA_LARGE)
    assert product.sold_at == datetime(2024, 3, 1, 11, tzinfo=UTC)
    assert product.category.ref.id == tools.id
    assert product.tags == ["a", "b"]
    assert (product.created_by, product.revision) == (ANNA.id, 1)


async def test_rows_that_do_not_fit_are_reported(desk: Desk) -> None:
    """Each failure names row, column, value and reason; the other rows are stored."""
    text = csv_of(
        ["name", "stock", "sold_at"], [["A", "1", ""], ["B", "-1", ""], ["C", "x", ""], ["D", "1", "2024-01-01T00:00"]]
    )
    with acting_as(ANNA):
        report = await desk.check(text)
        assert await desk.documents(Product) == []
        record = await desk.run(text)
        assert [each.name for each in await desk.documents(Product)] == ["A"]

    assert record.counts.failed == 3
    assert [(each.row, each.column, each.value) for each in report.failures] == [
        (3, "stock", "-1"),
        (4, "stock", "x"),
        (5, "sold_at", "2024-01-01T00:00"),
    ]
    assert report.counts.inserted == 1
    assert "time zone" in report.failures[2].message


async def test_upsert(desk: Desk) -> None:
    """New keys are inserted, changed rows updated with a new revision, equal rows left alone."""
    with acting_as(ANNA):
        await desk.run(csv_of(["name", "start"], [["a", 1], ["b", 2]]), model="shop.Period")
        text = csv_of(["name", "start"], [["a", 1], ["b", 3], ["c", 4], ["c", 5]])
        report = await desk.check(text, model="shop.Period", mode="upsert", key=["name"])
        record = await desk.run(text, model="shop.Period", mode="upsert", key=["name"])
        periods = {each.name: each for each in await desk.documents(Period)}

    assert report.counts == record.counts
    assert record.counts.to_dict() == {"read": 4, "inserted": 1, "updated": 1, "unchanged": 1, "failed": 1}
    assert {name: (each.start, each.revision) for name, each in periods.items()} == {
        "a": (1, 1),
        "b": (3, 2),
        "c": (4, 1),
    }
    assert report.failures[0].message == "Row 4 has the same key."


async def test_only_who_may_write_imports(desk: Desk) -> None:
    """Who may only read cannot even upload."""
    with acting_as(READER), pytest.raises(PermissionDeniedError):
        await desk.upload("name\nA\n")


async def test_unknown_columns_are_refused_unless_told(desk: Desk) -> None:
    """A column without a field is an error in words, and left out where that was said; a secret never goes in."""
    with acting_as(ANNA):
        with pytest.raises(InvalidInputError) as caught:
            await desk.check("name,colour,key\nA,red,x\n")
        report = await desk.check("name,colour,key\nA,red,x\n", ignore=["colour", "key"])

    assert set(caught.value.fields) == {"colour", "key"}
    assert report.ignored == ("colour", "key")
