"""Putting a backup back: all of it, or nothing.

The documents go into new collections first. Only when all of them are there is a mark written that says which
collection takes whose name; that is the point of no return. What follows is quick, and if the process ends before all
of it is done, the next start goes on with it before it does anything else.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bson.raw_bson import RawBSONDocument
from loguru import logger
from pymongo import WriteConcern
from pymongo.errors import OperationFailure

from webos.data.backup.contents import MARK, RESTORING, collections_to_keep
from webos.data.backup.errors import BackupDamagedError, RestoreRefusedError
from webos.data.backup.file import BackupFile
from webos.data.backup.manifest import Part
from webos.data.backup.reading import BackupProgress

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["finish_restore", "holds_data", "restore_backup"]

_ID = "restore"
_NAMESPACE_NOT_FOUND = 26


async def holds_data(database: "AsyncDatabase[dict[str, Any]]") -> list[str]:
    """Return the names of the collections that have documents, as far as they belong into a backup."""
    names = await collections_to_keep(database)
    return [name for name in names if await database[name].find_one({}, {"_id": 1}) is not None]


async def restore_backup(
    database: "AsyncDatabase[dict[str, Any]]",
    file: BackupFile,
    *,
    replace: bool,
    on_progress: Callable[[BackupProgress], None] | None = None,
) -> None:
    """Put the data of a backup into the database, in the place of all that is there.

    The backup is checked first. Indexes are not part of it: the models build them at the next start.

    Args:
        database: The driver's database; no application uses it meanwhile.
        file: The backup.
        replace: Whether data that is there may be lost.
        on_progress: Called now and then.

    Raises:
        BackupDamagedError: The backup is not whole. Nothing was changed.
        RestoreRefusedError: There is data, and `replace` was not said.
    """
    await file.verify()
    await finish_restore(database)
    if not replace and (taken := await holds_data(database)):
        msg = f"The database {database.name} holds data ({', '.join(taken[:5])}). Say --replace to lose it."
        raise RestoreRefusedError(msg)
    await _drop_leftovers(database)
    new: dict[str, str] = {}
    try:
        for part in file.manifest.parts:
            if part.documents:
                new[part.collection] = f"{RESTORING}{part.file}"
                await _load(database, file, part, new[part.collection], on_progress)
    except BaseException:
        await asyncio.shield(_drop_leftovers(database))
        raise
    old = [name for name in await database.list_collection_names() if not name.startswith((RESTORING, MARK, "system."))]
    await _mark(database, new, [name for name in old if name not in new])
    await finish_restore(database)


async def finish_restore(database: "AsyncDatabase[dict[str, Any]]") -> None:
    """Go on with a restore that has come to the point of no return and was interrupted; else do nothing.

    Args:
        database: The driver's database; nothing uses it meanwhile.
    """
    mark = await database[MARK].find_one({"_id": _ID})
    if mark is None:
        return
    for name in mark["drop"]:
        await database.drop_collection(name)
    there = set(await database.list_collection_names())
    for each in mark["rename"]:
        if each["from"] in there:
            try:
                await database[each["from"]].rename(each["to"], dropTarget=True)
            except OperationFailure as error:
                # Another process that starts at the same time has done it.
                if error.code != _NAMESPACE_NOT_FOUND:
                    raise
    await database.drop_collection(MARK)
    logger.info("the backup is restored: {} collections", len(mark["rename"]))


async def _load(
    database: "AsyncDatabase[dict[str, Any]]",
    file: BackupFile,
    part: Part,
    target: str,
    on_progress: Callable[[BackupProgress], None] | None,
) -> None:
    collection = database[target]
    reader, done = file.read(part), 0
    while batch := await asyncio.to_thread(reader.next_batch):
        # As raw documents they are stored byte for byte.
        await collection.insert_many([RawBSONDocument(document) for document in batch], ordered=False)
        done += len(batch)
        if on_progress is not None:
            on_progress(BackupProgress(part.collection, done, part.documents))
    stored = await collection.count_documents({})
    if stored != part.documents:
        msg = f"Of {part.documents} documents of {part.collection} the server has taken {stored}. Nothing was changed."
        raise BackupDamagedError(msg)


async def _mark(database: "AsyncDatabase[dict[str, Any]]", new: Mapping[str, str], gone: list[str]) -> None:
    mark = {"_id": _ID, "rename": [{"from": source, "to": name} for name, source in new.items()], "drop": gone}
    durable = database.get_collection(MARK, write_concern=WriteConcern("majority", j=True))
    await durable.insert_one(mark)


async def _drop_leftovers(database: "AsyncDatabase[dict[str, Any]]") -> None:
    for name in await database.list_collection_names():
        if name.startswith(RESTORING):
            await database.drop_collection(name)
