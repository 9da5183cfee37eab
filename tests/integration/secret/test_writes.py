"""No write path stores a secret as it is, and none stores one that belongs elsewhere."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from bson import ObjectId
from pydantic import SecretStr
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from tests.integration.secret.vault import ANNA, BERT, ROOT, Device, Entry, Vault
from webos.data.guard.lifecycle import Restoration
from webos.data.guard.refusal import GuardRefusalError
from webos.data.scope import system_context
from webos.data.secret import Secret
from webos.kernel.context import acting_as
from webos.kernel.errors import InvalidInputError, NotFoundError

PLAIN = "correct horse battery staple"
Write = Callable[[Any, Entry], Awaitable[Any]]

SETTING: dict[str, Write] = {
    "update_one": lambda c, e: c.update_one({"_id": e.id}, {"$set": {"password": PLAIN}}),
    "update_one by another field": lambda c, e: c.update_one({"site": e.site}, {"$set": {"password": PLAIN}}),
    "SecretStr": lambda c, e: c.update_one({"_id": e.id}, {"$set": {"password": SecretStr(PLAIN)}}),
    "find_one_and_update": lambda c, e: c.find_one_and_update({"_id": e.id}, {"$set": {"password": PLAIN}}),
    "replace_one": lambda c, e: c.replace_one({"_id": e.id}, {"site": "s", "login": "", "password": PLAIN}),
    "find_one_and_replace": lambda c, e: c.find_one_and_replace({"_id": e.id}, {"site": "s", "password": PLAIN}),
    "bulk update": lambda c, e: c.bulk_write([UpdateOne({"_id": e.id}, {"$set": {"password": PLAIN}})]),
    "bulk replace": lambda c, e: c.bulk_write([ReplaceOne({"_id": e.id}, {"site": "s", "password": PLAIN})]),
    "document.set": lambda _, e: e.set({Entry.password: PLAIN}),
    "document.update": lambda _, e: e.update({"$set": {"password": Secret(PLAIN)}}),
    "find_one().update": lambda _, e: Entry.find_one(Entry.site == e.site).update({"$set": {"password": PLAIN}}),
}
REFUSED: dict[str, Write] = {
    "update_many": lambda c, _: c.update_many({}, {"$set": {"password": PLAIN}}),
    "find().set": lambda _, e: Entry.find(Entry.site == e.site).set({Entry.password: PLAIN}),
    "bulk update_many": lambda c, _: c.bulk_write([UpdateMany({}, {"$set": {"password": PLAIN}})]),
    "upsert": lambda c, _: c.update_one({"site": "new"}, {"$set": {"password": PLAIN}}, upsert=True),
    "$setOnInsert": lambda c, _: c.update_one({"site": "new"}, {"$setOnInsert": {"password": PLAIN}}, upsert=True),
    "a pipeline": lambda c, e: c.update_one({"_id": e.id}, [{"$set": {"password": PLAIN}}]),
    "a copy by pipeline": lambda c, e: c.update_one({"_id": e.id}, [{"$set": {"login": "$password.text"}}]),
    "$rename to it": lambda c, e: c.update_one({"_id": e.id}, {"$rename": {"login": "password"}}),
    "$rename from it": lambda c, e: c.update_one({"_id": e.id}, {"$rename": {"password": "login"}}),
    "a part of it": lambda c, e: c.update_one({"_id": e.id}, {"$set": {"password.text": b"x"}}),
    "$min": lambda c, e: c.update_one({"_id": e.id}, {"$min": {"password": PLAIN}}),
    "restore_each": lambda c, e: c.restore_each([Restoration({"_id": e.id}, {"$set": {"password": PLAIN}})]),
    "change_each": lambda c, e: c.change_each([({"_id": e.id, "revision": 1}, {"$set": {"password": PLAIN}})]),
    "find_deleted": lambda c, _: c.find_deleted({"password": PLAIN}),
    "$push": lambda c, e: c.update_one({"_id": e.id}, {"$push": {"password": PLAIN}}),
}


@pytest.fixture
async def entry(vault: Vault) -> Entry:
    assert vault.keyring.ids
    with acting_as(ANNA):
        return await Entry(site="example.com", login="anna", password=Secret("before")).insert()


@pytest.mark.parametrize("name", SETTING)
async def test_each_way_to_set_it_seals_it(vault: Vault, entry: Entry, name: str) -> None:
    """Every write that sets a secret stores it sealed, and it opens again."""
    with acting_as(ANNA):
        await SETTING[name](vault.database["vault.Entry"], entry)
        read = await Entry.get(entry.id)
        assert read is not None
        assert await read.reveal("password") == PLAIN

    assert not await vault.holds(PLAIN)


@pytest.mark.parametrize("name", REFUSED)
async def test_each_other_way_is_refused(vault: Vault, entry: Entry, name: str) -> None:
    """Writes that cannot seal, or take what is sealed apart, are refused and change nothing."""
    before = await vault.stored(entry)
    with acting_as(ANNA), pytest.raises(GuardRefusalError):
        await REFUSED[name](vault.database["vault.Entry"], entry)

    assert await vault.stored(entry) == before
    assert await vault.raw(Entry).count_documents({}) == 1


@pytest.mark.parametrize("kind", ["insert_one", "insert_many", "bulk", "missing", "Document.insert_missing"])
async def test_each_way_to_insert_seals_it(vault: Vault, kind: str) -> None:
    """Every kind of insert stores secrets sealed, with raw dictionaries as well."""
    collection = vault.database["vault.Entry"]
    row = {"site": "s", "login": "", "password": PLAIN}
    with acting_as(ANNA):
        if kind == "insert_one":
            await collection.insert_one(row)
        elif kind == "insert_many":
            await collection.insert_many([dict(row), {**row, "_id": ObjectId()}])
        elif kind == "bulk":
            await collection.bulk_write([InsertOne(dict(row)), DeleteOne({"site": "gone"})])
        elif kind == "missing":
            await collection.insert_missing([dict(row), dict(row)])
        else:
            await Entry.insert_missing([Entry(site="s", password=Secret(PLAIN), id=ObjectId())])
        found = await Entry.find_all().to_list()
        assert found
        assert {await each.reveal("password") for each in found} == {PLAIN}

    assert not await vault.holds(PLAIN)


async def test_a_save_keeps_what_it_has_not_changed(vault: Vault, entry: Entry) -> None:
    """Saving a document that was read writes its secret neither plain nor anew."""
    before = (await vault.stored(entry))["password"]
    with acting_as(ANNA):
        read = await Entry.get(entry.id)
        assert read is not None
        read.login = "changed"
        await read.save()
        read.site = "replaced"
        await read.replace()
        await vault.database["vault.Entry"].replace_one({"_id": entry.id}, await vault.stored(entry))

    stored = await vault.stored(entry)
    assert (stored["password"], stored["login"], stored["site"]) == (before, "changed", "replaced")


async def test_saving_what_was_just_made_seals_it_again(vault: Vault, entry: Entry) -> None:
    """A document that still holds the plain text is saved with the text sealed."""
    with acting_as(ANNA):
        entry.password = Secret(PLAIN)
        await entry.save()
        assert await entry.reveal("password") == PLAIN

    assert not await vault.holds(PLAIN)


async def test_an_administrator_saves_for_its_owner(entry: Entry) -> None:
    """Who is not the owner may save, and what he sets opens for the owner."""
    with acting_as(ROOT):
        read = await Entry.get(entry.id)
        assert read is not None
        read.login = "by root"
        await read.save()
        read.password = Secret(PLAIN)
        await read.save()
    with acting_as(ANNA):
        again = await Entry.get(entry.id)
        assert again is not None
        assert (again.login, await again.reveal("password")) == ("by root", PLAIN)


async def test_nobody_else_sets_it(vault: Vault, entry: Entry) -> None:
    """A write by somebody who does not see the document changes nothing."""
    before = await vault.stored(entry)
    with acting_as(BERT):
        result = await vault.database["vault.Entry"].update_one({"_id": entry.id}, {"$set": {"password": PLAIN}})
        assert result.matched_count == 0
        with pytest.raises(NotFoundError):
            await entry.reveal("pin")

    assert await vault.stored(entry) == before


async def test_a_stored_secret_stays_in_its_document(vault: Vault, entry: Entry) -> None:
    """Assigning the stored secret of another document, or of another field, is refused, on every way."""
    with acting_as(ANNA):
        other = await Entry(site="other", password=Secret("other"), pin=Secret("1234")).insert()
        mine, theirs = await Entry.get(entry.id), await Entry.get(other.id)
        assert mine is not None
        assert theirs is not None
        sealed = (await vault.stored(other))["password"]
        mine.password = theirs.password
        with pytest.raises(GuardRefusalError):
            await mine.save()
        with pytest.raises(GuardRefusalError):
            await Entry(site="copy", password=theirs.password).insert()
        theirs.pin = theirs.password
        with pytest.raises(GuardRefusalError):
            await theirs.save()
        collection = vault.database["vault.Entry"]
        with pytest.raises(GuardRefusalError):
            await collection.update_one({"_id": entry.id}, {"$set": {"password": sealed}})
        with pytest.raises(GuardRefusalError):
            await collection.insert_one({"site": "copy", "password": sealed})
        with pytest.raises(GuardRefusalError):
            await collection.replace_one({"_id": entry.id}, {"site": "copy", "password": sealed})


async def test_none_and_the_empty_text(vault: Vault, entry: Entry) -> None:
    """None is stored as it is and clears the field, by every kind of write; an empty text is a value of its own."""
    with acting_as(ANNA):
        read = await Entry.get(entry.id)
        assert read is not None
        assert await read.reveal("pin") is None
        read.pin = Secret("")
        await read.save()
        await read.sync()
        assert isinstance(read.pin, Secret)
        assert await read.reveal("pin") == ""
        assert "text" in (await vault.stored(entry))["pin"]
        await vault.database["vault.Entry"].update_many({}, {"$set": {"pin": None}})
        assert (await vault.stored(entry))["pin"] is None
        read.pin = Secret("1")
        await read.save(ignore_revision=True)
        await Entry.find(Entry.site == entry.site).update({"$unset": {"pin": ""}})
        assert "pin" not in await vault.stored(entry)


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("text", ["pässwörd 🔑 مفتاح", "a\0b", " ", "x" * 1_000_000, "{'key': 1}", "$set"])
async def test_any_text_comes_back(text: str) -> None:
    """Unicode, zero bytes, spaces and a megabyte come back as they were."""
    with acting_as(ANNA):
        entry = await Entry(site="s", password=Secret(text)).insert()
        read = await Entry.get(entry.id)
        assert read is not None
        assert await read.reveal("password") == text


@pytest.mark.parametrize("value", [7, ["x"], {"key": "k"}, b"bytes", "x" * 5_000_000, "\ud800", "••••••••"])
async def test_what_is_no_secret_is_refused(vault: Vault, entry: Entry, value: object) -> None:
    """Raw values that are no text, or no possible one, are refused as wrong input."""
    collection = vault.database["vault.Entry"]
    with acting_as(ANNA):
        with pytest.raises(InvalidInputError):
            await collection.insert_one({"site": "s", "password": value})
        with pytest.raises(InvalidInputError):
            await collection.update_one({"_id": entry.id}, {"$set": {"password": value}})


async def test_a_transaction_takes_it_back(vault: Vault, entry: Entry) -> None:
    """In a transaction a secret is read and set with its session, and is as before when it ends with an error."""
    before = await vault.stored(entry)
    boom = "boom"
    with acting_as(ANNA), pytest.raises(ZeroDivisionError, match=boom):  # noqa: PT012 - the block is what is tried
        async with vault.connection.client.start_session() as session, await session.start_transaction():
            fresh = await Entry(site="in it", password=Secret("first")).insert(session=session)
            fresh.password = Secret(PLAIN)
            await fresh.save(session=session)
            raise ZeroDivisionError(boom)

    assert await vault.stored(entry) == before
    assert await vault.raw(Entry).count_documents({}) == 1


async def test_the_system_takes_data_over(vault: Vault) -> None:
    """Within a system context a document keeps its given owner, who can open its secret."""
    with system_context():
        await vault.database["vault.Entry"].bulk_write(
            [InsertOne({"_id": 1, "site": "s", "login": "", "password": PLAIN, "created_by": ANNA.id})]
        )
        row = await vault.raw(Entry).find_one({"_id": 1})
        assert row["created_by"] == ANNA.id
    with acting_as(ANNA):
        found = await vault.database["vault.Entry"].find_one({"_id": 1})
        assert found is not None
        read = Entry.model_construct(id=1, password=Secret.stored(found["password"]))
        assert await read.reveal("password") == PLAIN


async def test_a_bulk_error_shows_nothing(vault: Vault) -> None:
    """The error of a refused bulk insert holds the sealed value at most."""
    with acting_as(ANNA):
        device = await Device(name="a", serial=Secret("1")).insert()
        row = {"_id": device.id, "name": "b", "serial": PLAIN}
        with pytest.raises(BulkWriteError) as refused:
            await vault.database["vault.Device"].insert_many([row])

    assert PLAIN not in f"{refused.value} {refused.value.details}"
