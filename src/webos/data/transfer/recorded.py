"""Imports that have their file: looking at them, ending them, taking them back. Acts as the current user."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId

from webos.data.audit.records import UndoReport
from webos.data.audit.undo import Progress as UndoProgress
from webos.data.audit.undo import Undo
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelRegistry
from webos.data.transfer.files import ImportFiles
from webos.data.transfer.formats import FileFormat
from webos.data.transfer.options import ImportOptions
from webos.data.transfer.plan import open_source
from webos.data.transfer.record import ImportRecord, ImportState
from webos.data.transfer.source import REASONS
from webos.data.transfer.store import ImportStore
from webos.data.transfer.writers import open_writer
from webos.kernel.context import current_user, signed_in_user
from webos.kernel.errors import ConflictError, NotFoundError

__all__ = ["RecordedImports"]

_FAILED_AT_ONCE = 500


class RecordedImports:
    """The imports of users, from the upload on.

    Args:
        models: The document classes.
        database: The guarded database.
        store: The records.
        files: The uploads.
    """

    def __init__(
        self, models: ModelRegistry, database: GuardedDatabase, store: ImportStore, files: ImportFiles
    ) -> None:
        self._models = models
        self._database = database
        self._store = store
        self._files = files

    async def start(self) -> None:
        """Prepare the database."""
        await self._store.prepare()

    async def get(self, identity: str | ObjectId) -> ImportRecord:
        """Return an import of the acting user; superusers see all.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
        """
        try:
            record = await self._store.get(ObjectId(identity))
        except (InvalidId, TypeError):
            record = None
        user = signed_in_user()
        if record is None or (record.user_id != user.id and not user.is_superuser):
            msg = f"there is no import {identity}"
            raise NotFoundError(msg, user_message="There is no such import.")
        return record

    async def list_own(self, limit: int = 50) -> list[ImportRecord]:
        """Return the imports of the acting user, the newest first."""
        return await self._store.list_for(signed_in_user().id, limit)

    async def change_options(self, identity: str | ObjectId, options: ImportOptions) -> ImportRecord:
        """Change how an import reads and stores its file, before it is run.

        Raises:
            ConflictError: It runs or ran already.
            NotFoundError: There is none.
        """
        record = await self.get(identity)
        if record.state is not ImportState.READY:
            msg = f"the import {record.id} is {record.state.value}"
            raise ConflictError(msg, user_message="This import was started already.")
        await self._store.change(record.id, options=options.model_dump_json())
        return await self.get(identity)

    async def note_task(self, identity: str | ObjectId, task_id: str) -> None:
        """Keep which task runs an import."""
        await self._store.change((await self.get(identity)).id, task_id=task_id)

    async def cancel(self, identity: str | ObjectId) -> ImportRecord:
        """End an import; what is stored stays. One that has ended stays as it is.

        Raises:
            NotFoundError: There is none.
        """
        record = await self.get(identity)
        return await self._store.close(record.id, ImportState.CANCELLED) or await self.get(identity)

    async def undo(self, identity: str | ObjectId, report: UndoProgress | None = None) -> UndoReport:
        """Take an import that has ended back: what it made is deleted, what it changed gets its old values.

        A record that somebody has changed since is left alone and reported.

        Args:
            identity: The import.
            report: Is told how many records are done, and how many there are.

        Raises:
            ConflictError: It has not ended, or was undone already.
            NotFoundError: There is none, or it has changed nothing.
            PermissionDeniedError: The acting user may not write the model.
        """
        record = await self.get(identity)
        if not record.state.is_final or record.state is ImportState.UNDONE:
            msg = f"the import {record.id} is {record.state.value}"
            text = (
                "This import was undone already."
                if record.state is ImportState.UNDONE
                else "This import has not ended."
            )
            raise ConflictError(msg, user_message=text)
        self._models[record.model].demand_write(current_user())
        undone = await Undo(self._models, self._database).run(record.change_set, report)
        await self._store.change(record.id, state=ImportState.UNDONE.value)
        return undone

    async def remove_files(self, identity: str | ObjectId) -> None:
        """Remove the file of an import that has ended, and the rows that failed.

        Raises:
            ConflictError: It has not ended.
            NotFoundError: There is none.
        """
        record = await self.get(identity)
        if record.state is ImportState.RUNNING:
            msg = f"the import {record.id} runs"
            raise ConflictError(msg, user_message="This import is running.")
        await asyncio.to_thread(self._files.remove, record.id)

    async def failed_rows(self, identity: str | ObjectId, kind: FileFormat) -> AsyncIterator[bytes]:
        """Return what yields the rows that were not stored, as a file that can be corrected and imported again.

        Its columns are those of the file, and one with the reasons, which an import passes over.

        Args:
            identity: The import.
            kind: Kind of the file.

        Raises:
            NotFoundError: There is none.
        """
        record = await self.get(identity)
        source = await asyncio.to_thread(open_source, self._path(record), record.filename, record.options)
        writer = open_writer(kind, [*source.columns, REASONS], ",")

        async def pieces() -> AsyncIterator[bytes]:
            rows = self._files.failed(record.id)
            while some := await asyncio.to_thread(_take, rows):
                if piece := await asyncio.to_thread(writer.write, some):
                    yield piece
            yield await asyncio.to_thread(writer.close)

        return pieces()

    def _path(self, record: ImportRecord) -> Path:
        path = self._files.path(record.id)
        if not path.exists():
            msg = f"the file of the import {record.id} is not on this machine"
            raise NotFoundError(msg, user_message="The file of this import is not there any more.")
        return path


def _take(rows: Any) -> list[list[Any]]:  # noqa: ANN401 - an iterator of failed rows
    found: list[list[Any]] = []
    for row in rows:
        found.append([*row.cells, "; ".join(row.reasons)])
        if len(found) == _FAILED_AT_ONCE:
            break
    return found
