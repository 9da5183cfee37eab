"""Sorting: the order is MongoDB's own, whoever does the sorting."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from bson import Decimal128, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.table.shop import ANNA, Product, Shop, Ticket, as_user
from webos.data.table import TableQuery
from webos.kernel.errors import InvalidInputError

MISSING = object()
numbers = st.integers(-3, 3) | st.sampled_from([-math.inf, -0.5, 0.0, 2.5, math.inf, math.nan])
values = (
    st.none()
    | st.just(MISSING)
    | numbers
    | st.sampled_from([Decimal128("-0.5"), Decimal128("2.50"), Decimal128("NaN"), Decimal128("1E+3")])
    | st.sampled_from(["", "a", "A", "aa", "ä", "z", "\U0001f600", "\uffff", "10", "9"])
    | st.booleans()
    | st.sampled_from([datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2)])
    | st.sampled_from([ObjectId(bytes([number] * 12)) for number in (1, 2)])
)
# The embedded server sorts very small numbers (1e-295) as if they were large, so they are no yardstick.
eighths = st.integers(-20, 20).map(lambda number: number / 8)
uniform = st.one_of(
    st.lists(st.integers(-3, 3), max_size=8),
    st.lists(st.none() | numbers, max_size=8),
    st.lists(st.none() | st.integers(-3, 3), max_size=8),
    st.lists(eighths, max_size=8),
    st.lists(st.text("aAzé0 ", max_size=2), max_size=8),
    st.lists(values, max_size=8),
)
directions = st.sampled_from(["asc", "desc"])
quiet = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


async def store(shop: Shop, rows: list[dict[str, Any]]) -> None:
    """Replace all products, past validation, with ids in an order of their own."""
    raw = shop.connection.raw[shop.models.of(Product).collection]
    await raw.delete_many({})
    if rows:
        await raw.insert_many(
            [
                {"_id": ObjectId((number * 7919 % 1000).to_bytes(12, "big")), "deleted_at": None}
                | {name: value for name, value in row.items() if value is not MISSING}
                for number, row in enumerate(rows, 1)
            ]
        )


@given(values=uniform, direction=directions)
@quiet
async def test_sorts_any_values_as_the_server_does(shop: Shop, values: list[Any], direction: str) -> None:
    """Empty, missing, mixed, equal, infinite and undefined values come in the server's order, also when sorted here."""
    with as_user(ANNA):
        await store(shop, [{"stock": value} for value in values])
        with shop.reads_all_matches(value=False):
            by_server = await shop.ids("shop.Product", sort=[("stock", direction)])
        with shop.reads_all_matches(value=True):
            here = await shop.ids("shop.Product", sort=[("stock", direction)])
    assert len(here) == len(values)
    assert here == by_server


@given(
    rows=st.lists(
        st.tuples(st.none() | st.integers(0, 2), st.sampled_from(["a", "b"]), st.none() | st.booleans()), max_size=10
    ),
    sort=st.permutations(["stock", "name", "active"]).flatmap(
        lambda names: st.tuples(*[st.tuples(st.just(name), directions) for name in names])
    ),
    filtered=st.booleans(),
)
@quiet
async def test_sorts_by_several_columns_as_the_server_does(
    shop: Shop, rows: list[tuple[Any, ...]], sort: tuple[tuple[str, str], ...], *, filtered: bool
) -> None:
    """Of several columns the first counts most, equal rows come in the order of their ids, also below a filter."""
    filters = {"name": {"type": "equals", "filter": "A"}} if filtered else {}
    with as_user(ANNA):
        await store(shop, [dict(zip(("stock", "name", "active"), row, strict=True)) for row in rows])
        with shop.reads_all_matches(value=False):
            by_server = await shop.ids("shop.Product", filters, sort=sort)
        with shop.reads_all_matches(value=True):
            here = await shop.ids("shop.Product", filters, sort=sort)
    assert here == by_server
    assert len(here) == (len([row for row in rows if row[1] == "a"]) if filtered else len(rows))


@given(numbers=st.lists(st.none() | st.integers(-5, 5), max_size=10), direction=directions)
@quiet
async def test_sorts_numbers_as_people_expect(shop: Shop, numbers: list[int | None], direction: str) -> None:
    """Ascending, rows without a number come first and the others by size; descending is the exact opposite."""
    with as_user(ANNA):
        await store(shop, [{"stock": number} for number in numbers])
        block = await shop.new_tables().block("shop.Product", TableQuery({}, [("stock", direction)]), 0, 100)
    found = [row["stock"] for row in block.rows]
    expected = sorted(numbers, key=lambda number: (number is not None, number or 0), reverse=direction == "desc")
    assert found == expected


@pytest.mark.parametrize("reads_all", [True, False])
async def test_decimals_are_sorted_by_value(shop: Shop, *, reads_all: bool) -> None:
    """Decimals of different lengths are numbers, not texts."""
    prices = [Decimal(text) for text in ("10", "9.99", "0.1", "-3", "9.990", "100")]
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        for number, price in enumerate(prices):
            await shop.collection(Product).insert_one({"name": f"{number}", "price": price})
        found = await shop.names(sort=[("price", "asc"), ("name", "asc")])
    assert found == ["3", "2", "1", "4", "0", "5"]


@pytest.mark.parametrize("reads_all", [True, False])
async def test_the_newest_come_first_unless_somebody_asks(shop: Shop, *, reads_all: bool) -> None:
    """Without a sort the last stored row is the first shown, also with a filter; a sort replaces that."""
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        await shop.fill("b", "c", "a")
        assert await shop.names() == ["a", "c", "b"]
        assert await shop.names(filters={"name": {"type": "notEqual", "filter": "c"}}) == ["a", "b"]
        assert await shop.names(sort=[("name", "asc")]) == ["a", "b", "c"]
        assert await shop.names(sort=[("name", "desc")]) == ["c", "b", "a"]


@pytest.mark.parametrize("reads_all", [True, False])
async def test_a_model_may_declare_its_order(shop: Shop, *, reads_all: bool) -> None:
    """`Settings.sort` is the order of a table that nobody has sorted."""
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        for name in ("b", "c", "a"):
            await Ticket(name=name).insert()
        assert await shop.names("shop.Ticket") == ["c", "b", "a"]


@given(numbers=st.lists(st.integers(0, 2**128 - 1), max_size=8, unique=True), direction=directions)
@quiet
async def test_ids_of_another_type_decide_too(shop: Shop, numbers: list[int], direction: str) -> None:
    """Equal rows are put in order by their ids also where these are no ObjectIds."""
    raw = shop.connection.raw["shop.Ticket"]
    await raw.delete_many({})
    if numbers:
        await raw.insert_many([{"_id": UUID(int=number), "name": "x", "deleted_at": None} for number in numbers])
    with as_user(ANNA):
        for reads_all in (True, False):
            with shop.reads_all_matches(value=reads_all):
                found = await shop.ids("shop.Ticket", sort=[("name", direction)])
            expected = sorted((str(UUID(int=number)) for number in numbers), reverse=direction == "desc")
            assert found == expected


@pytest.mark.parametrize("column", ["nothing", "category", "tags", "key", "_id", "created_by", "$natural"])
async def test_only_columns_can_be_sorted_by(shop: Shop, column: str) -> None:
    """An unknown column, a link, a list, a secret or an audit field is invalid input that names it."""
    with as_user(ANNA), pytest.raises(InvalidInputError) as caught:
        await shop.ids("shop.Product", sort=[(column, "asc")])
    assert [*caught.value.fields] == [column]
