"""Running migrations: each once, in its order, by one process at a time."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from loguru import logger
from pymongo.errors import OperationFailure, PyMongoError

from webos.data.codec import with_codecs
from webos.data.migrations.context import MigrationContext
from webos.data.migrations.errors import BatchesNeeded, MigrationError
from webos.data.migrations.lease import MigrationLease, holding_lease
from webos.data.migrations.log import Direction, MigrationLog
from webos.data.migrations.module import MigratedModule
from webos.data.migrations.plan import Plan, Step, make_plan
from webos.data.migrations.run import MigrationRun, Progress
from webos.data.migrations.source import Function
from webos.data.migrations.trial import Trial, try_plan
from webos.kernel.context import SYSTEM, acting_as

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["Migrator"]

_LEASE_SECONDS = 15.0
# The server ends a transaction that takes longer than a minute. Until then, one that a killed process has left open
# is in the way of others that want to change the same documents.
_LONGEST_TRANSACTION = 50.0
_PATIENCE_SECONDS = 100.0
_PAUSE_SECONDS = 0.5
_TOO_LARGE = {257, 290, 313}


class Migrator:
    """Plans and runs migrations in one database.

    Args:
        database: The driver's database.
        lease_seconds: How long this process may be silent before another takes over.
        on_progress: Called after each batch.
        on_wait: Called with who runs migrations, while this process waits for its turn.
    """

    def __init__(
        self,
        database: "AsyncDatabase[dict[str, Any]]",
        *,
        lease_seconds: float = _LEASE_SECONDS,
        on_progress: Callable[[Progress], None] | None = None,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self._database = with_codecs(database, reading=True)
        self._lease_seconds = lease_seconds
        self._on_progress = on_progress
        self._on_wait = on_wait
        self.log = MigrationLog(self._database)

    def lease(self) -> AbstractAsyncContextManager[MigrationLease]:
        """Return a block that waits for its turn and holds it."""
        return holding_lease(self._database, seconds=self._lease_seconds, on_wait=self._on_wait)

    async def plan(self, module: MigratedModule, target: int | None = None) -> Plan:
        """Return what is to be done for a module.

        Args:
            module: The module.
            target: Number of the last migration that is to be applied; 0 for none; all of them where None.

        Raises:
            MigrationError: Files and log do not fit together; the message says what to do.
        """
        return await make_plan(module, self.log, target)

    async def try_out(self, plan: Plan) -> list[Trial]:
        """Return what each step of a plan would change; nothing is changed.

        All of them run in one transaction that is rolled back. Of what runs in batches the documents are counted.
        """
        return await try_plan(plan, self._database, self.log)

    async def migrate(self, module: MigratedModule, lease: MigrationLease, target: int | None = None) -> list[Step]:
        """Run what is to be done for a module, and return it.

        Args:
            module: The module.
            lease: What lets this process do it.
            target: As for `plan`.

        Raises:
            LeaseLostError: Another process has taken over.
            MigrationError: As for `plan`; or a migration cannot be taken back, or is too much for one transaction.
        """
        # Planned under the lease: another process may have done it all while this one waited.
        plan = await self.plan(module, target)
        # All of them before the first: what cannot be gone through with is not begun.
        code = [await asyncio.to_thread(step.file.load) for step in plan.steps]
        runs = [(step, each, step.function(each)) for step, each in zip(plan.steps, code, strict=True)]
        for step, each, function in runs:
            await lease.confirm()
            with acting_as(SYSTEM):
                await self._run(module, step, function, lease, whole=each.transaction)
        return list(plan.steps)

    async def _run(
        self, module: MigratedModule, step: Step, function: Function, lease: MigrationLease, *, whole: bool
    ) -> None:
        run = MigrationRun(
            module,
            step.file,
            step.direction,
            self._database,
            self.log,
            lease,
            whole=whole,
            on_progress=self._on_progress,
        )
        logger.info("{}: running {}", run.file.id, step.direction.value)
        patience = time.monotonic() + _PATIENCE_SECONDS
        while not await self._resume(run):
            begun = time.monotonic()
            try:
                await _attempt(run, function)
                break
            except BatchesNeeded:
                await run.begin_anew(whole=False)
            except PyMongoError as error:
                _explain_size(run, error, time.monotonic() - begun)
                if time.monotonic() > patience or not _may_pass(error):
                    raise
                logger.warning("{}: {}, trying again", run.file.id, type(error).__name__)
                await run.begin_anew(whole=run.whole)
                await asyncio.sleep(_PAUSE_SECONDS)
            finally:
                await run.abandon()
        documents = sum(run.counts.values())
        logger.info("{}: done, {} documents in {:.2f} s", run.file.id, documents, run.seconds)

    async def _resume(self, run: MigrationRun) -> bool:
        """Take over how far an earlier attempt came, and return whether it came to the end without our knowing."""
        record = await self.log.get(run.file)
        if record is None or record.direction is not run.direction:
            return False
        if record.finished:
            return run.direction is Direction.BACKWARD or record.checksum == run.file.checksum
        if record.checksum != run.file.checksum:
            logger.warning("{}: the file was changed since it stopped; what is done already stays", run.file.id)
        run.whole = False
        run.checkpoints = list(record.checkpoints)
        run.counts = dict(record.documents)
        logger.info("{}: going on behind {} documents", run.file.id, sum(each.done for each in run.checkpoints))
        return False


async def _attempt(run: MigrationRun, function: Function) -> None:
    if run.whole:
        await run.begin()
        await function(MigrationContext(run))
    else:
        await function(MigrationContext(run))
        if run.session is not None:
            msg = f"{run.file.id}: a loop over batches was left before its end; the last batch was not kept"
            raise MigrationError(msg)
        await run.begin()
    await run.note(finished=True)
    await run.commit()


def _explain_size(run: MigrationRun, error: PyMongoError, seconds: float) -> None:
    """Raise what to do, if a migration is more than a transaction can take."""
    too_large = isinstance(error, OperationFailure) and error.code in _TOO_LARGE
    if run.whole and (too_large or seconds > _LONGEST_TRANSACTION):
        msg = f"{run.file.id} changes more than one transaction can take; let it run over `ctx.batches(...)`"
        raise MigrationError(msg) from error


def _may_pass(error: PyMongoError) -> bool:
    labels = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
    return any(error.has_error_label(label) for label in labels)
