"""Links between documents, also of several modules, and documents that were fetched together with theirs."""

import sys
from types import ModuleType
from typing import Any

import pytest
from beanie import Link
from bson import DBRef

from tests.integration.data.library import describe
from tests.integration.data.models import Board, Note, Page, Tag
from tests.tripwire import Tripwire
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.links import link_namespace, resolve_links
from webos.data.model_registry import ModelInfo
from webos.data.server_traits import ServerTraits
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _acting(anna: Principal) -> Any:
    with acting_as(anna):
        yield


async def _board(mongo: Connection) -> dict[str, Any]:
    stored = await mongo.raw["library.Board"].find_one()
    assert stored is not None
    return stored


async def _fill(anna: Principal, bert: Principal) -> tuple[list[Page], list[Note]]:
    """Store a board of anna's with pages and notes in a certain order: live, deleted, foreign, never stored."""
    pages = [await Page(code=f"p{number}").insert() for number in range(4)]
    with acting_as(bert):
        foreign = await Note(code="foreign").insert()
    with acting_as(anna):
        notes = [await Note(code="own").insert(), foreign]
        ghost = Page.link_from_id(Board.link_from_id("0" * 24).ref.id)
        listed = [pages[2], pages[0], ghost, pages[3], pages[1], pages[0]]
        await Board(name="all", page=pages[3], note=foreign, pages=listed, notes=[foreign, notes[0]]).insert()
        await pages[3].delete()
    return pages, notes


async def _get() -> Board | None:
    plain = await Board.find_one()
    assert plain is not None
    return await Board.get(plain.id, fetch_links=True)


async def _fetch_all() -> Board | None:
    board = await Board.find_one()
    assert board is not None
    await board.fetch_all_links()  # type: ignore[no-untyped-call]
    return board


LOADS: dict[str, Any] = {
    "find one": lambda: Board.find_one(Board.name == "all", fetch_links=True),
    "find": lambda: Board.find(fetch_links=True).first_or_none(),
    "get": _get,
    "fetch all": _fetch_all,
}


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.usefixtures("library")
async def test_a_fetched_document_is_saved_with_all_its_links(
    anna: Principal, bert: Principal, mongo: Connection, load: str
) -> None:
    """Whatever could not be fetched stays a link: after a save every link is stored, in its order."""
    pages, notes = await _fill(anna, bert)
    before = await _board(mongo)
    board = await LOADS[load]()
    fetched = [each.code if isinstance(each, Page) else None for each in board.pages]
    assert fetched[:5] == ["p2", "p0", None, None, "p1"]
    assert isinstance(board.page, Link)
    assert isinstance(board.note, Link)
    assert [type(each) for each in board.notes] == [Link, Note]
    board.name = "changed"
    await board.save()
    after = await _board(mongo)
    listed = before["pages"] if load != "fetch all" else before["pages"][:5]
    assert (after["name"], after["pages"], after["notes"]) == ("changed", listed, before["notes"])
    assert (after["page"], after["note"]) == (before["page"], before["note"])
    board.pages = [*board.pages, pages[1]][-2:]
    board.note = notes[0]
    await board.replace()
    after = await _board(mongo)
    assert [each.id for each in after["pages"]][-1] == pages[1].id
    assert after["note"].id == notes[0].id


@pytest.mark.usefixtures("library")
async def test_lists_of_links_that_are_empty_or_missing(mongo: Connection) -> None:
    """A document without links in a list is fetched, filtered and saved like any other."""
    await Board(name="empty").insert()
    await mongo.raw["library.Board"].update_one({}, {"$unset": {"pages": ""}})
    board = await Board.find_one(fetch_links=True)
    assert board is not None
    assert (board.pages, board.notes, board.page) == ([], [], None)
    await board.save()
    assert (await _board(mongo)).get("pages", []) == []


@pytest.mark.usefixtures("library")
async def test_links_are_fetched_for_what_was_asked_for_only(tripwire: Tripwire, mongo: Connection) -> None:
    """A filter on the document itself is asked before its links are looked up, one on a linked field after."""
    tags = [await Tag(word=word).insert() for word in ("red", "blue")]
    for number in range(6):
        await Page(code=f"p{number}", rank=number, main_tag=tags[number % 2], tags=tags).insert()
    found = await Page.find(
        Page.rank >= 2, {"main_tag.word": "red"}, {"tags.word": "blue"}, fetch_links=True, sort="-rank"
    ).to_list()
    fetched: list[Any] = found
    assert [(each.code, each.main_tag.word, [tag.word for tag in each.tags]) for each in fetched] == [
        ("p4", "red", ["red", "blue"]),
        ("p2", "red", ["red", "blue"]),
    ]
    link: Any = Page.main_tag
    assert await Page.find(Page.code == "p4", fetch_links=True).count() == 1
    assert await Page.find(link.word == "blue", fetch_links=True).count() == 3
    assert await Page.find(link.id == tags[0].id).count() == 3
    assert await Page.find({"main_tag.$id": tags[0].id}).count() == 3
    with tripwire.paused():
        assert await mongo.raw["library.Page"].count_documents({"tags.$id": tags[1].id}) == 6


@pytest.mark.usefixtures("library")
async def test_a_change_of_a_link_is_read_back() -> None:
    """After `set` and `sync` the object at hand has the stored links, so that a save does not put old ones back."""
    tags = [await Tag(word=word).insert() for word in ("red", "blue")]
    page = await Page(code="it", main_tag=tags[0], tags=[tags[0]]).insert()
    other = await Page.get(page.id, fetch_links=True)
    assert other is not None
    refs = [DBRef("library.Tag", each.id) for each in tags]
    await page.set({Page.main_tag: refs[1], Page.tags: refs})
    assert page.main_tag.ref.id == tags[1].id  # type: ignore[union-attr]
    await other.sync()
    assert other.main_tag.ref.id == tags[1].id  # type: ignore[union-attr]
    assert isinstance(other.tags[0], Tag)
    assert other.tags[1].ref == refs[1]
    await other.save()
    stored = await Page.get(page.id)
    assert stored is not None
    assert stored.main_tag.ref.id == tags[1].id  # type: ignore[union-attr]
    assert len(stored.tags) == 2


ORDERS = """
from beanie import Link
from webos.data.document import CoreDocument

class Item(CoreDocument):
    label: str
    part_of: Link["stock.Item"] | None = None

class Order(CoreDocument):
    items: list[Link["Item"]] = []
    shelf: Link["stock.Shelf"] | None = None
"""
STOCK = """
from beanie import Link
from webos.data.document import CoreDocument

class Item(CoreDocument):
    size: int
    last_order: Link["orders.Order"] | None = None

class Shelf(CoreDocument):
    items: list[Link["stock.Item"]] = []
"""


def _load(name: str, source: str) -> ModuleType:
    module = ModuleType(f"made_{name}")
    sys.modules[module.__name__] = module
    exec(compile(source, name, "exec"), vars(module))  # noqa: S102 - the source stands above
    return module


def _models(name: str, module: ModuleType, *classes: str) -> list[ModelInfo]:
    return describe(name, *(getattr(module, each) for each in classes))


async def test_modules_may_link_in_circles_and_use_the_same_names(
    database: GuardedDatabase, traits: ServerTraits, mongo: Connection
) -> None:
    """String links of two modules lead to the right classes, though both have an `Item`, whichever comes up first."""
    orders, stock = _load("orders", ORDERS), _load("stock", STOCK)
    by_module = {
        "orders": _models("orders", orders, "Item", "Order"),
        "stock": _models("stock", stock, "Item", "Shelf"),
    }
    namespace = link_namespace(info for infos in by_module.values() for info in infos)
    for name, module in (("orders", orders), ("stock", stock)):
        for info in by_module[name]:
            resolve_links(info, namespace, vars(module))
    for infos in by_module.values():
        await initialize_models(database, infos, major_version=traits.major_version)
    real = await stock.Item(size=3).insert()
    item = await orders.Item(label="a", part_of=real).insert()
    shelf = await stock.Shelf(items=[real]).insert()
    order = await orders.Order(items=[item], shelf=shelf).insert()
    real.last_order = order
    await real.save()
    found = await orders.Order.find_one(fetch_links=True, nesting_depth=1)
    assert isinstance(found.items[0], orders.Item)
    assert isinstance(found.shelf, stock.Shelf)
    assert isinstance(await found.items[0].part_of.fetch(), stock.Item)
    assert (await stock.Item.find_one(fetch_links=True)).last_order.id == order.id
    refs = await mongo.raw["orders.Item"].find_one()
    assert refs is not None
    assert refs["part_of"].collection == "stock.Item"


@pytest.mark.parametrize(
    ("target", "words"), [("nowhere.Thing", "no running module has"), ("stock.Thing", "does not exist")]
)
async def test_a_link_to_nowhere_fails_its_module_with_the_reason(target: str, words: str) -> None:
    """A link that names a class no module has is a configuration error that says so."""
    orders, stock = _load("orders", ORDERS.replace("stock.Shelf", target)), _load("stock", STOCK)
    infos = _models("orders", orders, "Order") + _models("stock", stock, "Item", "Shelf")
    with pytest.raises(ConfigurationError, match=words):
        resolve_links(infos[0], link_namespace(infos), vars(orders))
