"""Trying migrations out: what they would change, in a transaction that is rolled back."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from webos.data.migrations.context import MigrationContext
from webos.data.migrations.errors import BatchesNeeded
from webos.data.migrations.log import MigrationLog
from webos.data.migrations.plan import Plan, Step
from webos.data.migrations.run import MigrationRun
from webos.kernel.context import SYSTEM, acting_as
from webos.kernel.reason import describe_error

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["Trial", "try_plan"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a step would do.

    Attributes:
        step: The step.
        documents: How many documents it would change, by collection.
        batches: Whether it runs in batches, so that the documents were only counted.
        failure: Why it would fail; empty if it would not.
    """

    step: Step
    documents: Mapping[str, int] = field(default_factory=dict)
    batches: bool = False
    failure: str = ""


async def try_plan(plan: Plan, database: "AsyncDatabase[dict[str, Any]]", log: MigrationLog) -> list[Trial]:
    """Run the steps of a plan, each on what those before it leave, and roll all back.

    Args:
        plan: The plan.
        database: The driver's database, which takes and gives all kinds of values.
        log: The log; it is not written.
    """
    trials: list[Trial] = []
    async with database.client.start_session() as session:
        for step in plan.steps:
            run = MigrationRun(plan.module, step.file, step.direction, database, log, None, whole=True)
            if not session.in_transaction:
                await run.begin(session)
            run.session = session
            trials.append(await _try(step, run))
            if trials[-1].failure:
                break
        if session.in_transaction:
            await session.abort_transaction()
    return trials


async def _try(step: Step, run: MigrationRun) -> Trial:
    try:
        with acting_as(SYSTEM):
            code = await asyncio.to_thread(step.file.load)
            function = step.function(code)
            run.whole = code.transaction
            try:
                await function(MigrationContext(run))
            except BatchesNeeded:
                run.whole = False
                await function(MigrationContext(run))
    except Exception as error:  # noqa: BLE001 - whatever a migration raises is what the trial is to show
        return Trial(step, run.counts, not run.whole, describe_error(error))
    return Trial(step, run.counts, not run.whole)
