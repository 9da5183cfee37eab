"""Writing progress a few times a second."""

import asyncio
from typing import Any

from pymongo.errors import AutoReconnect

from webos.tasks.progress import ProgressReporter


async def test_writes_the_first_at_once_and_the_last_in_the_end() -> None:
    """Of a thousand reports the first and the last are written; those between are not."""
    written: list[dict[str, Any]] = []
    first, last = asyncio.Event(), asyncio.Event()

    async def write(values: dict[str, Any]) -> None:
        written.append(values)
        first.set()
        if values["done"] == 1000:
            last.set()

    reporter = ProgressReporter(write)
    reporter.report(1, 1000, "Working")
    await first.wait()
    for done in range(2, 1001):
        reporter.report(done, 1000, None)
    await asyncio.wait_for(last.wait(), 5)
    assert written == [
        {"done": 1, "total": 1000, "percent": 0.1, "message": "Working"},
        {"done": 1000, "total": 1000, "percent": 100.0, "message": "Working"},
    ]
    await reporter.close()


async def test_a_database_that_is_away_does_not_fail_the_task() -> None:
    """What could not be written is not raised, and later news is written."""
    failing = True
    written = asyncio.Event()

    async def write(values: dict[str, Any]) -> None:
        if failing:
            msg = "away"
            raise AutoReconnect(msg)
        if values["done"] == 2:
            written.set()

    reporter = ProgressReporter(write)
    reporter.report(1, None, None)
    await asyncio.sleep(0)
    failing = False
    reporter.report(2, None, None)
    await asyncio.wait_for(written.wait(), 5)
    assert reporter.latest == {"done": 2, "total": None, "percent": None}
    await reporter.close()
