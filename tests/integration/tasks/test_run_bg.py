"""`run_bg` with a background task: submitted to the queue from the background."""

from typing import Any

import pytest

from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import InvalidInputError
from webos.tasks import BaseTask, TaskState


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
            record = await (await job).wait(20)
            assert (record.state, record.result, record.user_id) == (TaskState.DONE, 8, anna.id)


async def test_wrong_arguments_fail_the_job(start_app: Any, anna: Principal) -> None:
    """A task that cannot be submitted fails its job, and the user is told where nobody waits."""
    app = await start_app()
    app.tasks.register("shop", Double)
    with acting_as(anna), pytest.raises(InvalidInputError):
        await app.tasks.jobs.run(Double, object())
