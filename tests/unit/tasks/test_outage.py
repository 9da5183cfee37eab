"""Waiting for a database that is away."""

import asyncio

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, ServerSelectionTimeoutError

from webos.kernel.errors import ConflictError, UnavailableError
from webos.tasks.outage import is_outage, persistently


def test_tells_what_passes_from_what_does_not() -> None:
    """Lost connections and parts that do not answer pass; conflicts and bugs do not."""
    assert all(is_outage(error) for error in (AutoReconnect(""), ServerSelectionTimeoutError(""), UnavailableError("")))
    assert not any(is_outage(error) for error in (DuplicateKeyError(""), ConflictError(""), ValueError("")))


async def test_repeats_until_it_succeeds() -> None:
    """The action is repeated while the database is away, and its result returned."""
    left = [AutoReconnect("1"), AutoReconnect("2")]

    async def action() -> str:
        if left:
            raise left.pop()
        return "written"

    assert await persistently(action, seconds=10) == "written"
    assert left == []


async def test_gives_up_in_the_end_and_at_once_on_other_errors() -> None:
    """The last error is raised after the time that was given; an error that does not pass is raised at once."""
    calls = 0

    async def away() -> None:
        nonlocal calls
        calls += 1
        msg = "away"
        raise AutoReconnect(msg)

    started = asyncio.get_running_loop().time()
    with pytest.raises(AutoReconnect):
        await persistently(away, seconds=0.25)
    assert asyncio.get_running_loop().time() - started < 2
    assert calls > 1

    async def wrong() -> None:
        nonlocal calls
        calls = 0
        msg = "twice"
        raise DuplicateKeyError(msg)

    with pytest.raises(DuplicateKeyError):
        await persistently(wrong, seconds=10)
    assert calls == 0
