"""Filters: the rows that the service gives are those that plain Python picks."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.table.predicates import KINDS, LABELS, fits
from tests.integration.table.shop import ANNA, Category, Product, Shop, as_user
from webos.data.document import CoreDocument
from webos.kernel.errors import InvalidInputError

# Letters in both cases, one that is not ASCII, and everything that means something in an expression.
LETTERS = "aAbB é" + r".*+?()[]{}|^$\-/#&~" + "\n"
texts = st.text(LETTERS, max_size=4)
wanted_texts = st.text(LETTERS, min_size=1, max_size=2)
integers = st.integers(-3, 3)
floats = st.sampled_from([-2.5, -1.0, 0.0, 0.5, 1.0, 2.0, 1e300])
decimals = st.sampled_from([Decimal(text) for text in ("-1.50", "0", "1", "1.0", "1.10", "2.000001", "1E+3")])
days = st.dates(date(2024, 2, 27), date(2024, 3, 2))
midnights = days.map(lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC))
moments = midnights | st.builds(lambda day, seconds: day + timedelta(seconds=seconds), midnights, st.integers(0, 86399))

row_values: dict[str, st.SearchStrategy[Any]] = {
    "name": texts,
    "note": st.none() | texts,
    "stock": integers,
    "weight": st.none() | floats,
    "price": st.none() | decimals,
    "active": st.none() | st.booleans(),
    "day": st.none() | days,
    "sold_at": st.none() | moments,
    "size": st.none() | st.sampled_from([*LABELS]),
}
rows = st.lists(st.fixed_dictionaries(row_values), max_size=8)

text_types = st.sampled_from(["contains", "notContains", "equals", "notEqual", "startsWith", "endsWith"])
comparisons = st.sampled_from(
    ["equals", "notEqual", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual", "inRange"]
)
day_types = st.sampled_from(["equals", "notEqual", "lessThan", "greaterThan", "inRange"])
empty = st.fixed_dictionaries({"type": st.sampled_from(["blank", "notBlank"])})


def compared(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    as_sent = numbers.map(lambda number: str(number) if isinstance(number, Decimal) else number)
    return st.fixed_dictionaries({"type": comparisons, "filter": as_sent, "filterTo": as_sent})


simple: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "text": st.fixed_dictionaries({"type": text_types, "filter": wanted_texts}),
    "stock": compared(integers | floats),
    "weight": compared(floats | integers),
    "price": compared(decimals | integers),
    "truth": st.fixed_dictionaries({"type": st.sampled_from(["true", "false"])}),
    "day": st.fixed_dictionaries({"type": day_types, "dateFrom": days.map(str), "dateTo": days.map(str)}),
    "choice": st.fixed_dictionaries(
        {"type": text_types, "filter": st.sampled_from(["small", "SMALL", "Extra large", "extra_large", "l", "e", "x"])}
    ),
}


def conditions(field: str) -> st.SearchStrategy[dict[str, Any]]:
    one = simple[field if field in simple else KINDS[field]] | empty
    several = st.fixed_dictionaries(
        {"conditions": st.lists(one, min_size=1, max_size=3), "operator": st.sampled_from(["AND", "OR"])}
    )
    return one | several


filters = st.lists(st.sampled_from([*KINDS]), min_size=1, max_size=4, unique=True).flatmap(
    lambda fields: st.fixed_dictionaries({field: conditions(field) for field in fields})
)


async def refill(shop: Shop, document: type[CoreDocument], values: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Replace all documents and return the rows by their ids. Past validation, for a database may hold anything."""
    collection = shop.connection.raw[shop.models.of(document).collection]
    await collection.delete_many({})
    if not values:
        return {}
    stored = [
        {
            key: datetime(value.year, value.month, value.day, tzinfo=UTC) if type(value) is date else value
            for key, value in row.items()
        }
        for row in values
    ]
    result = await shop.collection(document).insert_many(stored)
    return {str(identity): row for identity, row in zip(result.inserted_ids, values, strict=True)}


@pytest.mark.parametrize("reads_all", [True, False])
@given(rows=rows, filters=filters)
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_filters_pick_what_python_picks(
    shop: Shop, *, reads_all: bool, rows: list[dict[str, Any]], filters: dict[str, Any]
) -> None:
    """For any data and any filter, the service gives exactly the rows that fulfil it, however the server is asked."""
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        stored = await refill(shop, Product, rows)
        found = await shop.ids("shop.Product", filters)
    assert sorted(found) == sorted(identity for identity, row in stored.items() if fits(row, filters))


@pytest.mark.parametrize("reads_all", [True, False])
@given(rows=rows, words=st.lists(wanted_texts, max_size=2), filters=st.just({}) | filters)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_search_finds_every_word_in_some_text(
    shop: Shop, *, reads_all: bool, rows: list[dict[str, Any]], words: list[str], filters: dict[str, Any]
) -> None:
    """A search finds the rows that have each word in one of the texts, and fulfil the filter as well."""
    search = " ".join(words)
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        stored = await refill(shop, Product, rows)
        found = await shop.ids("shop.Product", filters, search=search)

    def searched(row: dict[str, Any]) -> bool:
        texts = [(row["name"] or "").lower(), (row["note"] or "").lower()]
        return all(any(word.lower() in text for text in texts) for word in search.split())

    expected = [identity for identity, row in stored.items() if fits(row, filters) and searched(row)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("reads_all", [True, False])
@pytest.mark.parametrize("text", [".", "*", "^a", "a$", "a|b", "(", "[a-z]", "\\", "\\d", "a.c", " ", "-", "#", "{2}"])
async def test_signs_of_expressions_are_just_signs(shop: Shop, text: str, *, reads_all: bool) -> None:
    """Whoever looks for a dot finds dots."""
    names = ["abc", "a.c", "aac", "5", text, f"x{text}y", text.upper()]
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        made = await shop.fill(*names)
        found = await shop.ids("shop.Product", {"name": {"type": "contains", "filter": text}})
    assert sorted(found) == sorted(str(each.id) for each in made if text.lower() in each.name.lower())


@pytest.mark.parametrize("reads_all", [True, False])
async def test_missing_fields_are_empty(shop: Shop, *, reads_all: bool) -> None:
    """A document from before a field was added counts as one in which it is empty."""
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        old = str((await shop.collection(Product).insert_one({"name": "old"})).inserted_id)
        for field in ("note", "weight", "price", "active", "day", "size", "category", "tags"):
            assert await shop.ids("shop.Product", {field: {"type": "blank"}}) == [old]
            assert await shop.ids("shop.Product", {field: {"type": "notBlank"}}) == []
        assert await shop.ids("shop.Product", {"note": {"type": "notContains", "filter": "x"}}) == [old]


@pytest.mark.parametrize(
    "bad",
    [
        {"nothing": {"type": "blank"}},
        {"key": {"type": "contains", "filter": "hunter"}},
        {"name": {"type": "regex", "filter": ".*"}},
        {"name": {"type": "contains", "filter": "x" * 100_000}},
        {"stock": {"type": "equals", "filter": "many"}},
        {"price": {"type": "lessThan", "filter": "1" * 50}},
        {"sold_at": {"type": "greaterThan", "dateFrom": "9999-12-31"}},
        {"category": {"type": "contains", "filter": ""}},
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_refused_before_the_database_is(shop: Shop, bad: dict[str, Any]) -> None:
    """A filter that does not fit is invalid input that names the column, for blocks and for totals."""
    with as_user(ANNA):
        with pytest.raises(InvalidInputError) as caught:
            await shop.ids("shop.Product", bad)
        assert [*caught.value.fields] == [*bad]


@pytest.mark.parametrize("reads_all", [True, False])
async def test_links_are_filtered_by_label(shop: Shop, *, reads_all: bool) -> None:
    """A condition on a link looks at the label of what it leads to."""
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        tools, toys, gone = [await Category(name=name).insert() for name in ("Tools (old)", "Toys", "Gone")]
        made = {
            name: str((await Product(name=name, category=category).insert()).id)
            for name, category in {"saw": tools, "ball": toys, "lost": gone, "none": None}.items()
        }
        await gone.delete()

        async def found(what: str, text: str | None = None) -> set[str]:
            ids = await shop.ids("shop.Product", {"category": {"type": what, "filter": text}})
            return {name for name, identity in made.items() if identity in ids}

        assert await found("contains", "TO") == {"saw", "ball"}
        assert await found("contains", "(old)") == {"saw"}
        assert await found("contains", ".*") == set()
        assert await found("equals", "toys") == {"ball"}
        assert await found("startsWith", "tool") == {"saw"}
        assert await found("endsWith", "s") == {"ball"}
        assert await found("equals", "gone") == set()
        assert await found("notContains", "tools") == {"ball", "lost", "none"}
        assert await found("notEqual", "toys") == {"saw", "lost", "none"}
        assert await found("blank") == {"none"}
        assert await found("notBlank") == {"saw", "ball", "lost"}


async def test_a_link_filter_follows_the_label(shop: Shop) -> None:
    """After the linked document got another name, the same filter asked again goes by the new one."""
    condition = {"category": {"type": "equals", "filter": "Tools"}}
    with as_user(ANNA):
        category = await Category(name="Tools").insert()
        await Product(name="saw", category=category).insert()
        assert await shop.names(filters=condition) == ["saw"]
        category.name = "Toys"
        await category.save()
        assert await shop.names(filters=condition) == []


async def test_a_link_filter_that_fits_too_much_is_refused(shop: Shop) -> None:
    """Rather than leaving rows out silently, a condition that thousands of linked documents fulfil asks to be narrower."""
    with as_user(ANNA):
        await shop.collection(Category).insert_many([{"name": f"category {number}"} for number in range(5001)])
        with pytest.raises(InvalidInputError, match=r"5,000|check your input") as caught:
            await shop.ids("shop.Product", {"category": {"type": "notContains", "filter": "cat"}})
    assert "5,000" in caught.value.fields["category"]


async def test_days_are_whole_days(shop: Shop) -> None:
    """`equals` on a time means the whole day in UTC, its first moment with it and the next day's without."""
    midnight = datetime(2024, 2, 29, tzinfo=UTC)
    moments = [
        midnight - timedelta(milliseconds=1),
        midnight,
        midnight + timedelta(hours=23),
        midnight + timedelta(days=1),
    ]
    with as_user(ANNA):
        made = [str((await Product(name="x", sold_at=moment).insert()).id) for moment in moments]
        found = await shop.ids("shop.Product", {"sold_at": {"type": "equals", "dateFrom": "2024-02-29 00:00:00"}})
    assert sorted(found) == sorted(made[1:3])
