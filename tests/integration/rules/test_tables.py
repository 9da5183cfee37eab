"""Tables and forms under rules: each reader has his rows, his columns and his snapshots."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.integration.rules.office import BOSS, CLERK, NORTH, PAYER, ROOT, SOUTH, Desk, Order, Person, acting, infos
from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelRegistry
from webos.data.scope import system_context
from webos.data.table import TableQuery, TableService, shown_columns
from webos.kernel.context import Principal
from webos.kernel.errors import InvalidInputError, NotFoundError, PermissionDeniedError
from webos.ui.form.fields import form_fields

ALL = TableQuery({})


@pytest.fixture
async def tables(office: GuardedDatabase, mongo: Connection) -> AsyncIterator[TableService]:
    """Yield a table service over the office, which shows all of its models."""
    models, changes = ModelRegistry(), ChangeHub(mongo.raw)
    for info in infos():
        models.add(info)
    await changes.start()
    service = TableService(models, office, changes)
    for info in models:
        service.show(info)
    yield service
    await service.close()
    await changes.stop()


async def _codes(tables: TableService, query: TableQuery = ALL, handle: str = "") -> tuple[set[str], str]:
    block = await tables.block("office.Order", query, 0, 100, handle)
    return {row["code"] for row in block.rows}, block.handle


@pytest.mark.parametrize("reads_all_matches", [True, False])
async def test_each_reader_has_his_own_snapshot(
    tables: TableService, office: GuardedDatabase, *, reads_all_matches: bool
) -> None:
    """Whoever looked before, a reader gets the rows of his rules, and the handle of another opens nothing more."""
    office.adapt(replace(office.traits, reads_all_matches=reads_all_matches))
    with system_context():
        for region in ("north", "south", "east"):
            await Order(code=region, region=region).insert()
    expected: list[tuple[Principal, set[str]]] = [
        (ROOT, {"north", "south", "east"}),
        (NORTH, {"north"}),
        (SOUTH, {"south", "east"}),
        (CLERK, {"north", "south", "east"}),
        (PAYER, set()),
    ]
    for query in (ALL, TableQuery({}, search="o"), TableQuery({}, [("code", "asc")])):
        handles: list[str] = []
        for user, codes in expected:
            wanted = {code for code in codes if not query.search or query.search in code}
            with acting(user):
                found, handle = await _codes(tables, query)
                assert found == wanted, (user.username, query)
                handles.append(handle)
        for user, codes in expected:
            wanted = {code for code in codes if not query.search or query.search in code}
            with acting(user):
                for handle in handles:
                    assert (await _codes(tables, query, handle))[0] == wanted


async def test_people_with_the_same_rules_share_a_snapshot(tables: TableService) -> None:
    """Whose rules come to the same filter gets the same snapshot; one with more roles gets another."""
    twin = Principal(ROOT.id, "twin", role_names=NORTH.role_names)
    handles = []
    for user in (NORTH, twin, SOUTH):
        with acting(user):
            handles.append((await _codes(tables))[1].partition(".")[0])
    assert handles[0] == handles[1] != handles[2]


async def test_a_row_that_a_change_takes_out_of_the_rules_is_gone(tables: TableService) -> None:
    """When the field of a rule changes, the rows of its readers follow."""
    with system_context():
        order = await Order(code="moving", region="south").insert()
        stays = await Order(code="stays", region="north").insert()
    with acting(NORTH):
        assert (await _codes(tables))[0] == {"stays"}
    with system_context():
        await order.set({"region": "north"})
        await stays.set({"region": "south"})
    deadline = time.monotonic() + 10
    with acting(NORTH):
        while (await _codes(tables))[0] != {"moving"}:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


async def test_hidden_columns_are_not_there(tables: TableService) -> None:
    """Rows, search, filter and sort know no hidden field; whoever may see it has it in all of them."""
    with system_context():
        ada = await Person(name="ada", salary=5).insert()
        await Person(name="bob", salary=7).insert()
    with acting(NORTH):
        names = {column.field for column in shown_columns(Person)}
        assert {"salary", "bonus", "history"} & names == set()
        row = (await tables.rows("office.Person", [str(ada.id)]))[0]
        assert row.keys() == {"id", "revision"} | names
        for query in (TableQuery({"salary": {"type": "equals", "filter": 5}}), TableQuery({}, [("salary", "asc")])):
            with pytest.raises(InvalidInputError) as caught:
                await tables.block("office.Person", query, 0, 10)
            assert caught.value.fields.keys() == {"salary"}
        with pytest.raises(PermissionDeniedError):
            await tables.block("office.Person", TableQuery({}, where={"salary": 5}), 0, 10)
        with pytest.raises(InvalidInputError) as caught:
            await tables.change("office.Person", str(ada.id), {"salary": 9}, revision=None, was={})
        assert caught.value.fields == {"salary": "This field cannot be changed here."}
        with pytest.raises(PermissionDeniedError):
            await tables.create("office.Person", {"name": "x", "salary": 9})
    with acting(BOSS):
        block = await tables.block("office.Person", TableQuery({}, [("salary", "desc")]), 0, 10)
        assert [row["salary"] for row in block.rows] == [7, 5]
        changed = await tables.change("office.Person", str(ada.id), {"salary": 9}, revision=None, was={})
        assert changed["salary"] == 9


async def test_a_column_that_may_not_be_changed_is_closed(tables: TableService) -> None:
    """Who may see a field and not change it has its column, and no way to edit it; forms leave it out."""
    with system_context():
        ada = await Person(name="ada", grade="b").insert()
    with acting(NORTH):
        grade = next(column for column in shown_columns(Person) if column.field == "grade")
        assert (grade.editable, grade.sortable) == (False, True)
        with pytest.raises(InvalidInputError):
            await tables.change("office.Person", str(ada.id), {"grade": "c"}, revision=None, was={})
        row = await tables.change("office.Person", str(ada.id), {"name": "new"}, revision=None, was={})
        assert (row["name"], row["grade"]) == ("new", "b")
        assert {"grade", "salary", "bonus", "history"} & {field.name for field in form_fields(Person)} == set()
        assert [field.name for field in form_fields(Person, ["name", "grade"])] == ["name"]
    with acting(BOSS):
        assert {"grade", "salary", "bonus"} <= {field.name for field in form_fields(Person)}
        assert next(column for column in shown_columns(Person) if column.field == "grade").editable


async def test_labels_of_rows_with_rules_are_read_for_each(tables: TableService) -> None:
    """A link to what the reader may not see has no label, also after somebody else has seen it."""
    with system_context():
        order = await Order(code="secret code", region="south").insert()
        await Desk(name="desk", order=order).insert()
    for user, label in ((SOUTH, "secret code"), (NORTH, ""), (ROOT, "secret code"), (PAYER, "")):
        with acting(user):
            block = await tables.block("office.Desk", ALL, 0, 10)
            assert [row["order"]["label"] for row in block.rows] == [label], user.username
            condition = {"order": {"type": "contains", "filter": "secret"}}
            assert len((await tables.block("office.Desk", TableQuery(condition), 0, 10)).rows) == bool(label)
            assert [each for _, each in await tables.options("office.Order", "secret")] == [label] * bool(label)


async def test_what_may_only_be_seen_is_not_changed_in_a_table(tables: TableService) -> None:
    """A table refuses to change or delete a row that the rules only show, and does not know what they hide."""
    with acting(SOUTH):
        sent = await Order(code="sent", region="south", status="sent").insert()
        with pytest.raises(PermissionDeniedError):
            await tables.change("office.Order", str(sent.id), {"amount": 5}, revision=None, was={})
        with pytest.raises(PermissionDeniedError):
            await tables.delete("office.Order", str(sent.id))
    with acting(NORTH), pytest.raises(NotFoundError):
        await tables.change("office.Order", str(sent.id), {"amount": 5}, revision=None, was={})
