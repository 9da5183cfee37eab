"""Exporting what a filter says, in its order."""

import json

import pytest

from tests.integration.table.shop import ANNA, Product
from tests.integration.transfer.desk import Desk, csv_of, rows_of
from webos.data.table import TableQuery
from webos.data.transfer import ExportOptions, FileFormat
from webos.kernel.context import acting_as
from webos.kernel.errors import InvalidInputError


@pytest.fixture
async def filled(desk: Desk) -> Desk:
    """Return the desk with 1,050 products, which is more than a few blocks."""
    with acting_as(ANNA):
        await desk.run(csv_of(["name", "stock"], [[f"P{number:04}", number % 7] for number in range(1050)]))
    return desk


@pytest.mark.parametrize("gives_all", [True, False])
async def test_rows_come_in_the_order_of_the_table(filled: Desk, *, gives_all: bool) -> None:
    """The newest first where nothing is said, else as asked, on servers of either kind."""
    with acting_as(ANNA), filled.shop.reads_all_matches(value=gives_all):
        newest = [row["name"] for row in rows_of(await filled.export())]
        sort = (("stock", "desc"), ("name", "asc"))
        sorted_rows = [(row["stock"], row["name"]) for row in rows_of(await filled.export(sort=sort))]
        found = {"stock": {"type": "equals", "filter": 3}}
        some = [row["name"] for row in rows_of(await filled.export(filters=found, search="P0"))]

    assert newest == [f"P{number:04}" for number in range(1049, -1, -1)]
    assert sorted_rows == sorted(sorted_rows, key=lambda row: (-int(row[0]), row[1]))
    assert len(sorted_rows) == 1050
    assert some == [f"P{number:04}" for number in range(999, -1, -1) if number % 7 == 3]


async def test_rows_that_go_meanwhile_take_no_others_with_them(filled: Desk) -> None:
    """What is deleted while an export runs is left out, and nothing else is."""
    with acting_as(ANNA):
        stream = await filled.transfers.export("shop.Product", TableQuery({}), ExportOptions(format=FileFormat.JSONL))
        first = await anext(stream)
        for name in ("P1049", "P0500", "P0001"):
            await (await Product.find_one(Product.name == name)).delete()  # type: ignore[union-attr]
        rest = b"".join([piece async for piece in stream])
    names = [json.loads(line)["name"] for line in (first + rest).splitlines()]

    gone = {"P0500", "P0001"}
    assert names == [f"P{number:04}" for number in range(1049, -1, -1) if f"P{number:04}" not in gone]


async def test_columns_and_titles(filled: Desk) -> None:
    """Chosen columns come in their order behind the id, under names or titles; an unknown one is refused."""
    with acting_as(ANNA):
        text = (await filled.export(columns=("stock", "name"), titles=True, delimiter=";")).decode("utf-8-sig")
        with pytest.raises(InvalidInputError):
            await filled.export(columns=("colour",))
        with pytest.raises(InvalidInputError):
            await filled.export(sort=(("colour", "asc"),))

    assert text.splitlines()[0] == "id;Stock;Name"


async def test_an_empty_export_has_its_header(desk: Desk) -> None:
    """A file without rows still says what the columns are."""
    with acting_as(ANNA):
        assert (await desk.export()).decode("utf-8-sig").startswith("id,name,note")
        assert (await desk.export(format="xlsx"))[:2] == b"PK"
