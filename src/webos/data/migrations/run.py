"""One run of one migration: its transaction, what it has changed, and how far it is."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

from webos.data.migrations.errors import BatchesNeeded, MigrationError
from webos.data.migrations.lease import MigrationLease
from webos.data.migrations.log import Checkpoint, Direction, MigrationLog
from webos.data.migrations.module import MigratedModule
from webos.data.migrations.source import MigrationFile

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["MigrationRun", "Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a migration is.

    Attributes:
        id: `module/NNNN_name`.
        done: Documents done, of all its loops over batches up to now.
        total: Documents that there were when these loops began.
    """

    id: str
    done: int
    total: int


@dataclass(slots=True)
class MigrationRun:
    """The state of one run.

    Attributes:
        module: The module.
        file: The migration.
        direction: Which way it runs.
        database: The driver's database, which takes and gives all kinds of values.
        log: The log.
        lease: What lets it write; None for a trial, which changes nothing.
        whole: Whether it runs in one transaction.
        session: The transaction that is open now.
        counts: How many documents it has changed, by collection.
        checkpoints: How far it is with its loops over batches.
        loops: How many such loops it has begun.
        on_progress: Called after each batch.
        started: When it began, by the monotonic clock.
    """

    module: MigratedModule
    file: MigrationFile
    direction: Direction
    database: "AsyncDatabase[dict[str, Any]]"
    log: MigrationLog
    lease: MigrationLease | None
    whole: bool
    session: "AsyncClientSession | None" = None
    counts: dict[str, int] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    loops: int = 0
    on_progress: Callable[[Progress], None] | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def is_trial(self) -> bool:
        """Whether it is only tried."""
        return self.lease is None

    @property
    def counts_only(self) -> bool:
        """Whether writes are counted instead: a trial of what is too much for one transaction."""
        return self.is_trial and not self.whole

    async def allow_write(self) -> None:
        """Make sure that this process may still write.

        Raises:
            LeaseLostError: Another has taken over.
        """
        if self.lease is not None:
            await self.lease.confirm()

    def changed(self, collection: str, count: int) -> None:
        """Note that documents of a collection were changed."""
        self.counts[collection] = self.counts.get(collection, 0) + count

    def begin_loop(self, collection: str) -> Checkpoint:
        """Return how far the next loop over batches is.

        Raises:
            BatchesNeeded: The migration runs in one transaction.
            MigrationError: Another loop is not at its end.
        """
        if self.whole:
            raise BatchesNeeded
        if self.session is not None and not self.is_trial:
            msg = f"{self.file.id}: loops over batches cannot be nested, nor be left before their end"
            raise MigrationError(msg)
        key = f"{self.loops}:{collection}"
        self.loops += 1
        return next((each for each in self.checkpoints if each.key == key), Checkpoint(key))

    async def keep(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint into the log, in the transaction that is open."""
        kept = [each for each in self.checkpoints if each.key != checkpoint.key]
        self.checkpoints = [*kept, checkpoint]
        await self.note(finished=False)

    async def note(self, *, finished: bool) -> None:
        """Write the entry of the log in the transaction that is open, which counts only if the lease is held."""
        assert self.lease is not None  # noqa: S101 - a trial writes nothing
        assert self.session is not None  # noqa: S101 - an entry is written in a transaction only
        await self.lease.guard(self.session)
        await self.log.write(
            self.module,
            self.file,
            self.direction,
            finished=finished,
            seconds=self.seconds,
            documents=self.counts,
            checkpoints=[] if finished else self.checkpoints,
            session=self.session,
        )

    def report(self) -> Progress:
        """Tell how far it is, and return it."""
        done = sum(each.done for each in self.checkpoints)
        progress = Progress(self.file.id, done, sum(each.total for each in self.checkpoints))
        if self.on_progress is not None:
            self.on_progress(progress)
        return progress

    @property
    def seconds(self) -> float:
        """How long it has taken up to now."""
        return time.monotonic() - self.started

    async def begin(self, session: "AsyncClientSession | None" = None) -> None:
        """Open a transaction and work in it.

        Args:
            session: The session to open it in; that of the lease where None.
        """
        if session is None:
            assert self.lease is not None  # noqa: S101 - a trial brings its own
            session = self.lease.session
        await session.start_transaction(read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority"))
        self.session = session

    async def commit(self) -> None:
        """End the transaction that is open, and keep what was written in it."""
        session, self.session = self.session, None
        assert session is not None  # noqa: S101 - the caller has begun one
        await session.commit_transaction()

    async def abandon(self) -> None:
        """End the transaction that is open, if there is one, and forget what was written in it."""
        session, self.session = self.session, None
        if session is not None and session.in_transaction:
            await session.abort_transaction()

    async def begin_anew(self, *, whole: bool) -> None:
        """Forget what is not committed and begin once more.

        Args:
            whole: Whether in one transaction.
        """
        await self.abandon()
        self.whole = whole
        self.counts, self.loops = {}, 0
