"""Import and export of documents. Every method acts as the current user."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from loguru import logger
from pymongo.errors import PyMongoError

from webos.data.audit.change_set import change_set
from webos.data.changes import ChangeHub
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.table.labels import LabelReader
from webos.data.table.query import TableQuery
from webos.data.table.service import TableService
from webos.data.table.views import ViewOpener
from webos.data.transfer.export import Exporter
from webos.data.transfer.files import FailedRow, ImportFiles
from webos.data.transfer.options import ExportOptions, ImportOptions
from webos.data.transfer.outline import FileOutline, outline_of
from webos.data.transfer.plan import ImportPlan, make_plan, open_source
from webos.data.transfer.record import ImportRecord, ImportState
from webos.data.transfer.recorded import RecordedImports
from webos.data.transfer.report import ImportReport
from webos.data.transfer.run import ImportRun, Progress
from webos.data.transfer.store import ImportStore
from webos.kernel.actor import LoadUser, load_again
from webos.kernel.context import User, current_user, signed_in_user
from webos.kernel.errors import ConflictError, WebOSError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["TransferService"]

_COLLECTION = "webos_imports"
_MOST_BYTES = 2 * 1024**3
_SERVER_ERROR = 500

Report = Callable[[Progress], Awaitable[None]]


class TransferService(RecordedImports):
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
        load_user: LoadUser,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        super().__init__(models, database, ImportStore(raw[_COLLECTION]), ImportFiles(folder, most_bytes))
        self._tables = tables
        self._load_user = load_user
        self._exporter = Exporter(database, ViewOpener(models, database, changes), LabelReader(models, changes))

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
        await asyncio.to_thread(self._files.sweep)
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

    async def outline(self, identity: str | ObjectId) -> FileOutline:
        """Return the head of an uploaded file, and the fields it may fill.

        Raises:
            NotFoundError: There is no such import of the acting user.
            PermissionDeniedError: He may not write the model.
            UnreadableFileError: The file cannot be read.
        """
        record = await self.get(identity)
        info = self._models[record.model]
        info.demand_write(current_user())
        # Which fields he may fill is asked of the context, which goes along into the thread.
        return await asyncio.to_thread(
            lambda: outline_of(info, open_source(self._path(record), record.filename, record.options))
        )

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

        After an error that is none of the file's or the user's, such as a full disk, it can be started again.

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
        except (ConflictError, PyMongoError):
            # It was ended or goes on elsewhere; or the task tries again when the database is back.
            raise
        except Exception as error:
            said = (
                error.user_message
                if isinstance(error, WebOSError)
                else f"Something went wrong ({type(error).__name__})"
            )
            passing = not isinstance(error, WebOSError) or error.status >= _SERVER_ERROR
            await self._store.finish(record, ImportState.READY if passing else ImportState.FAILED, counts, said)
            raise
        logger.info("import {} of {} is done: {}", record.id, record.model, counts.to_dict())
        return await self._store.finish(record, ImportState.DONE, counts)

    async def _plan(self, record: ImportRecord) -> ImportPlan:
        # Whether a page shows the model was asked when the file came; this may be a process that shows no page.
        info = self._models[record.model]
        info.demand_write(current_user())
        source = await asyncio.to_thread(open_source, self._path(record), record.filename, record.options)
        return make_plan(info, source, record.options, identity=record.id, models=self._models, database=self._database)

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
        return await load_again(self._load_user, user)
