"""One start of an import: batch after batch, each stored while the next is read and validated."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webos.data.transfer.candidate import Candidate, Reader
from webos.data.transfer.files import FailedRow
from webos.data.transfer.options import ImportMode
from webos.data.transfer.plan import ImportPlan
from webos.data.transfer.preparing import Preparer
from webos.data.transfer.record import Counts, ImportRecord
from webos.data.transfer.report import CellFailure
from webos.data.transfer.slices import SLICE
from webos.data.transfer.uniqueness import Uniqueness
from webos.data.transfer.writing import Writer
from webos.kernel.context import User, acting_as, current_user

__all__ = ["ImportRun", "Progress"]

_BATCH = 500
_IN_FLIGHT = 3
_SAVE_SECONDS = 0.5
_AGAIN = "This id is taken already, maybe by a deleted record."

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run tells of itself from time to time.

    Attributes:
        counts: What became of the rows so far; all of it is stored.
        total: How many rows there are, about; None where that is not known.
    """

    counts: Counts
    total: int | None


@dataclass(slots=True)
class _Outcome:
    """What became of one batch."""

    counts: Counts
    failed: list[Candidate]


class ImportRun:
    """Reads a file and stores its rows, or only looks what would become of them.

    Args:
        plan: What the import stands on.
        record: The import; None to change nothing.
        save: Stores how far it has come, with the rows that failed since; called about twice a second.
        refresh: Returns the acting user with the rights he has now; raises where he may not import any more.
        most_failures: How many failures are kept for people to read.

    Attributes:
        counts: What became of the rows so far.
        failures: The first failures.
    """

    def __init__(
        self,
        plan: ImportPlan,
        *,
        record: ImportRecord | None,
        save: Callable[[Progress, Sequence[FailedRow]], Awaitable[None]],
        refresh: Callable[[], Awaitable[User]],
        most_failures: int = 100,
    ) -> None:
        self._plan = plan
        self._record = record
        self._save = save
        self._refresh = refresh
        self._most_failures = most_failures
        self._preparer = Preparer(plan)
        names = {info.alias or name: name for name, info in plan.info.document.model_fields.items()}
        self._writer = Writer(plan.collection, plan.info.title, names, plan.matcher)
        self._uniqueness = Uniqueness(plan.collection, names)
        self._reader = Reader(plan.source.rows(), plan.mapping, plan.empty)
        self._pending: deque[asyncio.Task[_Outcome]] = deque()
        self._unsaved: list[FailedRow] = []
        self._next_save = 0.0
        self._tried_before = 0
        self.counts = Counts()
        self.failures: list[CellFailure] = []

    async def run(self) -> Counts:
        """Go through the rows that are not done yet, and return what became of all.

        Raises:
            UnreadableFileError: The file cannot be read on.
            PermissionDeniedError: The user may not import any more.
            ConflictError: Somebody has ended the import, or it goes on elsewhere.
        """
        user = current_user()
        await self._resume()
        # What is only looked at is compared with all rows before it.
        depth = 1 if self._plan.links_to_itself or self._record is None else _IN_FLIGHT
        try:
            while True:
                with acting_as(user):
                    batch = await self._read()
                    if not batch:
                        break
                    await self._preparer.prepare(batch)
                    self._pending.append(asyncio.create_task(self._store(batch), name="import batch"))
                while len(self._pending) >= depth:
                    await self._settle()
                if time.monotonic() > self._next_save:
                    await self._checkpoint()
                    user = await self._refresh()
            while self._pending:
                await self._settle()
            await self._checkpoint()
        except BaseException:
            await self._wind_up()
            raise
        return self.counts

    async def _resume(self) -> None:
        """Pass over the rows that are done."""
        if self._record is None:
            return
        self.counts.add(self._record.counts)
        left = self._record.counts.read
        if self._record.starts > 1:
            self._tried_before = left + _BATCH * (_IN_FLIGHT + 1)
        while left > 0:
            if self._plan.key:
                passed = await asyncio.to_thread(self._reader.read, min(left, SLICE))
                await self._preparer.remember(passed)
                left -= len(passed)
                number = len(passed)
            else:
                number = await asyncio.to_thread(self._reader.pass_over, min(left, 2000))
                left -= number
            if number == 0:
                return

    async def _read(self) -> list[Candidate]:
        batch: list[Candidate] = []
        while len(batch) < _BATCH and (some := await asyncio.to_thread(self._reader.read, SLICE)):
            batch += some
        return batch

    async def _store(self, batch: list[Candidate]) -> _Outcome:
        counts = Counts(read=len(batch))
        known = [each for each in batch if each.stored is not None and not each.problems]
        new = [each for each in batch if each.row is not None and not each.problems]
        changed = self._sort_out_known(known, counts)
        if self._record is None:
            await self._writer.look(new)
            await self._uniqueness.check([each for each in new if not each.problems], changed)
            counts.inserted += sum(not each.problems for each in new)
            counts.updated += sum(not each.problems for each in changed)
        else:
            changed += self._sort_out_known(await self._insert(new, counts), counts)
            await self._writer.update([each for each in changed if not each.is_deleted])
            await self._writer.restore([each for each in changed if each.is_deleted])
            counts.updated += sum(not each.problems for each in changed)
        failed = [each for each in batch if each.problems]
        counts.failed = len(failed)
        return _Outcome(counts, failed)

    def _sort_out_known(self, known: Sequence[Candidate], counts: Counts) -> list[Candidate]:
        """Count the rows whose document is there already; return those that change it."""
        changed: list[Candidate] = []
        for candidate in known:
            if candidate.problems:
                continue
            if self._is_ours(candidate, "created"):
                counts.inserted += 1
            elif candidate.is_deleted:
                changed.append(candidate)
            elif self._plan.options.mode is ImportMode.INSERT:
                candidate.problems["id" if not self._plan.key else self._plan.key[0].name] = (
                    "There is a stored record with this key already."
                )
            elif candidate.changes:
                changed.append(candidate)
            elif self._is_ours(candidate, "updated"):
                counts.updated += 1
            else:
                counts.unchanged += 1
        return changed

    def _is_ours(self, candidate: Candidate, what: str) -> bool:
        """Return whether an earlier start that was interrupted has made or changed the document of a row."""
        record, stored = self._record, candidate.stored
        if record is None or stored is None or candidate.changes or candidate.index > self._tried_before:
            return False
        since = record.started_at if what == "created" else record.saved_at
        at = stored.get(f"{what}_at")
        return (
            stored.get(f"{what}_by") == record.user_id
            and isinstance(at, datetime)
            and since is not None
            and at >= since
        )

    async def _insert(self, new: Sequence[Candidate], counts: Counts) -> list[Candidate]:
        """Insert rows; return those that turned out to be stored already."""
        taken = await self._writer.insert(new)
        if taken:
            await self._explain_taken(taken)
        again: list[Candidate] = []
        if self._plan.options.mode is ImportMode.UPSERT:
            keys = {field.name for field in self._plan.key}
            lost = [each for each in new if each.problems and each.problems.keys() <= keys]
            if lost:
                said = {each.number: each.problems for each in lost}
                # Somebody else has stored them since they were looked for.
                await self._preparer.match_again(lost)
                for each in lost:
                    if each.stored is None and not each.problems:
                        each.problems = said[each.number]
                again = [each for each in lost if each.stored is not None]
        counts.inserted += sum(not each.problems and each.stored is None for each in new)
        return again

    async def _explain_taken(self, candidates: Sequence[Candidate]) -> None:
        """Tell rows that were stored, now or by an earlier start, from those whose id somebody else has."""
        if self._plan.identity is not None and "id" not in {each.field.name for each in self._plan.mapping.columns}:
            return
        identities = [each.row["_id"] for each in candidates if each.row is not None]
        cursor = self._plan.collection.find({"_id": {"$in": identities}}, {"_id": 1, "created_by": 1})
        mine = {row["_id"] async for row in cursor if row["created_by"] == current_user().id}
        for candidate in candidates:
            given = candidate.values.get("id") is not None
            if given and candidate.row is not None and candidate.row["_id"] not in mine:
                candidate.problems["id"] = _AGAIN

    async def _settle(self) -> None:
        """Wait for the oldest batch and count it."""
        # Shielded: what is under way must not be torn by who gives up waiting.
        outcome = await asyncio.shield(self._pending[0])
        self._pending.popleft()
        self.counts.add(outcome.counts)
        for candidate in outcome.failed:
            texts = self._describe(candidate)
            if self._record is not None:
                self._unsaved.append(FailedRow(candidate.number, candidate.cells, texts))

    def _describe(self, candidate: Candidate) -> list[str]:
        texts: list[str] = []
        for field, message in candidate.problems.items():
            heading = self._plan.heading(field)
            cell = next(
                (candidate.cells[each.index] for each in self._plan.mapping.columns if each.heading == heading), ""
            )
            if len(self.failures) < self._most_failures:
                self.failures.append(CellFailure.of(candidate.number, heading or field, cell, message))
            texts.append(f"{heading or field}: {message}" if heading or field else message)
        return texts

    async def _checkpoint(self) -> None:
        read, share = self._reader.count, self._reader.share
        total = None if share <= 0 else max(read, round(read / min(share, 1)))
        failed, self._unsaved = self._unsaved, []
        await self._save(Progress(self.counts, total), failed)
        self._next_save = time.monotonic() + _SAVE_SECONDS

    async def _wind_up(self) -> None:
        """Let what is under way come to its end and keep note of it, as far as that is possible."""
        try:
            async with asyncio.timeout(3):
                while self._pending:
                    await self._settle()
                await self._checkpoint()
        except BaseException:  # noqa: BLE001 - the first error is the one that counts
            for task in self._pending:
                task.cancel()
            await asyncio.gather(*self._pending, return_exceptions=True)
