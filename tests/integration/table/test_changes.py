"""What changes in the database, as it happens."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.integration.table.shop import ANNA, Product, Shop, as_user
from webos.data.changes import Change
from webos.data.connection import Connection


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.heard: list[Change] = []
        self._woken = asyncio.Event()

    def __call__(self, change: Change) -> None:
        """Hear a change."""
        self.heard.append(change)
        self._woken.set()

    async def wait(self, number: int) -> list[Change]:
        """Return all that was heard, as soon as it is `number` changes."""
        async with asyncio.timeout(10):
            while len(self.heard) < number:
                self._woken.clear()
                await self._woken.wait()
        return self.heard


@pytest.fixture
async def ear(shop: Shop) -> AsyncIterator[Ear]:
    """Yield a listener for products."""
    ear = Ear()
    stop = shop.changes.listen("shop.Product", ear)
    yield ear
    stop()


async def test_every_change_is_told_in_order(shop: Shop, ear: Ear) -> None:
    """Inserts, updates with their fields, deletions and restores of a document are told one after the other."""
    with as_user(ANNA):
        made = await Product(name="a", note="x").insert()
        collection = shop.collection(Product)
        await collection.update_one({"_id": made.id}, {"$set": {"name": "b"}})
        await collection.update_one({"_id": made.id}, {"$unset": {"note": ""}})
        await collection.delete_one({"_id": made.id})
        await shop.connection.raw["shop.Product"].update_one({"_id": made.id}, {"$set": {"deleted_at": None}})
        await shop.connection.raw["shop.Product"].delete_one({"_id": made.id})
    heard = await ear.wait(6)
    assert [change.operation for change in heard] == ["insert", "update", "update", "delete", "restore", "delete"]
    assert {change.document_id for change in heard} == {made.id}
    assert "name" in heard[1].fields
    assert "note" not in heard[1].fields
    assert "note" in heard[2].fields


async def test_a_nested_field_counts_as_its_top(shop: Shop, ear: Ear) -> None:
    """A change deep inside names the field that it is in."""
    with as_user(ANNA):
        made = await Product(name="a", tags=["x", "y"]).insert()
        await shop.collection(Product).update_one({"_id": made.id}, {"$set": {"tags.1": "z"}})
    assert "tags" in (await ear.wait(2))[1].fields


async def test_only_the_own_collection_is_heard(shop: Shop, ear: Ear) -> None:
    """A listener hears nothing of other collections."""
    with as_user(ANNA):
        await shop.connection.raw["shop.Category"].insert_one({"name": "x"})
        await shop.fill("a")
    assert [change.collection for change in await ear.wait(1)] == ["shop.Product"]


async def test_a_listener_that_raises_silences_nobody(shop: Shop, ear: Ear) -> None:
    """What a listener raises is kept from the others and from later changes."""

    def broken(_: Change) -> None:
        msg = "deaf"
        raise RuntimeError(msg)

    stops = [shop.changes.listen("shop.Product", broken), shop.changes.listen("shop.Product", late := Ear())]
    with as_user(ANNA):
        await shop.fill("a", "b")
    assert len(await ear.wait(2)) == 2
    assert len(await late.wait(2)) == 2
    for stop in stops:
        stop()


async def test_who_stopped_hears_nothing_more(shop: Shop, ear: Ear) -> None:
    """After its stop a listener is not called; stopping twice does no harm."""
    other = Ear()
    stop = shop.changes.listen("shop.Product", other)
    with as_user(ANNA):
        await shop.fill("a")
        await other.wait(1)
        stop()
        stop()
        await shop.fill("b")
    await ear.wait(2)
    assert len(other.heard) == 1


async def test_a_gap_is_told(shop: Shop, ear: Ear, mongo: Connection) -> None:
    """When the stream of changes breaks, every listener is told that it may have missed some, and later ones come again."""
    # Dropping a watched database ends the stream on every server.
    await mongo.client.drop_database(mongo.raw.name)
    await _until_resync(ear)
    with as_user(ANNA):
        await shop.fill("a")
    async with asyncio.timeout(10):
        while ear.heard[-1].operation != "insert":
            await ear.wait(len(ear.heard) + 1)


async def _until_resync(ear: Ear) -> None:
    async with asyncio.timeout(20):
        while not [change for change in ear.heard if change.operation == "resync"]:
            await ear.wait(len(ear.heard) + 1)
