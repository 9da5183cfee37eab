"""What tables can do beyond rows: views, records, bulk changes, paste and trash, each under the rights of who acts."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.table.shop import (
    ANNA,
    BERT,
    READER,
    ROOT,
    STRANGER,
    Card,
    Category,
    Diary,
    Period,
    Product,
    Safe,
    Shop,
    as_user,
)
from webos.data.audit.service import AuditService
from webos.data.table import TableQuery
from webos.data.table.paste import PastedRow, RefusedPasteError
from webos.data.table.saved_views import OwnLayout
from webos.data.table.selection import Selection
from webos.data.table.tools import TableTools
from webos.data.table.view_state import ColumnState, ViewState
from webos.kernel.context import Principal
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError, PermissionDeniedError, WebOSError

MODEL = "shop.Product"
EVIL = '<img src=x onerror="window.pwned=1">'
ALL = Selection(TableQuery({}))


@pytest_asyncio.fixture
async def tools(shop: Shop) -> AsyncIterator[TableTools]:
    """Yield the tools of the shop, with its record of changes."""
    audit = AuditService(shop.models, shop.database, days=365)
    await audit.start()
    yield TableTools.of(shop.tables, shop.models, shop.database, audit, shop.connection.raw)


def tree(field: str, kind: str, value: object) -> dict[str, object]:
    return {"join": "and", "items": [{"field": field, "type": kind, "filter": value}]}


async def test_views_are_private_until_they_are_shared(tools: TableTools) -> None:
    """Others see a view once it is shared; only its owner changes it, and a name is text, whatever it holds."""
    state = ViewState(tree=tree("stock", "greaterThan", 3), search="x", sort=[("name", "desc")], density="compact")
    with as_user(ANNA):
        private = await tools.views.add(MODEL, EVIL, state, shared=False)
        shared = await tools.views.add(MODEL, "Low stock", state, shared=True)
        assert [view.name for view in await tools.views.list(MODEL)] == [EVIL, "Low stock"]
        with pytest.raises(ConflictError):
            await tools.views.add(MODEL, "Low  stock", state, shared=False)
    with as_user(BERT):
        (seen,) = await tools.views.list(MODEL)
        assert (seen.id, seen.mine, seen.owner, seen.state) == (shared.id, False, "anna", state)
        for identity in (private.id, shared.id, "nonsense"):
            with pytest.raises(NotFoundError):
                await tools.views.change(MODEL, identity, "Mine now", state, shared=True)
            with pytest.raises(NotFoundError):
                await tools.views.remove(MODEL, identity)
    with as_user(STRANGER), pytest.raises(PermissionDeniedError):
        await tools.views.list(MODEL)
    with as_user(ROOT):
        with pytest.raises(NotFoundError):
            await tools.views.remove(MODEL, private.id)
        await tools.views.remove(MODEL, shared.id)
    with as_user(ANNA):
        await tools.views.change(MODEL, private.id, "Renamed", ViewState(), shared=False)
        (left,) = await tools.views.list(MODEL)
        assert (left.name, left.state) == ("Renamed", ViewState())


async def test_a_view_that_is_not_possible_is_refused(tools: TableTools) -> None:
    """A filter or a sort that the table would refuse cannot be kept; `fields` names the column."""
    with as_user(ANNA):
        for state, field in (
            (ViewState(tree=tree("key", "contains", "h")), "key"),
            (ViewState(tree={"join": "and", "items": [{"$where": "1"}]}), "tree"),
            (ViewState(sort=[("tags", "asc")]), "tags"),
        ):
            with pytest.raises(InvalidInputError) as caught:
                await tools.views.add(MODEL, "Bad", state, shared=True)
            assert list(caught.value.fields) == [field]
        for name in ("", " ", "x" * 81, "a\0b"):
            with pytest.raises(InvalidInputError):
                await tools.views.add(MODEL, name, ViewState(), shared=False)


async def test_everybody_finds_his_table_as_he_left_it(tools: TableTools) -> None:
    """Columns and order are kept for each user and model by themselves."""
    columns = [ColumnState(field="stock", width=80, pinned="left"), ColumnState(field="name", hidden=True)]
    mine = OwnLayout(ViewState(columns=columns, sort=[("stock", "asc")]), "5f" * 12)
    with as_user(ANNA):
        await tools.views.keep_layout(MODEL, mine)
        assert await tools.views.layout(MODEL) == mine
        assert await tools.views.layout("shop.Category") == OwnLayout()
    with as_user(BERT):
        assert await tools.views.layout(MODEL) == OwnLayout()


async def test_bulk_changes_are_previewed_done_and_undone(shop: Shop, tools: TableTools) -> None:
    """All of a filter but one are changed; what does not fit is left and told, and one undo brings all back."""
    with as_user(ANNA):
        made = await shop.fill("Bolt", "Nut", "Ball", "Kite")
        query = TableQuery({}, tree=tree("name", "notEqual", "kite"))
        chosen = Selection(query, excluded=(str(made[1].id),))
        preview = await tools.bulk.preview(MODEL, chosen, {"stock": 7, "size": "small"})
        assert preview.count == 2
        assert preview.sample[0]["before"] == {"stock": 0, "size": None}
        assert preview.sample[0]["after"] == {"stock": 7, "size": "small"}
        assert [row.stock for row in await Product.find_all().to_list()] == [0] * 4
        seen: list[tuple[int, int]] = []

        async def note(done: int, total: int) -> None:
            seen.append((done, total))

        changes = {"stock": 7}
        report = await tools.bulk.run(MODEL, chosen, changes, identity="set-1", expected=2, progress=note)
        assert (report.done, report.unchanged, report.failed, seen) == (2, 0, 0, [(2, 2)])
        again = await tools.bulk.run(MODEL, chosen, changes, identity="set-2")
        assert (again.done, again.unchanged) == (0, 2)
        undone = await tools.audit.undo("set-1")
        assert undone.undone == 2
        assert [row.stock for row in await Product.find_all().to_list()] == [0] * 4


async def test_bulk_changes_keep_the_rules_of_each_row(tools: TableTools) -> None:
    """A row whose other values do not go with the new one stays as it is; the rest is changed."""
    with as_user(ANNA):
        await Period(name="short", end=3).insert()
        await Period(name="long", end=30).insert()
        preview = await tools.bulk.preview("shop.Period", ALL, {"start": 5})
        assert ([each.label for each in preview.problems], len(preview.sample)) == (["short"], 1)
        report = await tools.bulk.run("shop.Period", ALL, {"start": 5}, identity="set-3")
        assert (report.done, report.failed, report.problems[0].label) == (1, 1, "short")
        assert "end lies before" in report.problems[0].reason
        same = await tools.bulk.run("shop.Period", ALL, {"name": "one for all"}, identity="set-4")
        assert (same.done, same.failed) == (1, 1)


async def test_bulk_deletion_goes_to_the_trash(shop: Shop, tools: TableTools) -> None:
    """What is deleted is in the trash, comes back from there, and goes for good only with the permission."""
    with as_user(ANNA):
        made = await shop.fill("Bolt", "Nut", EVIL)
        ids = tuple(str(each.id) for each in made)
        with pytest.raises(ConflictError):
            await tools.bulk.run(MODEL, ALL, None, identity="set-5", expected=2)
        report = await tools.bulk.run(MODEL, Selection(TableQuery({}), ids[1:]), None, identity="set-6")
        assert report.done == 2
        assert {row["name"] for row in await tools.trash.rows(MODEL)} == {"Nut", EVIL}
        assert (await tools.trash.restore(MODEL, [ids[1], ids[0]])).done == 1
        assert sorted(await shop.names()) == ["Bolt", "Nut"]
        assert tools.trash.may_purge(MODEL)
    keeper = Principal(uuid4(), "keeper", grants=frozenset({"shop.read", "shop.write"}))
    with as_user(keeper):
        assert not tools.trash.may_purge(MODEL)
        with pytest.raises(PermissionDeniedError):
            await tools.trash.purge(MODEL, ids[2:])
    with as_user(READER):
        for refused in (tools.trash.rows(MODEL), tools.trash.restore(MODEL, ids), tools.trash.purge(MODEL, ids)):
            with pytest.raises(PermissionDeniedError):
                await refused
    with as_user(ANNA):
        assert (await tools.trash.purge(MODEL, ids)).done == 1
        assert await tools.trash.rows(MODEL) == []
        assert sorted(await shop.names()) == ["Bolt", "Nut"]


async def test_readers_change_nothing(shop: Shop, tools: TableTools) -> None:
    """Who may only read gets neither a preview nor a change, and who may not read gets nothing at all."""
    with as_user(ANNA):
        (made,) = await shop.fill("Bolt")
    identity = str(made.id)
    for user in (READER, STRANGER):
        with as_user(user):
            for refused in (
                tools.bulk.preview(MODEL, ALL, {"stock": 1}),
                tools.bulk.run(MODEL, ALL, {"stock": 1}, identity="x"),
                tools.bulk.run(MODEL, ALL, None, identity="x"),
                tools.paste.apply(MODEL, [PastedRow(identity, {"stock": 1})]),
                tools.records.restore(MODEL, identity, revision=1, based_on=None),
            ):
                with pytest.raises(PermissionDeniedError):
                    await refused
    with as_user(ANNA):
        assert (await shop.tables.rows(MODEL, [identity]))[0]["revision"] == 1


async def test_owned_rows_stay_with_their_owner(shop: Shop, tools: TableTools) -> None:
    """Nothing of another's own documents is seen, counted, changed, restored or undone."""
    with as_user(ANNA):
        mine = await Diary(title="Dear diary").insert()
        gone = await Diary(title="Gone").insert()
        await tools.bulk.run("shop.Diary", Selection(TableQuery({}), (str(gone.id),)), None, identity="set-7")
    ids = (str(mine.id), str(gone.id))
    with as_user(BERT):
        assert (await tools.bulk.preview("shop.Diary", ALL, {"title": "x"})).count == 0
        by_id = Selection(TableQuery({}), ids)
        assert (await tools.bulk.preview("shop.Diary", by_id, {"title": "x"})).sample == []
        assert (await tools.bulk.run("shop.Diary", by_id, None, identity="set-8")).done == 0
        assert await tools.trash.rows("shop.Diary") == []
        assert (await tools.trash.restore("shop.Diary", ids)).done == 0
        assert (await tools.trash.purge("shop.Diary", ids)).done == 0
        with pytest.raises(RefusedPasteError):
            await tools.paste.apply("shop.Diary", [PastedRow(ids[0], {"title": "x"})])
        for refused in (
            tools.records.row("shop.Diary", ids[0]),
            tools.records.history("shop.Diary", ids[0]),
            tools.records.linked("shop.Diary", ids[0]),
        ):
            with pytest.raises(NotFoundError):
                await refused
        assert (await tools.audit.undo("set-7")).undone == 0
    with as_user(ANNA):
        assert [row["title"] for row in await tools.trash.rows("shop.Diary")] == ["Gone"]
        assert (await shop.tables.rows("shop.Diary", ids))[0]["revision"] == 1


async def test_paste_stores_all_or_nothing(shop: Shop, tools: TableTools) -> None:
    """One value that does not fit, or that somebody else has changed, and no row is changed; errors name the cells."""
    with as_user(ANNA):
        first, second = await shop.fill("Bolt", "Nut")
        one, two = str(first.id), str(second.id)
        with pytest.raises(RefusedPasteError) as caught:
            await tools.paste.apply(MODEL, [PastedRow(one, {"stock": 3}), PastedRow(two, {"stock": -1, "key": "x"})])
        assert set(caught.value.fields) == {f"{two}/key"}
        with pytest.raises(RefusedPasteError) as caught:
            await tools.paste.apply(MODEL, [PastedRow(one, {"stock": 3}), PastedRow(two, {"stock": -1})])
        assert set(caught.value.fields) == {f"{two}/stock"}
        stale = PastedRow(two, {"name": "Screw"}, {"name": "Something else"}, revision=0)
        with pytest.raises(RefusedPasteError):
            await tools.paste.apply(MODEL, [PastedRow(one, {"stock": 3}), stale])
        assert [row["revision"] for row in await shop.tables.rows(MODEL, [one, two])] == [1, 1]
        rows, group = await tools.paste.apply(MODEL, [PastedRow(one, {"stock": 3}), PastedRow(two, {"name": "Screw"})])
        assert {row["name"] for row in rows} == {"Bolt", "Screw"}
        assert (await tools.audit.undo(group)).undone == 2
    with as_user(ANNA):
        taken = [await Period(name=name).insert() for name in ("a", "b")]
        block = [PastedRow(str(taken[0].id), {"end": 20}), PastedRow(str(taken[1].id), {"name": "a"})]
        with pytest.raises(RefusedPasteError) as caught:
            await tools.paste.apply("shop.Period", block)
        assert set(caught.value.fields) == {f"{taken[1].id}/name"}
        stored = await Period.get(taken[0].id)
        assert stored is not None
        assert stored.end == 10


async def test_a_record_shows_its_links_and_its_past(shop: Shop, tools: TableTools) -> None:
    """Links are counted in both directions, the history names fields, and an old version comes back as a new change."""
    with as_user(ANNA):
        tools_of = await Category(name="Tools").insert()
        bolt = await Product(name="Bolt", category=tools_of).insert()
        await Product(name="Nut", category=tools_of).insert()
        (linked,) = await tools.records.linked("shop.Category", str(tools_of.id))
        assert (linked.model, linked.field, linked.count, linked.more) == (MODEL, "category", 2, False)
        found = await tools.records.linking("shop.Category", str(tools_of.id), MODEL, "category")
        assert [label for _, label in found] == ["Bolt", "Nut"]
        identity = str(bolt.id)
        await shop.tables.change(MODEL, identity, {"stock": 9}, revision=1, was={"stock": 0})
        latest, _ = await tools.records.history(MODEL, identity)
        assert latest["changes"] == [{"field": "stock", "title": "Stock", "old": 0, "new": 9}]
        with pytest.raises(ConflictError):
            await tools.records.restore(MODEL, identity, revision=1, based_on=1)
        row = await tools.records.restore(MODEL, identity, revision=1, based_on=2)
        assert (row["stock"], row["revision"]) == (0, 3)
        changed = await shop.tables.change(
            MODEL, identity, {"category": None}, revision=3, was={"category": str(tools_of.id)}
        )
        assert changed["category"] is None
        assert await tools.records.choices(MODEL, "category", "too") == [(str(tools_of.id), "Tools")]
        assert await tools.records.choices(MODEL, "category", "", [str(tools_of.id)]) == [(str(tools_of.id), "Tools")]
        for wrong in ("name", "nope", "key"):
            with pytest.raises(NotFoundError):
                await tools.records.choices(MODEL, wrong, "")


async def test_links_to_closed_models_stay_closed(tools: TableTools) -> None:
    """Who may not read a model gets neither its records to choose from, nor a count of those that link."""
    with as_user(ROOT):
        safe = await Safe(name="Main safe").insert()
        await Card(name="Card", safe=safe).insert()
    with as_user(ANNA):
        for words, ids in (("main", []), ("", [str(safe.id)])):
            with pytest.raises(WebOSError):
                await tools.records.choices("shop.Card", "safe", words, ids)
        with pytest.raises(PermissionDeniedError):
            await tools.records.linked("other.Safe", str(safe.id))
    with as_user(STRANGER):
        assert await tools.records.linked("other.Safe", str(safe.id)) == []
        with pytest.raises(NotFoundError):
            await tools.records.linking("other.Safe", str(safe.id), "other.Safe", "name")


async def test_a_record_is_found_in_its_table(shop: Shop) -> None:
    """The place of a row is told in the order of the query; one that is not in it has none."""
    with as_user(ANNA):
        made = {each.name: str(each.id) for each in await shop.fill("Bolt", "Nut", "Ball")}
        query = TableQuery({}, [("name", "asc")])
        assert [await shop.tables.position(MODEL, query, made[name]) for name in ("Ball", "Bolt", "Nut")] == [0, 1, 2]
        none = TableQuery({}, tree=tree("name", "equals", "nut"))
        assert await shop.tables.position(MODEL, none, made["Bolt"]) is None
        assert await shop.tables.position(MODEL, none, "nonsense") is None
