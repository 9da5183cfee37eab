"""`run_bg` with a background task: submitted to the queue from the background."""

from typing import Any

import pytest

from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import InvalidInputError
from webos.sdk import LocalJob, TaskHandle
from webos.tasks import BaseTask, TaskState
from webos.tasks.outage import TryLaterError


class Double(BaseTask):
    """Returns twice its argument."""

    async def run(self, number: int) -> int:
        """Return it."""
        return 2 * number


async def test_a_task_class_is_submitted(start_app: Any, anna: Principal) -> None:
    """A task class, or a chain, given to `run_bg` is queued; the job gives the handle."""
    app = await start_app()
    app.tasks.register("shop", Double)
    with acting_as(anna):
        for job in (app.tasks.jobs.run(Double, 4), app.tasks.jobs.run(Double.kiq(2).call(Double))):
            assert isinstance(job, LocalJob)
            handle = await job
            assert isinstance(handle, TaskHandle)
            record = await handle.wait(20)
            assert (record.state, record.result, record.user_id) == (TaskState.DONE, 8, anna.id)


async def test_wrong_arguments_fail_the_job(start_app: Any, anna: Principal) -> None:
    """A task that cannot be submitted fails its job, and the user is told where nobody waits."""
    app = await start_app()
    app.tasks.register("shop", Double)
    with acting_as(anna), pytest.raises(InvalidInputError):
        await app.tasks.jobs.run(Double, object())


class Impatient(BaseTask):
    """Wants to be started again at its first start."""

    async def run(self) -> int:
        """Return which start it is."""
        if self.attempt == 1:
            msg = "not yet"
            raise TryLaterError(msg, delay=0.01)
        return self.attempt


async def test_a_task_may_ask_to_be_started_later(start_app: Any, anna: Principal) -> None:
    """A task that says when it is to be started again is started then."""
    app = await start_app()
    app.tasks.register("shop", Impatient)
    with acting_as(anna):
        assert (await (await Impatient.kiq()).wait(20)).result == 2
