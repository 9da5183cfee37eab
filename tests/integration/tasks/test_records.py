"""What can be seen of a task, by whom, and how it is ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from webos.data.connection import Connection
from webos.kernel.context import ANONYMOUS, Principal, acting_as
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError, NotSignedInError, PermissionDeniedError
from webos.tasks import BaseTask, TaskRecord, TaskState

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


class CountTheRows(BaseTask):
    """Reports often."""

    async def run(self, rows: int) -> int:
        """Go through `rows` rows."""
        last = 0
        async for row in self.progress(range(rows), message="Counting"):
            last = row
            # Long enough altogether to be written many times, if nothing held that back.
            await asyncio.sleep(0.0005)
        return last


class Stream(BaseTask):
    """Goes on where it was, over an asynchronous source of known length."""

    async def run(self) -> str:
        """Go through the second half."""

        async def source() -> AsyncIterator[str]:
            for letter in "cd":
                yield letter

        seen = ""
        async for letter in self.progress(source(), total=4, start=2):
            seen += letter
        # Text that no database takes as it is.
        await self.report(4, 2**70, "Writing\ud800\n")
        await self.report(4, 4)
        return seen


class Fail(BaseTask):
    """Fails in the way it is told."""

    async def run(self, how: str) -> Any:
        """Raise or return what `how` says."""
        if how == "known":
            msg = "internal"
            raise ConflictError(msg, user_message="The stock\nis locked")
        if how == "unknown":
            msg = "password=hunter2"
            raise ValueError(msg)
        if how == "exit":
            raise SystemExit(3)
        if how == "cancelled":
            task = asyncio.create_task(asyncio.sleep(60))
            task.cancel()
            await task
        return {"when": datetime.now(UTC)}


class Endless(BaseTask):
    """Runs until it is cancelled."""

    # No heartbeat comes to help: the change watcher has to see the wish.
    lease = 3600

    started: ClassVar[asyncio.Event]

    async def run(self) -> None:
        """Wait for ever."""
        self.started.set()
        await self.report(1, 4)
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def _clean() -> None:
    Endless.started = asyncio.Event()


async def test_progress_is_seen_live_and_written_a_few_times_a_second(
    start_app: Any, anna: Principal, bert: Principal
) -> None:
    """A task may report two thousand times: listeners see it move, the database is written to a few times."""
    app = await start_app()
    app.tasks.register("shop", CountTheRows)
    writes: list[str] = []
    app.changes.listen("webos_tasks", lambda change: writes.append(change.operation))
    seen: list[TaskRecord] = []
    others: list[TaskRecord] = []
    app.tasks.subscribe_changes(seen.append, user_id=anna.id)
    app.tasks.subscribe_changes(others.append, user_id=bert.id)
    with acting_as(anna, "a" * 32):
        started = asyncio.get_running_loop().time()
        record = await (await CountTheRows.kiq(2_000)).wait(30)
        seconds = asyncio.get_running_loop().time() - started
    assert (record.result, record.percent, record.done, record.total) == (1999, 100.0, 2_000, 2_000)
    assert (record.title, record.message, record.username) == ("Count the rows", "Counting", "anna")
    assert (record.name, record.module, record.trace_id) == ("shop.CountTheRows", "shop", "a" * 32)
    assert record.started_at is not None
    assert record.finished_at is not None
    assert record.created_at <= record.started_at <= record.finished_at
    assert writes.count("update") <= 4 + seconds * 6
    assert seen[-1].state is TaskState.DONE
    assert others == []


async def test_progress_goes_on_from_a_start(start_app: Any, anna: Principal) -> None:
    """Progress over an asynchronous source counts what was done before."""
    app = await start_app()
    app.tasks.register("shop", Stream)
    with acting_as(anna):
        record = await (await Stream.kiq()).wait(10)
    assert (record.result, record.done, record.total, record.message) == ("cd", 4, 4, "Writing?")


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("known", "The stock is locked"),
        ("unknown", "Something went wrong (ValueError)"),
        ("exit", "Something went wrong (RuntimeError)"),
        ("cancelled", "Something went wrong (CancelledError)"),
        ("result", "the result['when'] is a datetime"),
    ],
)
async def test_a_failed_task_says_why_and_tells_no_secret(
    start_app: Any, anna: Principal, how: str, error: str
) -> None:
    """Whatever a task raises or returns, it fails once, with one line that may be shown, and the worker goes on."""
    app = await start_app(slots=1)
    app.tasks.register("shop", Fail)
    app.tasks.register("shop", CountTheRows)
    with acting_as(anna):
        record = await (await Fail.kiq(how)).wait(10)
        assert (await (await CountTheRows.kiq(1)).wait(10)).state is TaskState.DONE
    assert (record.state, record.attempts) == (TaskState.FAILED, 1)
    assert record.error.startswith(error)
    assert "\n" not in record.error


async def test_arguments_must_be_json_and_fit(start_app: Any, anna: Principal) -> None:
    """What cannot travel or does not fit is refused when it is submitted, and nothing is queued."""
    app = await start_app(worker=False)
    app.tasks.register("shop", CountTheRows)
    with acting_as(anna):
        wrong: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
            ((object(),), {}),
            ((1,), {"more": 2}),
            ((), {}),
            ((), {"rows": {1: 2}}),
            ((float("nan"),), {}),
        ]
        for args, kwargs in wrong:
            with pytest.raises(InvalidInputError, match=r"shop\.CountTheRows"):
                await CountTheRows.kiq(*args, **kwargs)
        assert await app.tasks.list_for(anna.id) == []


async def test_only_who_is_signed_in_submits(start_app: Any, anna: Principal) -> None:
    """Neither nobody nor the anonymous visitor can submit a task."""
    app = await start_app(worker=False)
    app.tasks.register("shop", CountTheRows)
    with pytest.raises(NotSignedInError):
        await CountTheRows.kiq(1)
    with acting_as(ANONYMOUS), pytest.raises(NotSignedInError):
        await CountTheRows.kiq(1)
    with acting_as(anna):
        assert await app.tasks.list_for(anna.id) == []


async def test_tasks_of_others_do_not_exist(start_app: Any, anna: Principal, bert: Principal, root: Principal) -> None:
    """A task is seen, waited for and ended by its user and by who manages tasks, and by nobody else."""
    app = await start_app(worker=False)
    app.tasks.register("shop", CountTheRows)
    with acting_as(anna):
        handles = [await CountTheRows.kiq(rows) for rows in range(3)]
        listed = await app.tasks.list_for(anna.id, limit=2)
        assert [record.id for record in listed] == [handles[2].id, handles[1].id]
    with acting_as(bert):
        for forbidden in (handles[0].record, handles[0].wait, handles[0].cancel):
            with pytest.raises(NotFoundError):
                await forbidden()
        with pytest.raises(PermissionDeniedError):
            await app.tasks.list_for(anna.id)
    with acting_as(root):
        assert len(await app.tasks.list_for(anna.id)) == 3
        assert (await handles[0].cancel()).state is TaskState.CANCELLED
        with pytest.raises(NotFoundError):
            await app.tasks.get("unknown")


async def test_a_waiting_task_is_cancelled_at_once(start_app: Any, mongo: Connection, anna: Principal) -> None:
    """A task that has not started never does, and its message is gone."""
    app = await start_app(worker=False)
    app.tasks.register("shop", Endless)
    with acting_as(anna):
        handle = await Endless.kiq()
        assert (await handle.cancel()).state is TaskState.CANCELLED
        assert (await handle.wait(0)).finished_at is not None
        assert await mongo.raw["webos_task_queue"].count_documents({}) == 0


async def test_a_running_task_is_cancelled_from_anywhere(
    start_app: Any, mongo: Connection, anna: Principal, eventually: Eventually
) -> None:
    """The task's coroutine gets a cancellation, also if another process asked for it; what it had reported stays."""
    here = await start_app()
    elsewhere = await start_app(worker=False)
    for app in (here, elsewhere):
        app.tasks.register("shop", Endless)
    for canceller in (here, elsewhere):
        Endless.started.clear()
        with acting_as(anna):
            handle = await here.tasks.submit(Endless)
            await asyncio.wait_for(Endless.started.wait(), 10)
            await canceller.tasks.cancel(handle.id)
            record = await handle.wait(10)
        assert (record.state, record.done, record.error) == (TaskState.CANCELLED, 1, "")

    async def nothing_left() -> bool:
        return bool(await mongo.raw["webos_task_queue"].count_documents({}) == 0)

    await eventually(nothing_left)


async def test_cancelling_what_has_ended_changes_nothing(start_app: Any, anna: Principal) -> None:
    """Who cancels a moment too late gets the task as it ended."""
    app = await start_app()
    app.tasks.register("shop", CountTheRows)
    with acting_as(anna):
        handle = await CountTheRows.kiq(1)
        ended = await handle.wait(10)
        assert await handle.cancel() == ended


async def test_wait_keeps_its_deadline(start_app: Any, anna: Principal) -> None:
    """Waiting for a task that does not end raises after the time that was given."""
    app = await start_app(worker=False)
    app.tasks.register("shop", Endless)
    with acting_as(anna):
        handle = await Endless.kiq()
        with pytest.raises(TimeoutError):
            await handle.wait(0.05)
