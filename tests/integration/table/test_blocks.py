"""Blocks: what a reader scrolls through stays in place while others work."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.integration.table.shop import ANNA, BERT, Category, Product, Shop, Ticket, as_user, until
from webos.data.table import TableQuery
from webos.data.table.service import MAX_BLOCK, Block
from webos.kernel.errors import InvalidInputError, NotFoundError, NotSignedInError, PermissionDeniedError

PLAIN = TableQuery({})
BY_NAME = TableQuery({}, [("name", "asc")])
BIG = TableQuery({"stock": {"type": "greaterThan", "filter": 5}})
MODEL = "shop.Product"


def names(block: Block) -> list[str]:
    return [row["name"] for row in block.rows]


def seen(shop: Shop, query: TableQuery, wanted: list[str]) -> Callable[[], Awaitable[bool]]:
    """Return a condition: whoever opens the table anew sees these names."""

    async def check() -> bool:
        return names(await shop.tables.block(MODEL, query, 0, 100)) == wanted

    return check


@pytest.mark.parametrize("reads_all", [True, False])
@pytest.mark.parametrize("query", [PLAIN, BY_NAME, TableQuery({"name": {"type": "contains", "filter": "n"}})])
async def test_blocks_join_without_gap(shop: Shop, query: TableQuery, *, reads_all: bool) -> None:
    """Consecutive blocks together are all rows, each once; past the end there are none."""
    with as_user(ANNA), shop.reads_all_matches(value=reads_all):
        made = {product.name for product in await shop.fill(*[f"n{number:02}" for number in range(25)])}
        handle, found = "", list[str]()
        for start in range(0, 40, 7):
            block = await shop.tables.block(MODEL, query, start, start + 7, handle)
            handle = block.handle
            found += names(block)
        assert len(found) == 25
        assert set(found) == made
        assert found == sorted(found, reverse=query is not BY_NAME)
        assert await shop.tables.total(MODEL, query, handle) == (handle, 25)


async def test_a_block_has_a_limit(shop: Shop) -> None:
    """However much is asked for, one block has at most a thousand rows, and the total says how many there are."""
    with as_user(ANNA):
        await shop.collection(Product).insert_many([{"name": f"{number}"} for number in range(MAX_BLOCK + 5)])
        block = await shop.tables.block(MODEL, PLAIN, 0, 10**9)
        assert len(block.rows) == MAX_BLOCK
        assert block.total == MAX_BLOCK + 5
        assert len((await shop.tables.block(MODEL, PLAIN, MAX_BLOCK, 10**9, block.handle)).rows) == 5


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 4), (-5, -1)])
async def test_a_range_that_is_none_is_refused(shop: Shop, start: int, end: int) -> None:
    """A negative or turned range is invalid input."""
    with as_user(ANNA), pytest.raises(InvalidInputError):
        await shop.tables.block(MODEL, PLAIN, start, end)


async def test_an_empty_table_is_empty(shop: Shop) -> None:
    """Without rows there is an empty block, a total of zero, and still a handle."""
    with as_user(ANNA):
        block = await shop.tables.block(MODEL, PLAIN, 0, 100)
        assert (block.rows, block.total) == ([], 0)
        assert block.handle


@pytest.mark.parametrize("query", [BY_NAME, BIG, PLAIN])
async def test_rows_stay_in_place_while_others_edit(shop: Shop, query: TableQuery) -> None:
    """A changed row shows its new values where it was, though it now sorts elsewhere or no longer fits the filter."""
    with as_user(ANNA):
        made = [await Product(name=name, stock=10).insert() for name in "abcd"]
        first = await shop.tables.block(MODEL, query, 0, 2)
    with as_user(BERT):
        for name, product in zip("zyxw", made, strict=True):
            product.name, product.stock = name, 0
            await product.save()
    expected = {"a": "z", "b": "y", "c": "x", "d": "w"}
    with as_user(ANNA):
        again = await shop.tables.block(MODEL, query, 0, 2, first.handle)
        rest = await shop.tables.block(MODEL, query, 2, 4, first.handle)
        assert names(again) == [expected[name] for name in names(first)]
        assert sorted(names(again) + names(rest)) == ["w", "x", "y", "z"]
        await until(seen(shop, BY_NAME, ["w", "x", "y", "z"]))
        await until(seen(shop, BIG, []))


@pytest.mark.parametrize("query", [PLAIN, BY_NAME, TableQuery({"name": {"type": "notBlank"}})])
async def test_new_rows_appear_after_a_reload(shop: Shop, query: TableQuery) -> None:
    """Who scrolls is not pushed off his place by a new row; who opens the table anew sees it."""
    with as_user(ANNA):
        await shop.fill("b", "c", "d")
        first = await shop.tables.block(MODEL, query, 0, 2)
    with as_user(BERT):
        await shop.fill("a", "e")
    with as_user(ANNA):
        everybody = ["a", "b", "c", "d", "e"] if query is BY_NAME else ["e", "a", "d", "c", "b"]
        await until(seen(shop, query, everybody))
        again = await shop.tables.block(MODEL, query, 0, 2, first.handle)
        rest = await shop.tables.block(MODEL, query, 2, 100, first.handle)
        assert names(again) == names(first)
        assert sorted(names(again) + names(rest)) == ["b", "c", "d"]
        assert rest.total == 3
        assert (await shop.tables.total(MODEL, query, first.handle))[1] == 3
        assert (await shop.tables.total(MODEL, query))[1] == 5


async def test_the_first_row_of_an_empty_table_appears_after_a_reload(shop: Shop) -> None:
    """A table that was empty when it was opened stays so for its reader until he reloads."""
    with as_user(ANNA):
        first = await shop.tables.block(MODEL, PLAIN, 0, 10)
        await shop.fill("a")
        await until(seen(shop, PLAIN, ["a"]))
        assert (await shop.tables.block(MODEL, PLAIN, 0, 10, first.handle)).rows == []


@pytest.mark.parametrize("query", [PLAIN, BY_NAME])
async def test_deleted_rows_drop_out(shop: Shop, query: TableQuery) -> None:
    """A row that somebody deletes is gone from every later block, and those after it move up; none is skipped or shown twice."""
    with as_user(ANNA):
        made = await shop.fill("a", "b", "c", "d", "e")
        first = await shop.tables.block(MODEL, query, 0, 2)
    with as_user(BERT):
        await made[2].delete()
    with as_user(ANNA):
        rest = await shop.tables.block(MODEL, query, 2, 10, first.handle)
        assert names(first) + names(rest) == (["a", "b", "d", "e"] if query is BY_NAME else ["e", "d", "b", "a"])
        assert rest.total == 4
        await until(seen(shop, query, ["a", "b", "d", "e"] if query is BY_NAME else ["e", "d", "b", "a"]))


async def test_rows_come_and_go_around_a_reader(shop: Shop) -> None:
    """Also where rows are added and deleted at once, an open view shows what is left of what it began with."""
    with as_user(ANNA):
        made = await shop.fill("a", "b", "c")
        first = await shop.tables.block(MODEL, PLAIN, 0, 1)
        await shop.fill("d", "e")
        await made[1].delete()
        await until(seen(shop, PLAIN, ["e", "d", "c", "a"]))
        again = await shop.tables.block(MODEL, PLAIN, 0, 10, first.handle)
        assert names(again) == ["c", "a"]


async def test_a_row_that_everybody_deleted_ends_the_block(shop: Shop) -> None:
    """If all rows are gone, a block is empty instead of being looked for for ever."""
    with as_user(ANNA):
        made = await shop.fill("a", "b", "c")
        first = await shop.tables.block(MODEL, BY_NAME, 0, 1)
        for product in made:
            await product.delete()
        block = await shop.tables.block(MODEL, BY_NAME, 0, 3, first.handle)
        assert (block.rows, block.total) == ([], 0)


async def test_a_restored_row_appears_after_a_reload(shop: Shop) -> None:
    """What was deleted and is taken back is there again for who opens the table anew."""
    with as_user(ANNA):
        made = await shop.fill("a", "b")
        await made[0].delete()
        await until(seen(shop, PLAIN, ["b"]))
        raw = shop.connection.raw[shop.models.of(Product).collection]
        await raw.update_one({"_id": made[0].id}, {"$set": {"deleted_at": None}})
        await until(seen(shop, PLAIN, ["b", "a"]))


async def test_a_value_that_is_taken_away_moves_the_row(shop: Shop) -> None:
    """A field that somebody unsets counts as changed, so that a sort by it is made anew."""
    with as_user(ANNA):
        made = [await Product(name=name, weight=weight).insert() for name, weight in [("a", 1), ("b", 2)]]
        query = TableQuery({}, [("weight", "desc")])
        await until(seen(shop, query, ["b", "a"]))
        await shop.collection(Product).update_one({"_id": made[1].id}, {"$unset": {"weight": ""}})
        await until(seen(shop, query, ["a", "b"]))


async def test_an_unrelated_change_keeps_the_order_that_was_read(shop: Shop) -> None:
    """A change of a column that neither sorts nor filters does not make the next reader read all ids again."""
    with as_user(ANNA):
        made = await shop.fill("a", "b")
        marker = await Category(name="marker").insert()
        await _changed(shop, marker)
        first = await shop.tables.block(MODEL, BY_NAME, 0, 10)
        made[0].note = "new"
        await made[0].save()
        await _changed(shop, marker)
        assert (await shop.tables.block(MODEL, BY_NAME, 0, 10)).handle == first.handle
        made[0].name = "z"
        await made[0].save()
        await until(seen(shop, BY_NAME, ["b", "z"]))
        assert (await shop.tables.block(MODEL, BY_NAME, 0, 10)).handle != first.handle


async def _changed(shop: Shop, marker: Category) -> None:
    """Write until the watcher has told of it; changes come in order, so all before it were told as well."""
    told = asyncio.Event()
    stop = shop.changes.listen("shop.Category", lambda _: told.set())
    marker.name += "x"
    await marker.save()
    async with asyncio.timeout(10):
        await told.wait()
    stop()


@pytest.mark.parametrize("handle", ["", "unknown", "a.b", "x" * 1000, ".", "ä.ö", "a.!!!!", "\0"])
async def test_a_handle_that_is_none_begins_anew(shop: Shop, handle: str) -> None:
    """A handle from before a restart, or one that somebody made up, is as good as none."""
    with as_user(ANNA):
        await shop.fill("a", "b")
        assert names(await shop.tables.block(MODEL, PLAIN, 0, 10, handle)) == ["b", "a"]
        assert names(await shop.tables.block(MODEL, BY_NAME, 0, 10, handle)) == ["a", "b"]


async def test_a_handle_belongs_to_its_query(shop: Shop) -> None:
    """A handle that comes with another filter, sort or model does not bring the rows of its own query."""
    with as_user(ANNA):
        await shop.fill("a", "b")
        handle = (await shop.tables.block(MODEL, BY_NAME, 0, 10)).handle
        assert names(await shop.tables.block(MODEL, TableQuery({}, [("name", "desc")]), 0, 10, handle)) == ["b", "a"]
        assert names(await shop.tables.block(MODEL, BIG, 0, 10, handle)) == []
        assert names(await shop.tables.block("shop.Category", BY_NAME, 0, 10, handle)) == []


async def test_ids_of_another_type_are_shown_too(shop: Shop) -> None:
    """A model whose ids are UUIDs has blocks, single rows, edits and deletions like any other."""
    with as_user(ANNA):
        made = [await Ticket(name=name).insert() for name in "abc"]
        block = await shop.tables.block("shop.Ticket", PLAIN, 0, 10)
        assert names(block) == ["c", "b", "a"]
        assert block.rows[0]["id"] == str(made[2].id)
        rows = await shop.tables.rows("shop.Ticket", [str(made[0].id), "no id", str(made[1].id)])
        assert sorted(row["name"] for row in rows) == ["a", "b"]
        changed = await shop.tables.change("shop.Ticket", str(made[0].id), {"name": "z"}, revision=1, was={"name": "a"})
        assert changed["name"] == "z"
        await shop.tables.delete("shop.Ticket", str(made[1].id))
        await until(lambda: _ticket_names(shop, ["z", "c"]))


async def _ticket_names(shop: Shop, wanted: list[str]) -> bool:
    return names(await shop.tables.block("shop.Ticket", PLAIN, 0, 10)) == wanted


async def test_single_rows_come_by_id(shop: Shop) -> None:
    """Rows are found by their ids; unknown, deleted and impossible ids are left out."""
    with as_user(ANNA):
        made = await shop.fill("a", "b")
        await made[1].delete()
        wanted = [str(made[0].id), str(made[1].id), "0" * 24, "not an id", "", "\0", "{'$ne': 1}"]
        assert names(Block(await shop.tables.rows(MODEL, wanted), "", None)) == ["a"]


async def test_a_first_view_can_be_prepared(shop: Shop) -> None:
    """Warming up reads nothing of small tables and everything of big ones; the first reader then sees the same."""
    with as_user(ANNA):
        await shop.collection(Product).insert_many([{"name": f"{number}"} for number in range(5000)])
        await shop.tables.warm()
        assert (await shop.tables.block(MODEL, PLAIN, 0, 1)).total == 5000


async def test_a_view_is_read_again_after_a_failure(shop: Shop) -> None:
    """If reading the ids fails, those who wait are told, and the next to ask begins anew."""
    with as_user(ANNA):
        await shop.fill("a")
        collection = shop.models.of(Product).collection
        policy = shop.database.policy(collection)
        shop.database.unregister(collection)
        with pytest.raises(PermissionDeniedError):
            await shop.tables.block(MODEL, BY_NAME, 0, 10)
        shop.database.register(policy)
        assert names(await shop.tables.block(MODEL, BY_NAME, 0, 10)) == ["a"]


async def test_without_a_user_nothing_is_read(shop: Shop) -> None:
    """Outside of any request the tables are closed."""
    with pytest.raises(NotSignedInError):
        await shop.tables.block(MODEL, PLAIN, 0, 10)


@pytest.mark.parametrize("model", ["shop.Nothing", "Product", "", "shop.Product.x"])
async def test_an_unknown_model_is_not_found(shop: Shop, model: str) -> None:
    """A table that does not exist is told as such."""
    with as_user(ANNA), pytest.raises(NotFoundError):
        await shop.tables.block(model, PLAIN, 0, 10)
