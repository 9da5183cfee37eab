"""Taking a backup: from the database into a file."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pymongo.errors import OperationFailure

from webos import __version__
from webos.data.backup.errors import BackupError
from webos.data.backup.manifest import FORMAT, Manifest
from webos.data.backup.snapshot import Snapshot, hold_snapshot
from webos.data.backup.writer import BackupWriter, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.asynchronous.database import AsyncDatabase

    from webos.data.server_traits import ServerTraits

__all__ = ["BackupProgress", "write_backup"]

# Without it the server sends 16 MB at a time, of which there are several copies at once.
_BATCH = 1000
_SNAPSHOT_LOST = {239, 246, 251}


@dataclass(frozen=True, slots=True)
class BackupProgress:
    """How far a backup or a restore is.

    Attributes:
        collection: The collection.
        done: Documents of it that are done.
        total: About how many there are.
    """

    collection: str
    done: int
    total: int


async def write_backup(
    database: "AsyncDatabase[dict[str, Any]]",
    path: Path,
    *,
    traits: "ServerTraits",
    keys: Sequence[str] = (),
    overwrite: bool = False,
    on_progress: Callable[[BackupProgress], None] | None = None,
) -> Manifest:
    """Write all data as it is at one moment, while others go on writing.

    Args:
        database: The driver's database.
        path: The file; nobody but its owner can read it.
        traits: The server's ways.
        keys: Ids of the keys that secret fields are sealed with.
        overwrite: Whether a file that is there may be replaced.
        on_progress: Called now and then.

    Returns:
        What is in the backup.

    Raises:
        BackupError: It cannot be written, or takes longer than the server keeps a moment.
    """
    build = await database.client.admin.command("buildInfo")
    async with writing(path, overwrite=overwrite) as writer:
        with _explained():
            async with hold_snapshot(database, traits) as snapshot:
                moment = datetime.now(UTC)
                for name in snapshot.collections:
                    await _write_collection(database, name, snapshot, writer, on_progress)
        manifest = Manifest(
            format=FORMAT,
            created_at=moment,
            framework=__version__,
            server=str(build["version"]),
            database=database.name,
            keys=tuple(keys),
            parts=tuple(writer.parts),
        )
        await asyncio.to_thread(writer.finish, manifest)
    return manifest


async def _write_collection(
    database: "AsyncDatabase[dict[str, Any]]",
    name: str,
    snapshot: Snapshot,
    writer: BackupWriter,
    on_progress: Callable[[BackupProgress], None] | None,
) -> None:
    total = await database[name].estimated_document_count()
    await asyncio.to_thread(writer.begin, name)
    cursor = database[name].find_raw_batches({}, session=snapshot.session, batch_size=_BATCH)
    async for batch in cursor:
        # The driver's types say a document.
        done = await asyncio.to_thread(writer.write, cast("bytes", batch))
        if on_progress is not None:
            on_progress(BackupProgress(name, done, max(total, done)))
    await asyncio.to_thread(writer.end)


@contextmanager
def _explained() -> "Iterator[None]":
    try:
        yield
    except OperationFailure as error:
        if error.code not in _SNAPSHOT_LOST:
            raise
        msg = (
            "The server does not keep one moment for as long as the backup takes. On MongoDB, raise the parameter "
            "minSnapshotHistoryWindowInSeconds, or use mongodump or a snapshot of the disk."
        )
        raise BackupError(msg) from error
