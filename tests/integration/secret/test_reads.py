"""Who opens a secret, what shows of it elsewhere, and what does not open any more."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from beanie import PydanticObjectId
from bson import Binary
from loguru import logger
from pydantic import ValidationError

from tests.integration.secret.vault import ANNA, BERT, ROOT, Device, Entry, Folder, Vault, open_vault, some_keys
from webos.data.guard.refusal import GuardRefusalError
from webos.data.secret import Keyring, Secret
from webos.data.secret.errors import SecretDamagedError, SecretKeyMissingError, SecretSealedError
from webos.data.table import columns_of
from webos.kernel.context import ANONYMOUS, acting_as
from webos.kernel.errors import InvalidInputError, NotFoundError, NotSignedInError

PLAIN = "hunter2-hunter2"
Read = Callable[[Any], Awaitable[Any]]

REFUSED: dict[str, Read] = {
    "find by it": lambda c: c.find({"password": PLAIN}).to_list(),
    "find by a part": lambda c: c.find({"password.key": {"$ne": ""}}).to_list(),
    "find in $or": lambda c: c.find({"$or": [{"site": "s"}, {"password.text": {"$gt": b""}}]}).to_list(),
    "find by $expr": lambda c: c.find({"$expr": {"$gt": ["$password.text", b""]}}).to_list(),
    "find by $$ROOT": lambda c: c.find({"$expr": {"$gt": ["$$ROOT", {}]}}).to_list(),
    "find by $jsonSchema": lambda c: c.find({"$jsonSchema": {"properties": {"password": {}}}}).to_list(),
    "find_one": lambda c: c.find_one({"password": None}),
    "sort": lambda c: c.find({}, sort=[("site", 1), ("password", 1)]).to_list(),
    "sort as text": lambda c: c.find({}, sort="password.nonce").to_list(),
    "sort as mapping": lambda c: c.find_one({}, sort={"pin": 1}),
    "count": lambda c: c.count_documents({"pin": {"$exists": True}}),
    "distinct": lambda c: c.distinct("password"),
    "distinct of a part": lambda c: c.distinct("password.key"),
    "distinct with a filter": lambda c: c.distinct("site", {"password": 1}),
    "aggregate": lambda c: c.aggregate([{"$match": {"password.text": {"$gt": b""}}}]),
    "update": lambda c: c.update_one({"password": None}, {"$set": {"site": "s"}}),
    "update_many": lambda c: c.update_many({"password.key": "k"}, {"$set": {"site": "s"}}),
    "replace": lambda c: c.replace_one({"password": None}, {"site": "s"}),
    "delete": lambda c: c.delete_one({"password": None}),
    "delete_many": lambda c: c.delete_many({"$nor": [{"password": None}]}),
    "the index of one that is not searchable": lambda c: c.find({"password.index": b"x"}).to_list(),
}


@pytest.fixture
async def entry(vault: Vault) -> Entry:
    assert vault.keyring.ids
    with acting_as(ANNA):
        made = await Entry(site="example.com", password=Secret(PLAIN)).insert()
        found = await Entry.get(made.id)
        assert found is not None
        return found


async def test_its_owner_and_administrators_open_it(entry: Entry) -> None:
    """The owner and a superuser open a secret; others and visitors are told that there is nothing, or to sign in."""
    for user in (ANNA, ROOT):
        with acting_as(user):
            assert await entry.reveal("password") == PLAIN
    with acting_as(BERT), pytest.raises(NotFoundError):
        await entry.reveal("password")
    with acting_as(ANONYMOUS), pytest.raises(NotSignedInError):
        await entry.reveal("password")
    with pytest.raises(NotSignedInError):
        await entry.reveal("password")
    with acting_as(ANNA), pytest.raises(InvalidInputError):
        await entry.reveal("site")


async def test_opening_it_leaves_a_line_without_it(entry: Entry) -> None:
    """The log says which field of which document was opened, and not what it holds."""
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(str(message)), format="{message}", level="INFO")
    try:
        with acting_as(ANNA):
            await entry.reveal("password")
    finally:
        logger.remove(handler)

    assert any(f"vault.Entry.password of {entry.id}" in line for line in lines)
    assert not any(PLAIN in line for line in lines)


async def test_it_shows_nowhere(vault: Vault, entry: Entry) -> None:
    """Text, JSON, schema and table of a document, in memory or read, show neither the secret nor what is stored."""
    fresh = Entry(site="s", password=Secret(PLAIN))
    for each in (fresh, entry):
        assert PLAIN not in f"{each!r} {each} {each.model_dump()} {each.password} {each.password:>20}"
        written = json.loads(each.model_dump_json())
        assert (written["password"], written["pin"]) == ("••••••••", None)
        assert each.model_dump(mode="json")["password"] == "••••••••"
    assert "nonce" not in f"{entry!r} {entry.model_dump_json()}"
    assert Entry.model_json_schema()["properties"]["password"]["writeOnly"] is True
    assert "password" not in [column.field for column in columns_of(Entry)]
    with pytest.raises(SecretSealedError):
        entry.password.get_secret_value()
    assert not await vault.holds(PLAIN)


async def test_wrong_input_is_not_repeated() -> None:
    """The error of a document that does not validate holds none of its values."""
    with pytest.raises(ValidationError) as refused:
        Entry.model_validate({"password": PLAIN})
    with pytest.raises(ValidationError) as also_refused:
        Entry.model_validate({"site": "s", "password": [PLAIN]})

    assert PLAIN not in f"{refused.value} {also_refused.value}"


@pytest.mark.parametrize("name", REFUSED)
async def test_nothing_is_found_by_it(vault: Vault, entry: Entry, name: str) -> None:
    """Filters, sorts and keys that name a secret are refused in every kind of read and write."""
    before = await vault.stored(entry)
    with acting_as(ROOT), pytest.raises(GuardRefusalError):
        await REFUSED[name](vault.database["vault.Entry"])

    assert await vault.stored(entry) == before


async def test_pipelines_get_nothing_of_it(vault: Vault) -> None:
    """No pipeline sees what is stored of a secret, not even through a join, and so cannot group by it."""
    with acting_as(ANNA):
        devices = [await Device(name=str(n), serial=Secret("same")).insert() for n in range(2)]
        await Folder(name="f", device=devices[0], devices=devices).insert()
        collection = vault.database["vault.Device"]
        groups = await (await collection.aggregate([{"$group": {"_id": "$serial", "n": {"$sum": 1}}}])).to_list()
        whole = await (await collection.aggregate([{"$project": {"all": "$$ROOT"}}])).to_list()
        folders = vault.database["vault.Folder"]
        lookup = {"from": "vault.Device", "localField": "device.$id", "foreignField": "_id", "as": "found"}
        joined = await (await folders.aggregate([{"$lookup": lookup}])).to_list()
        inner = {"from": "vault.Device", "pipeline": [{"$sort": {"serial": 1}}], "as": "found"}
        piped = await (await folders.aggregate([{"$lookup": inner}])).to_list()
        union = await (await folders.aggregate([{"$unionWith": "vault.Device"}])).to_list()
        graph = {
            "from": "vault.Device", "startWith": "$device.$id", "connectFromField": "name", "connectToField": "_id",
            "as": "found",
        }  # fmt: skip
        walked = await (await folders.aggregate([{"$graphLookup": graph}])).to_list()
        with pytest.raises(GuardRefusalError):
            await folders.aggregate([{"$lookup": {**lookup, "foreignField": "serial.index"}}])
        with pytest.raises(GuardRefusalError):
            await folders.aggregate([{"$graphLookup": {**graph, "connectToField": "serial.key"}}])

    assert [group["n"] for group in groups] == [2]
    assert joined[0]["found"][0]["name"] == "0"
    assert len(piped[0]["found"]) == 2
    for rows in (groups, whole, joined, piped, union, walked):
        assert rows
        assert "'text'" not in str(rows)
        assert "'index'" not in str(rows)


async def test_what_is_fetched_with_links_opens_and_saves(vault: Vault) -> None:
    """A document that was fetched through a link opens its secret and is saved without losing it."""
    with acting_as(ANNA):
        device = await Device(name="d", serial=Secret("S-1")).insert()
        await Folder(name="f", device=device).insert()
        folder = await Folder.find_one(Folder.name == "f", fetch_links=True)
        assert folder is not None
        fetched: Any = folder.device
        assert await fetched.reveal("serial") == "S-1"
        before = (await vault.stored(device))["serial"]
        fetched.name = "renamed"
        await fetched.save()
        own = await Device.find(Device.name == "renamed", fetch_links=True).to_list()
        assert await own[0].reveal("serial") == "S-1"
        assert (await vault.stored(device))["serial"] == before
        with pytest.raises(GuardRefusalError):
            await Device(name="copy", serial=fetched.serial).insert()


async def test_a_searchable_one_is_found_by_its_value(vault: Vault) -> None:
    """Documents are found by the exact value of a searchable secret, by its helper only, also where it is optional."""
    with acting_as(ANNA):
        for n in range(3):
            await Device(name=str(n), serial=Secret(f"S-{n % 2}"), token=Secret("t") if n else None).insert()
        found = await Device.find(Device.secret_equals("serial", "S-0")).sort("name").to_list()
        assert [each.name for each in found] == ["0", "2"]
        assert await Device.find(Device.secret_equals("token", "t"), Device.name == "1").count() == 1
        assert await Device.find(Device.secret_equals("serial", "s-0")).count() == 0
        assert await Device.find(Device.secret_equals("token", "S-0")).count() == 0
        with pytest.raises(InvalidInputError):
            Entry.secret_equals("password", "x")
        collection = vault.database["vault.Device"]
        for condition in ({"$gt": b""}, {"$exists": True}, {"$regex": "."}, {"$in": [{"$gt": b""}]}, {"$ne": b"x"}):
            with pytest.raises(GuardRefusalError):
                await collection.find({"serial.index": condition}).to_list()
        await (await Device.find_one(Device.name == "0")).set({Device.serial: Secret("S-9")})  # type: ignore[union-attr]
        assert await Device.find(Device.secret_equals("serial", "S-0")).count() == 1


async def test_a_value_that_was_moved_does_not_open(vault: Vault, entry: Entry) -> None:
    """What is stored opens in its document, field and owner only, whoever has moved it past the guard."""
    raw = vault.raw(Entry)
    with acting_as(ANNA):
        other = await Entry(site="other", password=Secret("other")).insert()
    sealed = (await vault.stored(entry))["password"]
    await raw.update_one({"_id": other.id}, {"$set": {"password": sealed, "pin": sealed}})
    await raw.update_one({"_id": entry.id}, {"$set": {"pin": sealed}})
    with acting_as(ROOT):
        moved = await Entry.get(other.id)
        assert moved is not None
        for document, field in ((moved, "password"), (moved, "pin"), (entry, "pin")):
            with pytest.raises(SecretDamagedError):
                await document.reveal(field)
        assert await entry.reveal("password") == PLAIN
    await raw.update_one({"_id": entry.id}, {"$set": {"created_by": BERT.id}})
    with acting_as(BERT):
        stolen = await Entry.get(entry.id)
        assert stolen is not None
        with pytest.raises(SecretDamagedError):
            await stolen.reveal("password")


@pytest.mark.parametrize("part", ["nonce", "text"])
async def test_a_value_that_was_changed_does_not_open(vault: Vault, entry: Entry, part: str) -> None:
    """One changed bit is noticed, and listing the document goes on."""
    value = bytearray((await vault.stored(entry))["password"][part])
    value[0] ^= 1
    await vault.raw(Entry).update_one({"_id": entry.id}, {"$set": {f"password.{part}": Binary(bytes(value))}})
    with acting_as(ANNA):
        assert len(await Entry.find_all().to_list()) == 1
        with pytest.raises(SecretDamagedError) as refused:
            await entry.reveal("password")

    assert PLAIN not in str(refused.value)


async def test_without_its_key_all_but_opening_works(vault: Vault, entry: Entry) -> None:
    """Where the key is missing a document is listed, saved and deleted; opening its secret says what is wrong."""
    before = await vault.stored(entry)
    await open_vault(vault.connection, Keyring(some_keys()))
    with acting_as(ANNA):
        (read,) = await Entry.find_all().to_list()
        with pytest.raises(SecretKeyMissingError) as refused:
            await read.reveal("password")
        assert "key is missing" in refused.value.user_message
        read.login = "changed"
        await read.save()
        assert (await vault.stored(entry))["password"] == before["password"]
        read.password = Secret("new")
        await read.save()
        assert await read.reveal("password") == "new"
        await read.delete()


async def test_what_does_not_exist_does_not_open(vault: Vault) -> None:
    """A deleted or unknown document opens nothing."""
    assert vault.keyring.ids
    with acting_as(ANNA):
        entry = await Entry(site="s", password=Secret("x")).insert()
        await entry.sync()
        await entry.delete()
        with pytest.raises(NotFoundError):
            await entry.reveal("password")
        entry.id = PydanticObjectId()
        with pytest.raises(NotFoundError):
            await entry.reveal("password")
