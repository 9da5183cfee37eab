"""Whose rows are whose: nobody reads by a table what he may not read otherwise."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import OperationFailure

from tests.integration.table.shop import (
    ANNA,
    BERT,
    READER,
    ROOT,
    STRANGER,
    Card,
    Category,
    Diary,
    Product,
    Safe,
    Shop,
    as_user,
    until,
)
from webos.data.guard import GuardedCollection
from webos.data.scope import system_context
from webos.data.table import TableQuery
from webos.kernel.context import ANONYMOUS, SYSTEM, Principal
from webos.kernel.errors import NotFoundError, PermissionDeniedError

PLAIN = TableQuery({})
BY_TITLE = TableQuery({}, [("title", "asc")])
MODEL = "shop.Diary"


async def titles(shop: Shop, query: TableQuery = PLAIN, handle: str = "") -> list[str]:
    block = await shop.tables.block(MODEL, query, 0, 100, handle)
    assert block.total == len(block.rows)
    return sorted(row["title"] for row in block.rows)


@pytest.mark.parametrize("reads_all", [True, False])
@pytest.mark.parametrize(
    "query", [PLAIN, BY_TITLE, TableQuery({"title": {"type": "contains", "filter": "s"}}), TableQuery({}, search="s")]
)
async def test_owned_documents_are_their_owners(shop: Shop, query: TableQuery, *, reads_all: bool) -> None:
    """Each sees and counts his own documents only, whichever way they are asked for; a superuser sees all."""
    with shop.reads_all_matches(value=reads_all):
        for user, names in ((ANNA, ["anna's 1", "anna's 2"]), (BERT, ["bert's"])):
            with as_user(user):
                for name in names:
                    await Diary(title=name).insert()
        for _ in range(2):
            with as_user(ANNA):
                assert await titles(shop, query) == ["anna's 1", "anna's 2"]
            with as_user(BERT):
                assert await titles(shop, query) == ["bert's"]
            with as_user(READER):
                assert await titles(shop, query) == []
            with as_user(ROOT):
                assert await titles(shop, query) == ["anna's 1", "anna's 2", "bert's"]


@pytest.mark.parametrize("query", [PLAIN, BY_TITLE])
async def test_the_handle_of_anothers_documents_is_useless(shop: Shop, query: TableQuery) -> None:
    """With a handle that somebody else got, one sees one's own documents, and learns not even how many others there are."""
    with as_user(ANNA):
        await Diary(title="anna's").insert()
        handle = (await shop.tables.block(MODEL, query, 0, 10)).handle
    with as_user(ROOT):
        root_handle = (await shop.tables.block(MODEL, query, 0, 10)).handle
    with as_user(BERT):
        await Diary(title="bert's").insert()
        for foreign in (handle, root_handle):
            assert await titles(shop, query, foreign) == ["bert's"]
            taken, total = await shop.tables.total(MODEL, query, foreign)
            assert (total, taken == foreign) == (1, False)


async def test_the_document_of_another_looks_as_if_it_were_not_there(shop: Shop) -> None:
    """A foreign id gives no row, and cannot be changed or deleted; it is simply not found."""
    with as_user(ANNA):
        identity = str((await Diary(title="anna's").insert()).id)
    with as_user(BERT):
        assert await shop.tables.rows(MODEL, [identity]) == []
        with pytest.raises(NotFoundError):
            await shop.tables.change(MODEL, identity, {"title": "x"}, revision=None, was={})
        with pytest.raises(NotFoundError):
            await shop.tables.delete(MODEL, identity)
        assert await shop.tables.options(MODEL, "") == []
    with as_user(ANNA):
        assert await titles(shop) == ["anna's"]


async def test_a_system_context_leaves_nothing_behind(shop: Shop) -> None:
    """What the framework read unrestricted on a user's behalf is not shown to him afterwards, not even as a number."""
    with as_user(ANNA):
        await Diary(title="anna's").insert()
    with as_user(BERT):
        with system_context():
            block = await shop.tables.block(MODEL, BY_TITLE, 0, 10)
            assert block.total == 1
        assert (await shop.tables.total(MODEL, BY_TITLE, block.handle))[1] == 0
        assert (await shop.tables.total(MODEL, BY_TITLE))[1] == 0


async def test_what_all_may_see_is_read_once(shop: Shop) -> None:
    """The ids of documents without an owner are shared between users."""
    with as_user(ANNA):
        await shop.fill("a")
        first = (await shop.tables.block("shop.Product", TableQuery({}, [("name", "asc")]), 0, 10)).handle
    with as_user(BERT):
        block = await shop.tables.block("shop.Product", TableQuery({}, [("name", "asc")]), 0, 10, first)
        assert block.handle == first


async def test_reading_needs_the_permission(shop: Shop) -> None:
    """Every way to read is closed without the model's permission, and to visitors who are not signed in."""
    with as_user(ANNA):
        await shop.fill("a")
        await shop.tables.block("shop.Product", PLAIN, 0, 10)
    for user in (STRANGER, ANONYMOUS):
        with as_user(user):
            for asking in (
                shop.tables.block("shop.Product", PLAIN, 0, 10),
                shop.tables.total("shop.Product", PLAIN),
                shop.tables.rows("shop.Product", []),
                shop.tables.options("shop.Product", ""),
                shop.tables.create("shop.Product", {"name": "x"}),
                shop.tables.change("shop.Product", "0" * 24, {}, revision=None, was={}),
                shop.tables.delete("shop.Product", "0" * 24),
            ):
                with pytest.raises(PermissionDeniedError):
                    await asking


async def test_labels_are_hidden_without_permission_on_the_linked_model(shop: Shop) -> None:
    """Of a link to what one may not read one sees that there is one, and not what it is called."""
    with as_user(ROOT):
        safe = await Safe(name="gold").insert()
        card = await Card(name="a", safe=safe).insert()
    query = TableQuery({}, [("name", "asc")])
    for user, label in ((ROOT, "gold"), (ANNA, ""), (ROOT, "gold"), (READER, "")):
        with as_user(user):
            block = await shop.tables.block("shop.Card", query, 0, 10)
            assert block.rows[0]["safe"] == {"id": str(safe.id), "label": label}
            assert (await shop.tables.rows("shop.Card", [str(card.id)]))[0]["safe"]["label"] == label


async def test_labels_of_owned_documents_are_their_owners(shop: Shop) -> None:
    """A link to somebody's own document shows its name to him alone, also right after he looked at it."""
    with as_user(ANNA):
        diary = await Diary(title="secret").insert()
        await Card(name="a", diary=diary).insert()
    for user, label in ((ANNA, "secret"), (BERT, ""), (ROOT, "secret"), (BERT, "")):
        with as_user(user):
            block = await shop.tables.block("shop.Card", PLAIN, 0, 10)
            assert block.rows[0]["diary"]["label"] == label


@pytest.mark.parametrize("what", ["contains", "notContains", "equals", "startsWith"])
async def test_a_link_cannot_be_asked_for_what_it_does_not_show(shop: Shop, what: str) -> None:
    """A filter on the label of what one may not read is refused, also with the handle of somebody who may."""
    query = TableQuery({"safe": {"type": what, "filter": "gold"}})
    with as_user(ROOT):
        await Card(name="a", safe=await Safe(name="gold").insert()).insert()
        handle = (await shop.tables.block("shop.Card", query, 0, 10)).handle
    with as_user(ANNA):
        for each in ("", handle):
            with pytest.raises(PermissionDeniedError):
                await shop.tables.block("shop.Card", query, 0, 10, each)


async def test_a_filter_by_own_documents_is_not_shared(shop: Shop) -> None:
    """What one finds by the names of one's own documents, nobody else finds by the same words or the same handle."""
    query = TableQuery({"diary": {"type": "contains", "filter": "secret"}})
    with as_user(ANNA):
        await Card(name="a", diary=await Diary(title="secret").insert()).insert()
        block = await shop.tables.block("shop.Card", query, 0, 10)
        assert block.total == 1
    with as_user(BERT):
        for handle in ("", block.handle):
            assert (await shop.tables.total("shop.Card", query, handle))[1] == 0
            assert (await shop.tables.block("shop.Card", query, 0, 10, handle)).rows == []


async def test_labels_follow_their_documents(shop: Shop) -> None:
    """A linked document that is renamed or deleted is shown so as soon as the change is known."""
    with as_user(ANNA):
        category = await Category(name="old").insert()
        await Product(name="a", category=category).insert()

        async def label_is(label: str) -> bool:
            block = await shop.tables.block("shop.Product", PLAIN, 0, 10)
            return bool(block.rows[0]["category"] == {"id": str(category.id), "label": label})

        assert await label_is("old")
        category.name = "new"
        await category.save()
        await until(lambda: label_is("new"))
        await category.delete()
        await until(lambda: label_is(""))


async def test_a_change_while_labels_are_read_is_not_missed(shop: Shop) -> None:
    """However a rename and a reader cross each other, afterwards the new name is shown."""
    with as_user(ANNA):
        category = await Category(name="0").insert()
        await Product(name="a", category=category).insert()
        for number in range(1, 30):
            category.name = str(number)
            reader = asyncio.create_task(shop.tables.block("shop.Product", PLAIN, 0, 10))
            await category.save()
            await reader

        async def label_is_last() -> bool:
            block = await shop.tables.block("shop.Product", PLAIN, 0, 10)
            return bool(block.rows[0]["category"]["label"] == "29")

        await until(label_is_last)


async def test_a_reader_may_not_write(shop: Shop) -> None:
    """Who may read but not write is refused every change, and the data stays as it is."""
    with as_user(ANNA):
        made = (await shop.fill("a"))[0]
    with as_user(READER):
        identity = str(made.id)
        for attempt in (
            shop.tables.create("shop.Product", {"name": "x"}),
            shop.tables.change("shop.Product", identity, {"name": "x"}, revision=1, was={"name": "a"}),
            shop.tables.delete("shop.Product", identity),
        ):
            with pytest.raises(PermissionDeniedError, match=r"reader lacks shop\.write"):
                await attempt
        assert await shop.names() == ["a"]


async def test_secrets_are_in_no_row(shop: Shop) -> None:
    """The value of a secret field is in no block, row or answer to a change."""
    with as_user(ROOT):
        row = await shop.tables.create("shop.Product", {"name": "a", "key": "hunter2hunter2"})
        block = await shop.tables.block("shop.Product", PLAIN, 0, 10)
        rows = await shop.tables.rows("shop.Product", [row["id"]])
        assert "hunter2" not in str([row, block, rows])


async def test_a_model_without_permissions_is_closed_until_a_page_shows_it(shop: Shop) -> None:
    """Where no manifest says who may read, a table is not found, until a page has shown it; then by the signed-in only."""
    from dataclasses import replace

    info = replace(shop.models["shop.Ticket"], read_permission=None, write_permission=None)
    shop.models.remove("shop.Ticket")
    shop.models.add(info)
    with as_user(STRANGER), pytest.raises(NotFoundError):
        await shop.tables.block("shop.Ticket", PLAIN, 0, 10)
    shop.tables.show(info)
    with as_user(STRANGER):
        assert (await shop.tables.block("shop.Ticket", PLAIN, 0, 10)).total == 0
    with as_user(ANONYMOUS), pytest.raises(PermissionDeniedError):
        await shop.tables.block("shop.Ticket", PLAIN, 0, 10)


async def test_a_page_opens_a_model_to_those_who_may_see_it(shop: Shop) -> None:
    """A model without permissions is open to who may see one of the pages that show it, and not found for the others."""
    from dataclasses import replace

    info = replace(shop.models["shop.Ticket"], read_permission=None, write_permission=None)
    shop.models.remove("shop.Ticket")
    shop.models.add(info)
    shop.tables.show(info, "shop.desk")
    clerk = Principal(uuid4(), "clerk", grants=frozenset({"shop.desk"}))
    for user in (clerk, ROOT):
        with as_user(user):
            assert (await shop.tables.block("shop.Ticket", PLAIN, 0, 10)).total == 0
    with as_user(STRANGER):
        for attempt in (
            shop.tables.block("shop.Ticket", PLAIN, 0, 10),
            shop.tables.create("shop.Ticket", {}),
            shop.tables.options("shop.Ticket", ""),
        ):
            with pytest.raises(NotFoundError):
                await attempt
        with pytest.raises(NotFoundError):
            shop.tables.writable("shop.Ticket")
    shop.tables.show(info)
    with as_user(STRANGER):
        assert (await shop.tables.block("shop.Ticket", PLAIN, 0, 10)).total == 0


async def test_one_bad_table_does_not_keep_the_others_from_being_prepared(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails while the first views are prepared is logged, and the next model follows."""
    tried: list[str] = []

    async def size(collection: Any) -> int:
        tried.append(collection.name)
        msg = "no"
        raise OperationFailure(msg)

    monkeypatch.setattr(GuardedCollection, "estimated_size", size)
    with as_user(SYSTEM):
        await shop.tables.warm()
    assert len(tried) == len(list(shop.models)) > 1


async def test_the_system_reads_everything(shop: Shop) -> None:
    """The framework itself, as it warms up, is not restricted."""
    with as_user(ANNA):
        await Diary(title="anna's").insert()
    with as_user(SYSTEM):
        assert await titles(shop) == ["anna's"]
