"""Changing and deleting the documents of a table."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.table.cells import MODEL, change, make, stored
from tests.integration.table.shop import ANNA, BERT, Category, Product, Shop, Size, as_user
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError


@pytest.mark.parametrize(
    ("field", "sent", "shown", "kept"),
    [
        ("name", "new", "new", "new"),
        ("note", "text", "text", "text"),
        ("note", None, None, None),
        ("stock", 7, 7, 7),
        ("stock", "7", 7, 7),
        ("weight", 1.5, 1.5, 1.5),
        ("price", "12.340", "12.340", Decimal("12.340")),
        ("price", None, None, None),
        ("active", True, True, True),
        ("day", "2024-02-29", "2024-02-29", date(2024, 2, 29)),
        ("sold_at", "2024-02-29T12:00:00.000Z", "2024-02-29T12:00:00Z", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("sold_at", "2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("size", "extra_large", "extra_large", Size.EXTRA_LARGE),
        ("size", None, None, None),
    ],
)
async def test_a_value_is_stored_and_shown(shop: Shop, field: str, sent: Any, shown: Any, kept: Any) -> None:
    """What a cell sends is read by the model, stored with author and revision, and comes back as the grid shows it."""
    with as_user(ANNA):
        row = await make(shop)
    with as_user(BERT):
        changed = await change(shop, row, **{field: sent})
        document = await stored(row)
    assert changed[field] == shown
    assert getattr(document, field) == kept
    assert (changed["revision"], document.updated_by, document.created_by) == (2, BERT.id, ANNA.id)
    assert {name: value for name, value in changed.items() if name not in {field, "revision"}} == {
        name: value for name, value in row.items() if name not in {field, "revision"}
    }


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("name", None),
        ("name", 5),
        ("stock", -1),
        ("stock", "many"),
        ("stock", 1.5),
        ("price", "cheap"),
        ("price", "-0.01"),
        ("active", "perhaps"),
        ("day", "2024-02-30"),
        ("sold_at", "noon"),
        ("size", "huge"),
        ("name", {"$set": {"stock": 5}}),
    ],
)
async def test_a_value_that_does_not_fit_changes_nothing(shop: Shop, field: str, sent: Any) -> None:
    """The model decides; the answer names the field and says why without repeating the value, and nothing is stored."""
    with as_user(ANNA):
        row = await make(shop, stock=3)
        with pytest.raises(InvalidInputError) as caught:
            await change(shop, row, **{field: sent, "note": "also new"})
        assert [*caught.value.fields] == [field]
        assert caught.value.fields[field].endswith(".")
        assert await shop.tables.rows(MODEL, [row["id"]]) == [row]


async def test_all_wrong_values_are_told_at_once(shop: Shop) -> None:
    """Of several wrong fields each gets its message."""
    with as_user(ANNA):
        row = await make(shop)
        with pytest.raises(InvalidInputError) as caught:
            await change(shop, row, stock=-1, price="x", note="fine")
    assert caught.value.fields.keys() == {"stock", "price"}


@pytest.mark.parametrize(
    "field",
    ["id", "_id", "revision", "created_by", "deleted_at", "key", "category", "tags", "nothing", "$set", "name.x"],
)
async def test_only_columns_that_are_edited_can_be_changed(shop: Shop, field: str) -> None:
    """Ids, audit fields, secrets, links and what does not exist are refused, with their name."""
    with as_user(ANNA):
        row = await make(shop)
        with pytest.raises(InvalidInputError) as caught:
            await change(shop, row, **{field: "x"})
        assert [*caught.value.fields] == [field]
        assert await shop.tables.rows(MODEL, [row["id"]]) == [row]


async def test_the_same_field_in_two_hands_is_a_conflict(shop: Shop) -> None:
    """Who changes what somebody else has changed meanwhile is told which field, and the first change stays."""
    with as_user(ANNA):
        row = await make(shop, stock=1)
        await change(shop, row, stock=2)
    with as_user(BERT):
        with pytest.raises(ConflictError, match="Stock was changed meanwhile") as caught:
            await change(shop, row, stock=3)
        assert [*caught.value.fields] == ["stock"]
        assert (await stored(row)).stock == 2


async def test_different_fields_in_two_hands_are_merged(shop: Shop) -> None:
    """Two who looked at the same row may each change another field of it."""
    with as_user(ANNA):
        row = await make(shop, stock=1)
        await change(shop, row, stock=2)
    with as_user(BERT):
        merged = await change(shop, row, note="b")
        assert (merged["stock"], merged["note"], merged["revision"]) == (2, "b", 3)


async def test_changes_at_the_same_moment_are_merged(shop: Shop) -> None:
    """Also where several changes of different fields are under way at once, each is kept."""
    with as_user(ANNA):
        row = await make(shop)
        new = {"name": "new", "note": "new", "stock": 5, "weight": 2.5}
        await asyncio.gather(*(change(shop, row, **{field: value}) for field, value in new.items()))
        last = (await shop.tables.rows(MODEL, [row["id"]]))[0]
        assert {field: last[field] for field in new} == new
        assert last["revision"] == 5


async def test_of_changes_of_one_field_at_the_same_moment_one_wins(shop: Shop) -> None:
    """Of several that change the same field from the same state, one is stored and the others are told."""
    with as_user(ANNA):
        row = await make(shop)
        results = await asyncio.gather(
            *(change(shop, row, stock=number) for number in range(1, 5)), return_exceptions=True
        )
        kept = [result["stock"] for result in results if isinstance(result, dict)]
        assert len(kept) == 1
        assert sum(isinstance(result, ConflictError) for result in results) == 3
        assert (await stored(row)).stock == kept[0]


@pytest.mark.parametrize(
    "values",
    [
        {"day": "2024-02-29"},
        {"sold_at": "2024-02-29T12:30:15.250Z"},
        {"price": "1.10"},
        {"price": "1E+3"},
        {"weight": 0.1},
        {"size": "small"},
        {"active": False},
        {"note": None},
        {"note": ""},
    ],
    ids=str,
)
async def test_a_field_that_is_as_it_was_is_no_conflict(shop: Shop, values: dict[str, Any]) -> None:
    """The value that the grid has shown is recognised as the stored one, whatever its type."""
    ((field, _),) = values.items()
    new = {"day": "2024-03-01", "sold_at": None, "price": "2", "weight": 1, "size": None, "active": True, "note": "x"}
    with as_user(ANNA):
        row = await make(shop, **values)
        await change(shop, row, name="meanwhile")
        changed = await change(shop, row, **{field: new[field]})
        assert changed[field] == new[field]


async def test_an_old_revision_without_the_old_value_is_a_conflict(shop: Shop) -> None:
    """Who does not say what he saw cannot claim that nothing changed."""
    with as_user(ANNA):
        row = await make(shop)
        await change(shop, row, note="x")
        with pytest.raises(ConflictError):
            await shop.tables.change(MODEL, row["id"], {"name": "b"}, revision=row["revision"], was={})
        await shop.tables.change(MODEL, row["id"], {"name": "c"}, revision=None, was={})
        assert (await stored(row)).name == "c"


async def test_a_deleted_row_cannot_be_changed(shop: Shop) -> None:
    """What somebody deleted meanwhile is not found, nor is what never was."""
    with as_user(ANNA):
        row = await make(shop)
        await shop.tables.delete(MODEL, row["id"])
        for identity in (row["id"], "0" * 24, "no id", ""):
            with pytest.raises(NotFoundError):
                await shop.tables.change(MODEL, identity, {"name": "b"}, revision=1, was={"name": "a"})
            with pytest.raises(NotFoundError):
                await shop.tables.delete(MODEL, identity)


async def test_deleting_marks_and_keeps(shop: Shop) -> None:
    """A deleted row is in no table any more, and still in the database with who deleted it."""
    with as_user(ANNA):
        row = await make(shop)
    with as_user(BERT):
        await shop.tables.delete(MODEL, row["id"])
        assert await shop.tables.rows(MODEL, [row["id"]]) == []
    raw = await shop.connection.raw[shop.models.of(Product).collection].find_one({})
    assert raw is not None
    assert raw["deleted_at"] is not None
    assert raw["updated_by"] == BERT.id


async def test_rules_over_several_fields_are_kept(shop: Shop) -> None:
    """A change that breaks a rule of the model is refused; two changes that keep it together are taken, in any order."""
    with as_user(ANNA):
        row = await shop.tables.create("shop.Period", {"name": "a", "start": 1, "end": 5})
        with pytest.raises(InvalidInputError, match="The end lies before the start"):
            await change(shop, row, "shop.Period", start=9)
        assert await shop.tables.rows("shop.Period", [row["id"]]) == [row]
        row = await change(shop, row, "shop.Period", start=11, end=15)
        row = await change(shop, row, "shop.Period", end=5, start=1)
        assert (row["start"], row["end"]) == (1, 5)
        with pytest.raises(InvalidInputError):
            await change(shop, row, "shop.Period", start=30, end=20)
        with pytest.raises(InvalidInputError):
            await change(shop, row, "shop.Period", fixed="y")
        assert await shop.tables.rows("shop.Period", [row["id"]]) == [row]


async def test_a_field_with_another_stored_name_is_one_field(shop: Shop) -> None:
    """A field that is stored under an alias is made, changed, filtered, sorted and shown by its own name."""
    with as_user(ANNA):
        row = await shop.tables.create("shop.Period", {"name": "a", "old": "x"})
        await shop.tables.create("shop.Period", {"name": "b", "old": "z"})
        row = await change(shop, row, "shop.Period", old="y")
        assert row["old"] == "y"
        filters = {"old": {"type": "equals", "filter": "Y"}}
        assert await shop.ids("shop.Period", filters) == [row["id"]]
        assert len(await shop.ids("shop.Period", sort=[("old", "desc")])) == 2
        raw = await shop.connection.raw["shop.Period"].find_one({"name": "a"})
        assert raw is not None
        assert raw["older_name"] == "y"
        assert "old" not in raw


async def test_nothing_is_lost_of_documents_that_hold_more(shop: Shop) -> None:
    """Changing one field leaves secrets, lists and links of the document as they were."""
    with as_user(ANNA):
        category = await Category(name="tools").insert()
        row = await make(shop, tags=["x", "y"], key="hunter2hunter2", category=str(category.id))
        await change(shop, row, stock=5)
        document = await stored(row)
    assert document.tags == ["x", "y"]
    assert document.key.get_secret_value() == "hunter2hunter2"
    assert document.category is not None
    assert document.category.ref.id == category.id
