"""Making the documents of a table, and offering them to link to."""

import pytest

from tests.integration.table.cells import MODEL, change, make, stored
from tests.integration.table.shop import ANNA, BERT, Category, Diary, Period, Shop, as_user
from webos.data.table import TableQuery
from webos.kernel.errors import ConflictError, InvalidInputError


async def test_a_new_row_has_defaults_and_stamps(shop: Shop) -> None:
    """A created document has the model's defaults, its author, and whatever was claimed about these is ignored."""
    with as_user(ANNA):
        claimed = {"id": "0" * 24, "_id": "0" * 24, "created_by": str(BERT.id), "revision": 99, "deleted_at": None}
        row = await make(shop, **claimed)
        document = await stored(row)
    assert row["id"] != "0" * 24
    assert (document.created_by, document.revision, document.deleted_at) == (ANNA.id, 1, None)
    assert (row["stock"], row["category"], row["tags"]) == (0, None, [])


async def test_a_new_row_that_does_not_fit_is_not_stored(shop: Shop) -> None:
    """Missing and wrong fields are told one by one, and nothing is stored."""
    with as_user(ANNA):
        with pytest.raises(InvalidInputError) as caught:
            await shop.tables.create(MODEL, {"stock": -1, "size": "huge"})
        assert caught.value.fields.keys() == {"name", "stock", "size"}
        assert (await shop.tables.total(MODEL, TableQuery({})))[1] == 0


async def test_a_new_row_may_link(shop: Shop) -> None:
    """A link is given by id, and comes back with its label."""
    with as_user(ANNA):
        category = await Category(name="tools").insert()
        row = await make(shop, category=str(category.id))
        assert row["category"] == {"id": str(category.id), "label": "tools"}


async def test_values_that_must_be_unique_are_told(shop: Shop) -> None:
    """A taken value is a conflict that names the field, when a row is made and when one is changed."""
    with as_user(ANNA):
        first = await shop.tables.create("shop.Period", {"name": "a"})
        with pytest.raises(ConflictError) as caught:
            await shop.tables.create("shop.Period", {"name": "a"})
        assert [*caught.value.fields] == ["name"]
        second = await shop.tables.create("shop.Period", {"name": "b"})
        with pytest.raises(ConflictError) as caught:
            await change(shop, second, "shop.Period", name="a")
        assert [*caught.value.fields] == ["name"]
        assert await shop.tables.rows("shop.Period", [second["id"]]) == [second]
        await shop.tables.delete("shop.Period", first["id"])
        assert (await change(shop, second, "shop.Period", name="a"))["name"] == "a"


async def test_options_are_found_by_their_label(shop: Shop) -> None:
    """A picker gets ids and labels that have every word, at most as many as it wants, and signs are just signs."""
    with as_user(ANNA):
        made = {
            name: str((await Category(name=name).insert()).id) for name in ("Blue paint", "Red paint", "Paint (old)")
        }
        gone = await Category(name="Gone paint").insert()
        await gone.delete()

        async def found(words: str, limit: int = 20) -> set[tuple[str, str]]:
            return set(await shop.tables.options("shop.Category", words, limit))

        assert await found("") == {(identity, name) for name, identity in made.items()}
        assert await found("PAINT blue") == {(made["Blue paint"], "Blue paint")}
        assert await found("(old)") == {(made["Paint (old)"], "Paint (old)")}
        assert await found(".*") == set()
        assert len(await found("paint", limit=2)) == 2
        with pytest.raises(InvalidInputError):
            await found("x" * 201)


async def test_options_without_a_label_show_the_id(shop: Shop) -> None:
    """Own documents only are offered, and an empty label is empty rather than the word None."""
    with as_user(ANNA):
        diary = await Diary(title="").insert()
        assert await shop.tables.options("shop.Diary", "") == [(str(diary.id), "")]
    with as_user(BERT):
        assert await shop.tables.options("shop.Diary", "") == []


async def test_a_period_is_validated_as_a_whole_when_made(shop: Shop) -> None:
    """A rule over several fields that is broken from the start is told as such."""
    with as_user(ANNA), pytest.raises(InvalidInputError):
        await shop.tables.create("shop.Period", {"name": "a", "start": 5, "end": 1})
    with as_user(ANNA):
        assert await Period.find_all().count() == 0
