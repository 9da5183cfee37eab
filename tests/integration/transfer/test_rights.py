"""What a user may not see or change reaches him, and is changed, by no file."""

import pytest
from beanie import Link
from pydantic import Field

from tests.integration.table.shop import ANNA, BERT, READER, ROOT, Card, Diary, Safe
from tests.integration.transfer.desk import Desk, csv_of, rows_of
from webos.data.document import CoreDocument
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo
from webos.data.rules import ACTING, Rule
from webos.data.secret import Keyring, Secret
from webos.data.secret.key_file import new_key
from webos.data.server_traits import read_traits
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import InvalidInputError, NotSignedInError, PermissionDeniedError

CHIEF = Principal(ANNA.id, "anna", grants=frozenset({"shop.*"}))
CLERK = Principal(BERT.id, "bert", role_names=("north",), grants=frozenset({"shop.read", "shop.write"}))


class Deal(CoreDocument):
    """Seen by all, made and changed by its region; with a margin that only some know, and a key that nobody reads."""

    code: str
    region: str = "north"
    margin: int = 0
    key: Secret | None = None

    class Settings:
        """The rules."""

        rules = [  # noqa: RUF012 - as modules write it
            Rule("read", "write", permission="shop.all"),
            Rule("read"),
            Rule("write", where={"region": {"$in": ACTING.roles}}),
            Rule("create", where={"region": {"$in": ACTING.roles}}),
            Rule("create", permission="shop.all"),
        ]
        field_permissions = {"margin": "shop.margin"}  # noqa: RUF012 - the same


class Shelf(CoreDocument):
    """A document that links to its own kind."""

    name: str
    inside: Link["Shelf"] | None = None
    level: int = Field(default=0)


Shelf.model_rebuild()


@pytest.fixture
async def deals(desk: Desk) -> Desk:
    """Return the desk with deals and shelves."""
    infos = [ModelInfo(f"shop.{kind.__name__}", "shop", kind, "shop.read", "shop.write") for kind in (Deal, Shelf)]
    desk.shop.database.keyring = Keyring(dict([new_key()]))
    for info in infos:
        desk.shop.models.add(info)
    traits = await read_traits(desk.shop.connection.client)
    await initialize_models(desk.shop.database, infos, major_version=traits.major_version)
    desk.users[CLERK.id], desk.users[CHIEF.id] = CLERK, CHIEF
    return desk


async def test_row_rules_hold_for_each_row(deals: Desk) -> None:
    """Rows that no rule grants fail one by one, in a dry run as well; the others are stored."""
    with acting_as(CHIEF):
        await deals.run("code,region\na,north\nb,south\n", model="shop.Deal")
    text = "code,region\na,north\nb,south\nc,north\nd,south\n"
    with acting_as(CLERK):
        dry = await deals.check(text, model="shop.Deal")
        assert (dry.counts.inserted, dry.counts.failed) == (2, 2)
        text = text.replace("a,north", "a,east").replace("b,south", "b,west")
        options = {"model": "shop.Deal", "mode": "upsert", "key": ["code"]}
        dry = await deals.check(text, **options)
        record = await deals.run(text, **options)

    assert dry.counts == record.counts
    assert record.counts.to_dict() == {"read": 4, "inserted": 1, "updated": 0, "unchanged": 0, "failed": 3}
    assert {each.row: each.message for each in dry.failures} == {
        2: "You may not change this to what you have entered.",
        3: "You may look at this record, but not change it.",
        5: "You may not create an entry like this.",
    }


async def test_field_permissions_hold_for_columns(deals: Desk) -> None:
    """A field that one may not change is an error of the column, one that one may not see is in no export."""
    with acting_as(CHIEF):
        await deals.run("code,margin\na,5\n", model="shop.Deal")
        chief = await deals.export("shop.Deal")
    with acting_as(CLERK):
        with pytest.raises(InvalidInputError) as caught:
            await deals.check("code,margin\nb,9\n", model="shop.Deal")
        clerk = await deals.export("shop.Deal")
        for asked in ({"columns": ("margin",)}, {"sort": (("margin", "asc"),)}):
            with pytest.raises(InvalidInputError):
                await deals.export("shop.Deal", **asked)
        with pytest.raises(InvalidInputError):
            await deals.export("shop.Deal", {"margin": {"type": "greaterThan", "filter": 1}})
        await deals.run(clerk.replace(b"a,north", b"A,north"), model="shop.Deal", mode="upsert", key=["id"])
    with acting_as(CHIEF):
        (deal,) = await deals.documents(Deal)

    assert set(caught.value.fields) == {"margin"}
    assert rows_of(chief)[0]["margin"] == "5"
    assert "margin" not in rows_of(clerk)[0]
    assert (deal.margin, deal.code) == (5, "A")


async def test_secrets_neither_come_nor_go(deals: Desk) -> None:
    """No export has a secret, not even where its column is asked for, and no import takes one."""
    with acting_as(CHIEF):
        await Deal(code="a", key=Secret("hunter2")).insert()
        for kind in ("csv", "jsonl"):
            exported = await deals.export("shop.Deal", format=kind)
            assert b"hunter2" not in exported
            assert b"key" not in exported.splitlines()[0]
        with pytest.raises(InvalidInputError):
            await deals.export("shop.Deal", columns=("key",))
        for options in ({}, {"mapping": {"key": "key"}}):
            with pytest.raises(InvalidInputError) as caught:
                await deals.check("code,key\nb,stolen\n", model="shop.Deal", **options)
            assert set(caught.value.fields) == {"key"}
            assert "stolen" not in str(caught.value)
        await deals.run("code,margin\na,7\n", model="shop.Deal", mode="upsert", key=["code"])
        (deal,) = await deals.documents(Deal)

    assert deal.margin == 7
    assert deal.key is not None


async def test_owned_documents_are_their_owners(desk: Desk) -> None:
    """Others' documents are neither exported nor matched, and whoever imports becomes the owner."""
    with acting_as(ANNA):
        mine = await Diary(title="a").insert()
    with acting_as(BERT):
        assert rows_of(await desk.export("shop.Diary")) == []
        record = await desk.run("title\na\n", model="shop.Diary", mode="upsert", key=["title"])
        foreign = await desk.run(csv_of(["id", "title"], [[mine.id, "stolen"]]), model="shop.Diary")
    with acting_as(ROOT):
        diaries = {each.created_by: each.title for each in await desk.documents(Diary)}

    assert (record.counts.inserted, foreign.counts.failed) == (1, 1)
    assert diaries == {ANNA.id: "a", BERT.id: "a"}


async def test_links_lead_only_where_one_may_read(desk: Desk) -> None:
    """Neither a column of names nor one of ids tells what is in a model that one may not read."""
    with acting_as(ROOT):
        safe = await Safe(name="gold").insert()
        await Card(name="c", safe=safe).insert()
    with acting_as(ANNA):
        exported = rows_of(await desk.export("shop.Card"))
        with pytest.raises(PermissionDeniedError):
            await desk.check("name,safe\nx,gold\n", model="shop.Card")

    assert exported[0]["safe"] == ""


async def test_imports_are_their_users(desk: Desk) -> None:
    """Nobody else sees, runs or reads an import, and without a user nothing goes."""
    with acting_as(ANNA):
        record = await desk.upload("name\nA\n")
    with acting_as(BERT):
        for call in (desk.transfers.get, desk.transfers.run, desk.transfers.check, desk.transfers.cancel):
            with pytest.raises(Exception, match="no import"):
                await call(record.id)
    with pytest.raises(NotSignedInError):
        await desk.export()
    with acting_as(READER), pytest.raises(PermissionDeniedError):
        await desk.upload("name\nA\n")


async def test_rows_may_link_to_rows_of_earlier_batches(deals: Desk) -> None:
    """In a file of a model that links to itself, a row finds those that were stored before it."""
    rows = [[f"S{number}", f"S{number - 600}" if number >= 600 else ""] for number in range(1200)]
    with acting_as(CHIEF):
        record = await deals.run(csv_of(["name", "inside"], rows), model="shop.Shelf")
        shelves = {each.name: each for each in await deals.documents(Shelf)}

    assert record.counts.inserted == 1200
    assert shelves["S1199"].inside.ref.id == shelves["S599"].id
