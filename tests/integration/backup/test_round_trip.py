"""A backup is what the database was, and a restore makes it that again."""

import asyncio
import os
import stat
import tracemalloc
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from bson import DBRef, Decimal128, Int64, MaxKey, ObjectId, Regex
from pymongo.asynchronous.database import AsyncDatabase

from tests.integration.backup.conftest import dump
from webos.data.backup import (
    BackupDamagedError,
    BackupError,
    BackupFile,
    RestoreRefusedError,
    finish_restore,
    restore_backup,
    write_backup,
)
from webos.data.backup.contents import MARK, RESTORING
from webos.data.connection import Connection
from webos.data.server_traits import read_traits

Database = AsyncDatabase[dict[str, Any]]


async def _fill(database: Database, count: int = 500) -> None:
    await database["orders.Order"].insert_many(
        {
            "_id": ObjectId(),
            "number": each,
            "text": "ä€😀" * (each % 50),
            "at": datetime.now(UTC),
            "price": Decimal128(Decimal("1.10") + each),
            "big": Int64(2**40 + each),
            "float": float("inf") if each % 2 else 0.1,
            "by": uuid4(),
            "link": DBRef("inventory.Product", ObjectId()),
            "nested": {"list": [1, None, {"deep": b"\0\xff"}], "regex": Regex("^a", "i"), "max": MaxKey()},
        }
        for each in range(count)
    )
    await database["webos_users"].insert_one({"_id": uuid4(), "username": "anna", "password": "hash"})
    await database["webos_sessions"].insert_one({"_id": "session", "user": "anna"})
    await database["strange/näme of a collection"].insert_one({"_id": {"compound": 1}})
    await database.create_collection("empty.Thing")


async def _back_up(connection: Connection, path: Path, **options: Any) -> Any:
    return await write_backup(connection.raw, path, traits=await read_traits(connection.client), **options)


async def test_every_document_comes_back_byte_for_byte(mongo: Connection, other: Connection, tmp_path: Path) -> None:
    """All kinds of values in all collections come back as they were; sign-in sessions are left out."""
    await _fill(mongo.raw)
    before = await dump(mongo.raw)

    manifest = await _back_up(mongo, tmp_path / "a.webos", keys=["k1"])
    with BackupFile(tmp_path / "a.webos") as file:
        await file.verify()
        await restore_backup(other.raw, file, replace=False)

    assert await dump(other.raw) == before
    assert await dump(mongo.raw) == before
    assert "webos_sessions" not in await other.raw.list_collection_names()
    assert manifest.documents == sum(map(len, before.values())) == 502
    assert manifest.keys == ("k1",)
    assert not [name for name in await other.raw.list_collection_names() if name.startswith((MARK, RESTORING))]


async def test_the_file_is_its_owners_and_has_its_name_only_when_it_is_whole(mongo: Connection, tmp_path: Path) -> None:
    """It can be read by its owner alone, replaces no other file unasked, and leaves no pieces."""
    await _fill(mongo.raw)
    path = tmp_path / "a.webos"
    earlier = os.umask(0)
    try:
        await _back_up(mongo, path)
    finally:
        os.umask(earlier)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()

    with pytest.raises(BackupError, match="--overwrite"):
        await _back_up(mongo, path)
    with pytest.raises(BackupError, match="No such file or directory"):
        await _back_up(mongo, tmp_path / "missing" / "a.webos")
    assert path.read_bytes() == content
    await _back_up(mongo, path, overwrite=True)

    assert await asyncio.to_thread(lambda: [each.name for each in tmp_path.iterdir()]) == ["a.webos"]


async def test_other_tools_can_read_it(mongo: Connection, tmp_path: Path) -> None:
    """It is a zip with a BSON stream for each collection, as mongodump writes it."""
    await mongo.raw["a.B"].insert_one({"_id": 1})
    await _back_up(mongo, tmp_path / "a.webos")

    with zipfile.ZipFile(tmp_path / "a.webos") as file:
        assert file.namelist() == ["0001.bson", "manifest.json"]
        assert file.read("0001.bson") == b"\x0e\0\0\0\x10_id\0\x01\0\0\0\0"


async def test_a_backup_under_load_is_of_one_moment(mongo: Connection, other: Connection, tmp_path: Path) -> None:
    """Of two documents that are only ever changed together in a transaction, a backup has both or neither change."""
    for name in ("a.First", "z.Last"):
        await mongo.raw[name].insert_many([{"_id": each, "value": 0} for each in range(20)])
    await mongo.raw["m.Middle"].insert_many([{"text": os.urandom(2000)} for _ in range(5_000)])
    stop, written = asyncio.Event(), 0

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            async with mongo.client.start_session() as session, await session.start_transaction():
                for name in ("a.First", "z.Last"):
                    await mongo.raw[name].update_one({"_id": written % 20}, {"$inc": {"value": 1}}, session=session)
            written += 1

    writer = asyncio.create_task(write())
    during: list[int] = []
    for round_ in range(3):
        during.append(written)
        await _back_up(mongo, tmp_path / f"{round_}.webos")
        during[-1] = written - during[-1]
    stop.set()
    await writer

    assert all(during), "nothing was written during the backup"
    for round_ in range(3):
        with BackupFile(tmp_path / f"{round_}.webos") as file:
            await restore_backup(other.raw, file, replace=True)
        first = {each["_id"]: each["value"] for each in await other.raw["a.First"].find().to_list()}
        last = {each["_id"]: each["value"] for each in await other.raw["z.Last"].find().to_list()}
        assert first == last
    assert sum(first.values()) < written


async def test_data_is_replaced_only_if_it_is_said(mongo: Connection, other: Connection, tmp_path: Path) -> None:
    """A database with data is refused untouched; with `replace` nothing of it is left, indexes included."""
    await _fill(mongo.raw)
    await _back_up(mongo, tmp_path / "a.webos")
    await other.raw["webos_sessions"].insert_one({"_id": "old"})
    await other.raw["orders.Order"].insert_one({"_id": "old"})
    await other.raw["orders.Order"].create_index("number", unique=True)
    await other.raw["gone.Thing"].insert_one({"_id": "old"})
    before = await dump(other.raw)

    with BackupFile(tmp_path / "a.webos") as file:
        with pytest.raises(RestoreRefusedError, match=r"gone\.Thing, orders\.Order"):
            await restore_backup(other.raw, file, replace=False)
        assert await dump(other.raw) == before
        await restore_backup(other.raw, file, replace=True)

    assert await dump(other.raw) == await dump(mongo.raw)
    assert await other.raw["webos_sessions"].count_documents({}) == 0
    assert list(await other.raw["orders.Order"].index_information()) == ["_id_"]


async def test_damage_is_found_before_anything_is_changed(mongo: Connection, other: Connection, tmp_path: Path) -> None:
    """Wherever a byte is wrong, or the end is missing, the file is refused and the database is as it was."""
    await _fill(mongo.raw, 200)
    await _back_up(mongo, tmp_path / "a.webos")
    whole = (tmp_path / "a.webos").read_bytes()
    await other.raw["orders.Order"].insert_one({"_id": "old"})
    before = await dump(other.raw)
    size = len(whole)
    damaged = [whole[:cut] for cut in (0, 1, 100, size // 2, size - 1)]
    # The first bytes are a date and the like of a header, which the list at the end has as well.
    places = range(60, size - 22, size // 60)
    damaged += [whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :] for place in places]

    refused = 0
    for each in damaged:
        (tmp_path / "b.webos").write_bytes(each)
        try:
            with BackupFile(tmp_path / "b.webos") as file:
                await restore_backup(other.raw, file, replace=True)
        except BackupDamagedError:
            refused += 1
            assert await dump(other.raw) == before
        else:
            # What nobody reads was hit, such as a date: then everything has come back.
            assert await dump(other.raw) == await dump(mongo.raw)
            await other.client.drop_database(other.raw.name)
            await other.raw["orders.Order"].insert_one({"_id": "old"})
    assert refused >= len(damaged) - 4


async def test_an_exchanged_part_is_found(mongo: Connection, tmp_path: Path) -> None:
    """A part that is whole, but not the one that was written, does not pass."""
    await _fill(mongo.raw)
    await _back_up(mongo, tmp_path / "a.webos")
    with zipfile.ZipFile(tmp_path / "a.webos") as source, zipfile.ZipFile(tmp_path / "b.webos", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[:-2] + b"\1\0" if name == "0002.bson" and len(content) > 2 else content)
            if name == "0002.bson":
                changed = len(content) > 2
    with BackupFile(tmp_path / "b.webos") as file, pytest.raises(BackupDamagedError):
        await file.verify()
    assert changed

    with zipfile.ZipFile(tmp_path / "b.webos", "a") as target:
        target.writestr("more.bson", b"")
    with pytest.raises(BackupDamagedError, match="its parts are not those"):
        BackupFile(tmp_path / "b.webos")


async def test_an_interrupted_exchange_is_finished(
    mongo: Connection, other: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the process ends after the point of no return, the next one goes on; before it, nothing has changed."""
    await _fill(mongo.raw)
    await _back_up(mongo, tmp_path / "a.webos")
    await other.raw["orders.Order"].insert_one({"_id": "old"})
    before = await dump(other.raw)

    async def killed(_: Database) -> None:
        msg = "the process was killed"
        raise KeyboardInterrupt(msg)

    with BackupFile(tmp_path / "a.webos") as file:
        monkeypatch.setattr("webos.data.backup.restoring._mark", lambda database, *_: killed(database))
        with pytest.raises(KeyboardInterrupt):
            await restore_backup(other.raw, file, replace=True)
        assert await dump(other.raw) == before
        monkeypatch.undo()
        await finish_restore(other.raw)
        assert await dump(other.raw) == before

        renamed = 0
        rename = type(other.raw["x"]).rename

        async def rename_one(*arguments: Any, **options: Any) -> Any:
            nonlocal renamed
            renamed += 1
            if renamed > 1:
                raise KeyboardInterrupt
            return await rename(*arguments, **options)

        monkeypatch.setattr(type(other.raw["x"]), "rename", rename_one)
        with pytest.raises(KeyboardInterrupt):
            await restore_backup(other.raw, file, replace=True)
        monkeypatch.undo()

    await finish_restore(other.raw)
    assert await dump(other.raw) == await dump(mongo.raw)
    assert await other.raw[MARK].count_documents({}) == 0


async def test_memory_is_flat(mongo: Connection, other: Connection, tmp_path: Path) -> None:
    """A hundred megabytes go through in the memory of a few batches, both ways."""
    for _ in range(20):
        await mongo.raw["big.Thing"].insert_many([{"text": os.urandom(2500).hex()} for _ in range(1_000)])
    tracemalloc.start()
    try:
        manifest = await _back_up(mongo, tmp_path / "a.webos")
        with BackupFile(tmp_path / "a.webos") as file:
            await restore_backup(other.raw, file, replace=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert manifest.size > 100_000_000
    assert await other.raw["big.Thing"].count_documents({}) == 20_000
    assert peak < 70_000_000, f"{peak:,} bytes"
