"""Chains: one task after the other, as one; named where they fail, resumed from there, and not repeated after a crash."""

import asyncio
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from webos.data.endpoint import Endpoint
from webos.kernel.context import Principal, acting_as, current_trace_id, current_user
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError
from webos.tasks import BaseTask, TaskRecord, TaskState


class Log:
    """What the tasks of this file have seen and wait for."""

    lines: ClassVar[list[tuple[Any, ...]]] = []
    broken: ClassVar[set[str]] = set()
    waiting: ClassVar[asyncio.Event]
    gate: ClassVar[asyncio.Event]


class Read(BaseTask):
    """Returns numbers, with progress."""

    async def run(self, count: int) -> list[int]:
        """Return so many numbers."""
        Log.lines.append(("read", current_user().username, current_trace_id()))
        await self.report(count, count, "Reading")
        return list(range(count))


class Total(BaseTask):
    """Adds up."""

    title = "Add up"

    async def run(self, numbers: list[int], *, factor: int = 1) -> int:
        """Return the sum, multiplied."""
        Log.lines.append(("total", current_user().username, current_trace_id()))
        Log.waiting.set()
        await Log.gate.wait()
        if "total" in Log.broken:
            msg = "the books are closed"
            raise ConflictError(msg)
        await self.report(1, 2)
        return sum(numbers) * factor


class Tell(BaseTask):
    """Takes nothing from the step before it."""

    async def run(self) -> str:
        """Return a text."""
        Log.lines.append(("tell", current_user().username, current_trace_id()))
        return "told"


@pytest.fixture(autouse=True)
def _clean() -> None:
    Log.lines.clear()
    Log.broken.clear()
    Log.waiting, Log.gate = asyncio.Event(), asyncio.Event()
    Log.gate.set()


async def start(start_app: Any, **options: Any) -> Any:
    app = await start_app(**options)
    for task in (Read, Total, Tell):
        app.tasks.register("shop", task)
    return app


async def test_results_and_context_go_from_step_to_step(start_app: Any, anna: Principal) -> None:
    """Each step gets what the former returned, as the same user under the same trace; to who looks they are one task."""
    app = await start(start_app)
    seen: list[TaskRecord] = []
    app.tasks.subscribe_changes(seen.append)
    with acting_as(anna, "c" * 32):
        chain = await Read.kiq(5).call(Total, factor=2).call(Tell)
        record = await chain.wait(20)
        assert [each.id for each in await app.tasks.list_for(anna.id)] == [chain.id]
    assert (record.state, record.result, record.percent) == (TaskState.DONE, "told", 100.0)
    assert record.title == "Read → Add up → Tell"
    assert [step.title for step in record.steps] == ["Read", "Add up", "Tell"]
    assert Log.lines == [(name, "anna", "c" * 32) for name in ("read", "total", "tell")]
    assert record.steps[1].args == [[0, 1, 2, 3, 4]]
    percents = [each.percent for each in seen if each.percent is not None]
    assert percents == sorted(percents)
    # A record that has ended may be told more than once, and never before its last step has.
    done = [each for each in seen if each.state is TaskState.DONE]
    assert seen[len(seen) - len(done) :] == done
    assert all(each.result == "told" for each in done)


async def test_progress_is_that_of_the_whole(start_app: Any, anna: Principal) -> None:
    """While the second of three steps runs, a third is done; after half of it, half of all."""
    app = await start(start_app)
    Log.gate.clear()
    with acting_as(anna):
        chain = await Read.kiq(3).call(Total).call(Tell)
        await asyncio.wait_for(Log.waiting.wait(), 10)
        record = await chain.record()
        assert (record.percent, record.step, record.message) == (33.3, 1, "Add up")
        percents: list[float | None] = []
        app.tasks.subscribe_changes(lambda record: percents.append(record.percent))
        Log.gate.set()
        await chain.wait(20)
    assert 66.7 in percents or 50.0 in percents


async def test_the_failing_step_is_named_and_resumed(start_app: Any, anna: Principal, bert: Principal) -> None:
    """A chain that failed says at which step; resumed, it goes on there with what the former steps have returned."""
    await start(start_app)
    Log.broken.add("total")
    with acting_as(anna):
        chain = await Read.kiq(4).call(Total).call(Tell)
        record = await chain.wait(20)
        assert (record.state, record.error) == (TaskState.FAILED, "Add up: the books are closed")
        assert record.failed_step is not None
        assert record.failed_step.name == "shop.Total"
    with acting_as(bert), pytest.raises(NotFoundError):
        await chain.resume()
    Log.broken.clear()
    with acting_as(anna):
        assert (await chain.resume()).error == ""
        record = await chain.wait(20)
        assert (record.state, record.result, record.failed_step) == (TaskState.DONE, "told", None)
        with pytest.raises(ConflictError):
            await chain.resume()
    assert [line[0] for line in Log.lines] == ["read", "total", "total", "tell"]


async def test_a_single_task_is_started_once_more(start_app: Any, anna: Principal) -> None:
    """A task that is no chain can be resumed after a failure, with the arguments it had."""
    await start(start_app)
    Log.broken.add("total")
    with acting_as(anna):
        task = await Total.kiq([1, 2], factor=3)
        assert (await task.wait(20)).state is TaskState.FAILED
        Log.broken.clear()
        await task.resume()
        record = await task.wait(20)
    assert (record.state, record.result) == (TaskState.DONE, 9)


async def test_cancelling_ends_the_whole_chain(start_app: Any, anna: Principal) -> None:
    """A chain that is cancelled in a step runs no further one, and can be resumed from that step."""
    await start(start_app)
    Log.gate.clear()
    with acting_as(anna):
        chain = await Read.kiq(3).call(Total).call(Tell)
        await asyncio.wait_for(Log.waiting.wait(), 10)
        await chain.cancel()
        record = await chain.wait(20)
        assert (record.state, record.step) == (TaskState.CANCELLED, 1)
        Log.gate.set()
        await chain.resume()
        assert (await chain.wait(20)).state is TaskState.DONE
    assert [line[0] for line in Log.lines] == ["read", "total", "total", "tell"]


async def test_a_chain_between_two_steps_is_cancelled_at_once(start_app: Any, anna: Principal) -> None:
    """While no worker has it, a chain is taken out of the queue."""
    app = await start(start_app, worker=False)
    with acting_as(anna):
        chain = await Read.kiq(3).call(Total)
        assert (await chain.cancel()).state is TaskState.CANCELLED
        assert await app.connection.raw["webos_task_queue"].count_documents({}) == 0
        await app.tasks.run_worker()
        await chain.resume()
        assert (await chain.wait(20)).result == 3


async def test_many_chains_over_two_workers(start_app: Any, anna: Principal) -> None:
    """Thirty chains on two workers each run every step once."""
    await start(start_app, slots=5)
    other = await start_app(slots=5, worker=False)
    for task in (Read, Total, Tell):
        other.tasks._registry.add("shop", task, other.tasks)
    await other.tasks.run_worker()
    with acting_as(anna):
        chains = [await Read.kiq(number).call(Total).call(Tell) for number in range(30)]
        records = [await chain.wait(30) for chain in chains]
    assert {record.state for record in records} == {TaskState.DONE}
    assert sorted(line[0] for line in Log.lines) == ["read"] * 30 + ["tell"] * 30 + ["total"] * 30


async def test_a_chain_that_cannot_work_is_refused(start_app: Any, anna: Principal) -> None:
    """Arguments that do not fit a later step are refused when the chain is submitted, and nothing is."""
    app = await start(start_app)
    with acting_as(anna):
        with pytest.raises(InvalidInputError, match=r"shop\.Tell: too many positional arguments"):
            await Read.kiq(1).call(Tell, 1, 2)
        with pytest.raises(InvalidInputError, match=r"shop\.Total: .*'factors'"):
            await Read.kiq(1).call(Total, factors=2)
        assert await app.tasks.list_for(anna.id) == []


def test_a_submission_that_is_not_awaited_warns() -> None:
    """Whoever forgets the `await` is told that nothing was submitted."""
    submission = Read.kiq(1).call(Total)
    with pytest.warns(RuntimeWarning, match=r"Read\.kiq\(\.\.\.\) was not awaited: nothing was submitted"):
        del submission


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_kill_between_steps(
    start_app: Any,
    mongo_endpoint: Endpoint,
    anna: Principal,
    tmp_path: Path,
    moment: str,
) -> None:
    """A worker killed around the end of a step: once that is stored, the step never runs again; before, it does."""
    app = await start_app(worker=False)
    app.tasks.register("shop", First)
    app.tasks.register("shop", Second)
    log, endpoint = tmp_path / "steps.log", tmp_path / "endpoint.json"
    if mongo_endpoint.url is None:
        mongo_endpoint.write(endpoint)
    script = str(Path(__file__).with_name("worker_process.py"))

    async def worker(mode: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, script, app.connection.raw.name, str(anna.id), str(endpoint), mode
        )

    with acting_as(anna):
        chain = await First.kiq(str(log)).call(Second, str(log))
        process = await worker(f"exit-{moment}-passing")
        assert await process.wait() == 9
        assert log.read_text().split() == ["first"]
        process = await worker("run")
        try:
            record = await chain.wait(30)
        finally:
            process.kill()
            await process.wait()
    assert (record.state, record.result) == (TaskState.DONE, 42)
    again = ["first"] if moment == "before" else []
    assert log.read_text().split() == ["first", *again, "second"]


class First(BaseTask):
    """Stands for the task of the worker process, to be submitted here."""

    lease = 2

    async def run(self, path: str) -> int:
        """Run there."""
        raise NotImplementedError


class Second(BaseTask):
    """Stands for the task of the worker process, to be submitted here."""

    lease = 2

    async def run(self, number: int, path: str) -> int:
        """Run there."""
        raise NotImplementedError
