"""Import and export of documents. Every method acts as the current user."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import ObjectId
from bson.errors import InvalidId
from loguru import logger

from webos.data.audit.change_set import change_set
from webos.data.audit.records import UndoReport
from webos.data.audit.undo import Progress as UndoProgress
from webos.data.audit.undo import Undo
from webos.data.changes import ChangeHub
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.table.labels import LabelReader
from webos.data.table.query import TableQuery
from webos.data.table.service import TableService
from webos.data.table.views import ViewOpener
from webos.data.transfer.export import Exporter
from webos.data.transfer.files import FailedRow, ImportFiles
from webos.data.transfer.formats import FileFormat
from webos.data.transfer.options import ExportOptions, ImportOptions
from webos.data.transfer.plan import ImportPlan, make_plan, open_source
from webos.data.transfer.record import ImportRecord, ImportState
from webos.data.transfer.report import ImportReport
from webos.data.transfer.run import ImportRun, Progress
from webos.data.transfer.source import REASONS
from webos.data.transfer.store import ImportStore
from webos.data.transfer.writers import open_writer
from webos.kernel.context import User, current_user, signed_in_user
from webos.kernel.errors import ConflictError, NotFoundError, WebOSError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["TransferService"]

_COLLECTION = "webos_imports"
_MOST_BYTES = 2 * 1024**3
_FAILED_AT_ONCE = 500

Report = Callable[[Progress], Awaitable[None]]


class TransferService:
    """Imports and exports documents.

    Args:
        models: The document classes.
        database: The guarded database.
        tables: Says who may see which model.
        changes: Tells what changes.
        raw: The driver's database, for the records of imports.
        folder: Where uploads are kept.
        load_user: Returns the user with an id, with the rights he has now; raises where he may not act.
        most_bytes: The largest file that is taken.
    """

    def __init__(
        self,
        models: ModelRegistry,
        database: GuardedDatabase,
        tables: TableService,
        changes: ChangeHub,
        *,
        raw: "AsyncDatabase[dict[str, Any]]",
        folder: Path,
        load_user: Callable[[UUID], Awaitable[User]],
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._models = models
        self._database = database
        self._tables = tables
        self._store = ImportStore(raw[_COLLECTION])
        self._files = ImportFiles(folder, most_bytes)
        self._load_user = load_user
        self._exporter = Exporter(database, ViewOpener(models, database, changes), LabelReader(models, changes))

    async def start(self) -> None:
        """Prepare the database."""
        await self._store.prepare()

    # Export

    async def export(self, model: str, query: TableQuery, options: ExportOptions) -> AsyncIterator[bytes]:
        """Return what yields the file of an export, piece by piece.

        Args:
            model: `module.Class`.
            query: Which rows in which order, as a table asks.
            options: Which columns, and how.

        Raises:
            InvalidInputError: A column or a condition is not possible.
            NotFoundError: There is no such model.
            PermissionDeniedError: The acting user may not read it.
        """
        info = self._visible(model)
        user = current_user()

        async def refresh() -> None:
            info.demand_read(await self._fresh(user))

        return await self._exporter.open(info, query, options, refresh)

    # Import

    async def upload(
        self, model: str, filename: str, pieces: AsyncIterator[bytes], options: ImportOptions
    ) -> ImportRecord:
        """Take a file for an import. Nothing is stored of it before `run`.

        Args:
            model: `module.Class`.
            filename: Name of the file.
            pieces: Its content.
            options: How it is read and stored; `change_options` changes them.

        Raises:
            NotFoundError: There is no such model.
            PermissionDeniedError: The acting user may not write it.
            UnavailableError: The disk is full.
            UnreadableFileError: It is no table, empty or too large.
        """
        info = self._visible(model)
        user = signed_in_user()
        info.demand_write(user)
        identity = ObjectId()
        received = await self._files.receive(identity, pieces)
        record = ImportRecord(
            id=identity,
            model=info.name,
            user_id=user.id,
            username=user.username,
            filename=Path(filename.replace("\\", "/")).name[:200] or "upload",
            size=received.size,
            sha256=received.sha256,
            options=options,
            created_at=datetime.now(UTC),
            change_set=f"import-{identity}",
        )
        try:
            await asyncio.to_thread(open_source, self._files.path(identity), record.filename, options)
            await self._store.add(record)
        except BaseException:
            self._files.remove(identity)
            raise
        return record

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

    async def check(self, identity: str | ObjectId, *, most_failures: int = 100) -> ImportReport:
        """Go through the whole file and say what an import would do. Nothing is changed.

        Args:
            identity: The import.
            most_failures: How many failures are reported.

        Raises:
            InvalidInputError: The columns do not fit the model; `fields` says which and why.
            NotFoundError: There is none.
            PermissionDeniedError: The acting user may not write the model.
            UnreadableFileError: The file cannot be read.
        """
        record = await self.get(identity)
        plan = await self._plan(record)

        async def nothing(_: Progress, __: Sequence[FailedRow]) -> None: ...

        run = ImportRun(
            plan, record=None, save=nothing, refresh=lambda: self._writer(record), most_failures=most_failures
        )
        counts = await run.run()
        return ImportReport(counts, run.failures, plan.mapping.describe(), plan.mapping.ignored, plan.source.describe())

    async def run(self, identity: str | ObjectId, report: Report | None = None) -> ImportRecord:
        """Store the rows of a file, from where an earlier start has come to, and return the import at its end.

        Args:
            identity: The import.
            report: Told about once a second how far it is.

        Raises:
            ConflictError: It has come to its end, goes on elsewhere, or the same file is being imported.
            InvalidInputError: The columns do not fit the model; `fields` says which and why.
            NotFoundError: There is none.
            PermissionDeniedError: The user may not write the model, or not any more.
        """
        record = await self._store.begin(await self.get(identity))

        async def save(progress: Progress, failed: Sequence[FailedRow]) -> None:
            if failed:
                await asyncio.to_thread(self._files.add_failed, record.id, failed)
            await self._store.save(record, progress.counts, progress.total)
            if report is not None:
                await report(progress)

        counts = record.counts
        try:
            plan = await self._plan(record)
            run = ImportRun(plan, record=record, save=save, refresh=lambda: self._writer(record))
            counts = run.counts
            with change_set(f"Import of {record.filename}", identity=record.change_set):
                await run.run()
        except WebOSError as error:
            if not isinstance(error, ConflictError) and error.status < 500:  # noqa: PLR2004 - what is not passing
                await self._store.finish(record, ImportState.FAILED, counts, error.user_message)
            raise
        logger.info("import {} of {} is done: {}", record.id, record.model, counts.to_dict())
        return await self._store.finish(record, ImportState.DONE, counts)

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

    async def _plan(self, record: ImportRecord) -> ImportPlan:
        # Whether a page shows the model was asked when the file came; this may be a process that shows no page.
        info = self._models[record.model]
        info.demand_write(current_user())
        source = await asyncio.to_thread(open_source, self._path(record), record.filename, record.options)
        return make_plan(info, source, record.options, identity=record.id, models=self._models, database=self._database)

    def _path(self, record: ImportRecord) -> Path:
        path = self._files.path(record.id)
        if not path.exists():
            msg = f"the file of the import {record.id} is not on this machine"
            raise NotFoundError(msg, user_message="The file of this import is not there any more.")
        return path

    def _visible(self, model: str) -> ModelInfo:
        """Return a model that the acting user may read, through a page or because he may do all."""
        return self._models[model] if current_user().is_superuser else self._tables.info(model)

    async def _writer(self, record: ImportRecord) -> User:
        """Return the acting user with the rights he has now.

        Raises:
            PermissionDeniedError: He may not write the model any more.
        """
        user = await self._fresh(current_user())
        self._models[record.model].demand_write(user)
        return user

    async def _fresh(self, user: User) -> User:
        return await self._load_user(user.id)


def _take(rows: Any) -> list[list[Any]]:  # noqa: ANN401 - an iterator of failed rows
    found: list[list[Any]] = []
    for row in rows:
        found.append([*row.cells, "; ".join(row.reasons)])
        if len(found) == _FAILED_AT_ONCE:
            break
    return found
