"""Nested filters: what they find, and what they refuse."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.table.shop import ANNA, Category, Product, Shop, Size, as_user
from webos.data.table import TableQuery
from webos.kernel.errors import InvalidInputError

Tree = Mapping[str, Any]


def both(*items: Tree) -> Tree:
    return {"join": "and", "items": list(items)}


def either(*items: Tree) -> Tree:
    return {"join": "or", "items": list(items)}


def has(field: str, kind: str, value: Any = None, **more: Any) -> Tree:
    return {"field": field, "type": kind, **({} if value is None else {"filter": value}), **more}


async def _fill() -> tuple[Category, Category]:
    tools, toys = await Category(name="Tools").insert(), await Category(name="Toys").insert()
    today = datetime.now(UTC)
    for name, stock, size, category, day in (
        ("Bolt", 5, Size.SMALL, tools, 0),
        ("Nut", 0, Size.SMALL, tools, 3),
        ("Ball", 5, Size.EXTRA_LARGE, toys, 10),
        ("Kite", 50, None, toys, -4),
        ("Rope", 7, None, None, 400),
    ):
        moment = today - timedelta(days=day)
        values = {"name": name, "stock": stock, "size": size, "category": category}
        await Product(**values, day=moment.date(), sold_at=moment).insert()
    return tools, toys


TREES: list[tuple[Tree, str]] = [
    (both(), "Ball Bolt Kite Nut Rope"),
    (both(has("stock", "greaterThan", 4), has("name", "contains", "b")), "Ball Bolt"),
    (either(has("stock", "equals", 0), has("name", "equals", "kite")), "Kite Nut"),
    (either(both(has("stock", "equals", 5), has("name", "startsWith", "Bo")), has("stock", "inRange", 7, filterTo=9)),
     "Bolt Rope"),
    (both(either(has("category", "equals", "tools"), has("category", "blank")), has("stock", "notEqual", 0)), "Bolt Rope"),
    (either(has("category", "contains", "toy"), both(has("name", "endsWith", "t"), has("category", "notContains", "toy"))),
     "Ball Bolt Kite Nut"),
    (both(has("size", "in", values=["small", "extra_large"])), "Ball Bolt Nut"),
    (both(has("size", "notIn", values=["small"]), either(has("stock", "greaterThanOrEqual", 7))), "Kite Rope"),
    (both(has("day", "lastDays", 4)), "Bolt Nut"),
    (both(has("sold_at", "today")), "Bolt"),
    (both(has("day", "nextDays", 9)), "Bolt Kite"),
    (both(either(both(either(has("name", "equals", "rope"))))), "Rope"),
]  # fmt: skip


async def test_nested_groups_find_what_they_say(shop: Shop) -> None:
    """Groups in groups, over texts, numbers, choices, days and links, find the same on every kind of server."""
    with as_user(ANNA):
        tools, _ = await _fill()
        for reads_all in (True, False):
            with shop.reads_all_matches(value=reads_all):
                for tree, expected in TREES:
                    tables = shop.new_tables()
                    block = await tables.block("shop.Product", TableQuery({}, [("name", "asc")], tree=tree), 0, 50)
                    assert " ".join(row["name"] for row in block.rows) == expected, (tree, reads_all)
        by_id = both(has("category", "in", values=[str(tools.id)]))
        block = await shop.tables.block("shop.Product", TableQuery({}, [("name", "asc")], tree=by_id), 0, 50)
        assert [row["name"] for row in block.rows] == ["Bolt", "Nut"]


@pytest.mark.parametrize(
    ("tree", "field"),
    [
        (both(has("nope", "equals", "x")), "nope"),
        (both(has("key", "contains", "h")), "key"),
        (both(has("created_by", "contains", "h")), "created_by"),
        (both(has("name", "$where", "x")), "name"),
        (both(has("name", "equals", {"$gt": ""})), "name"),
        (both(has("name", "equals", "x", conditions=[{"type": "blank"}])), "name"),
        (both(has("stock", "equals", "x")), "stock"),
        (both(has("size", "in", values=["huge"])), "size"),
        (both(has("size", "in", values=[{"$ne": 1}])), "size"),
        (both(has("size", "in")), "size"),
        (both(has("size", "in", values=["small"] * 201)), "size"),
        (both(has("category", "in", values=["nonsense"])), "category"),
        (both(has("day", "lastDays", 0)), "day"),
        (both(has("day", "lastDays", value=True)), "day"),
        (both(has("tags", "contains", "x")), "tags"),
        ({"join": "nor", "items": []}, "tree"),
        ({"join": "and", "items": [{"$where": "1"}]}, "tree"),
        ({"join": "and", "items": "x"}, "tree"),
        ({"$or": []}, "tree"),
        (both(both(both(both(both(both()))))), "tree"),
        (both(*[has("name", "blank")] * 61), "tree"),
        (both(*[both(*[has("name", "blank")] * 20)] * 3), "tree"),
        (both({"field": ["name"], "type": "blank"}), "['name']"),
    ],
)
async def test_what_is_not_possible_names_the_field(shop: Shop, tree: Tree, field: str) -> None:
    """Unknown columns, operators, values, and too deep or too many of them are refused, and nothing reaches the database."""
    with as_user(ANNA), pytest.raises(InvalidInputError) as caught:
        await shop.tables.block("shop.Product", TableQuery({}, tree=tree), 0, 10)
    assert list(caught.value.fields) == [field]


async def test_a_link_to_what_one_may_not_read_tells_nothing(shop: Shop) -> None:
    """Whether a label matches is not told to who may not read the linked model, however deep it is asked."""
    with as_user(ANNA), pytest.raises(Exception, match=r"other\.read"):
        await shop.tables.block("shop.Card", TableQuery({}, tree=either(both(has("safe", "contains", "x")))), 0, 10)
