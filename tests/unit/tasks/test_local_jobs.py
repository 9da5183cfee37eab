"""Functions in the background: tracked, bounded, as their user, and ended with the process."""

import asyncio
import threading
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from webos.kernel.context import Principal, acting_as, current_trace_id, current_user
from webos.kernel.errors import ConflictError, NotFoundError, UnavailableError
from webos.kernel.messenger import Messenger, Notification, Severity
from webos.tasks import JobState, LocalJobs

ANNA = Principal(uuid4(), "anna")
BERT = Principal(uuid4(), "bert")
ROOT = Principal(uuid4(), "root", is_superuser=True)


class Told(list[Notification]):
    """What users were told."""


@pytest.fixture
def told() -> Told:
    return Told()


@pytest_asyncio.fixture
async def jobs(told: Told) -> AsyncIterator[LocalJobs]:
    messenger = Messenger()
    messenger.attach(told.append)
    jobs = LocalJobs(messenger, slots=2, waiting=3, manage="admin.tasks")
    jobs.open()
    yield jobs
    await jobs.stop(0.1)


async def who(*names: str, sign: str = "") -> str:
    await asyncio.sleep(0)
    return f"{current_user().username} {current_trace_id()} {' '.join(names)}{sign}"


async def test_an_async_function_runs_as_its_user(jobs: LocalJobs) -> None:
    """A job has the user and the trace of where it was started, whatever happens there afterwards."""
    with acting_as(ANNA, "d" * 32):
        job = jobs.run(who, "a", "b", sign="!", owner="shop")
    assert await job == f"anna {'d' * 32} a b!"
    assert (job.state, job.name, job.module, job.username) == (JobState.DONE, "who", "shop", "anna")
    assert job.started_at is not None
    assert job.finished_at is not None


async def test_a_plain_function_runs_in_a_thread(jobs: LocalJobs) -> None:
    """A function that is not async does not hold up the event loop, and knows its user."""

    def work() -> tuple[str, bool]:
        return current_user().username, threading.current_thread() is threading.main_thread()

    with acting_as(ANNA):
        assert await jobs.run(work) == ("anna", False)
        assert await jobs.run(lambda: who("x")) == f"anna {current_trace_id()} x"


async def test_a_failure_is_kept_and_told(jobs: LocalJobs, told: Told) -> None:
    """What a job raises is in the list, in the log and in a toast to its user; internals are not shown."""
    gate = asyncio.Event()

    async def rebuild_index(error: Exception) -> None:
        await gate.wait()
        raise error

    with acting_as(ANNA):
        failed = [
            jobs.run(rebuild_index, error) for error in (ConflictError("the index is locked"), KeyError("secret"))
        ]
    gate.set()
    await jobs.stop(10)
    assert [(each.user_id, each.severity, each.message) for each in told] == [
        (ANNA.id, Severity.ERROR, "rebuild index failed: the index is locked"),
        (ANNA.id, Severity.ERROR, "rebuild index failed: Something went wrong (KeyError)"),
    ]
    assert [job.error for job in failed] == ["the index is locked", "Something went wrong (KeyError)"]


async def test_who_awaits_a_job_gets_its_error(jobs: LocalJobs, told: Told) -> None:
    """An error is raised where the job is awaited, and then told there and not in a toast."""

    async def fail() -> None:
        await asyncio.sleep(0)
        msg = "no"
        raise ConflictError(msg)

    with acting_as(ANNA), pytest.raises(ConflictError):
        await jobs.run(fail)
    assert told == []


async def test_jobs_are_bounded(jobs: LocalJobs) -> None:
    """Two run at a time, three wait, and the next is refused; those that wait run in their order."""
    gate, order = asyncio.Event(), list[int]()

    async def work(number: int) -> None:
        order.append(number)
        await gate.wait()

    with acting_as(ANNA):
        started = [jobs.run(work, number) for number in range(5)]
        with pytest.raises(UnavailableError):
            jobs.run(work, 5)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [job.state for job in started] == [JobState.RUNNING] * 2 + [JobState.WAITING] * 3
        gate.set()
        await asyncio.gather(*started)
    assert order == [0, 1, 2, 3, 4]


async def test_everyone_sees_his_own_jobs(jobs: LocalJobs) -> None:
    """A user sees and ends his own jobs only; who manages tasks all of them."""
    gate = asyncio.Event()
    with acting_as(ANNA):
        first = jobs.run(gate.wait)
    with acting_as(BERT):
        second = jobs.run(gate.wait)
        assert jobs.list() == [second]
        with pytest.raises(NotFoundError):
            jobs.cancel(first.id)
    with acting_as(ROOT):
        assert jobs.list() == [second, first]
        jobs.cancel(first.id)
        with pytest.raises(asyncio.CancelledError):
            await first
    assert first.state is JobState.CANCELLED
    gate.set()
    await second


async def test_stop_waits_and_then_cancels(jobs: LocalJobs) -> None:
    """A stop lets jobs end within its grace, cancels the others, also those that only waited, and accepts no more."""
    gate, forever = asyncio.Event(), asyncio.Event()
    with acting_as(ANNA):
        quick, slow, waiting = jobs.run(gate.wait), jobs.run(forever.wait), jobs.run(forever.wait)
        asyncio.get_running_loop().call_later(0.02, gate.set)
        await jobs.stop(0.2)
        assert (quick.state, slow.state, waiting.state) == (JobState.DONE, JobState.CANCELLED, JobState.CANCELLED)
        with pytest.raises(UnavailableError):
            jobs.run(who)


async def test_a_job_may_be_started_from_a_thread(jobs: LocalJobs) -> None:
    """A plain function in a thread starts an async job on the event loop, with its own context."""
    with acting_as(ANNA, "e" * 32):
        job = await asyncio.to_thread(jobs.run, who, "x")
    assert await job == f"anna {'e' * 32} x"


async def test_the_list_is_bounded(jobs: LocalJobs) -> None:
    """Of what has ended, the last few hundred jobs are remembered."""

    async def nothing() -> None: ...

    with acting_as(ANNA):
        for _ in range(1000):
            await jobs.run(nothing)
        assert 200 <= len(jobs.list()) <= 400


async def test_a_job_cannot_end_the_process(jobs: LocalJobs) -> None:
    """A job that calls `sys.exit` fails like any other."""

    async def leave() -> None:
        raise SystemExit(3)

    with acting_as(ANNA):
        job = jobs.run(leave)
    await jobs.stop(10)
    assert (job.state, job.error) == (JobState.FAILED, "Something went wrong (SystemExit)")
