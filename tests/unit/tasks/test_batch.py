"""Doing together what many ask for at the same time."""

import asyncio

import pytest

from webos.tasks.batch import Batch


async def test_items_that_come_meanwhile_go_together_in_order() -> None:
    """The first item goes alone and at once, those behind it go together, and everyone gets his own result."""
    batches: list[list[int]] = []
    begun, gate = asyncio.Event(), asyncio.Event()

    async def handle(items: list[int]) -> list[str]:
        batches.append(items)
        begun.set()
        await gate.wait()
        return [str(item) for item in items]

    batch = Batch(handle, concerns_all=lambda error: isinstance(error, ConnectionError))
    adds = [asyncio.create_task(batch.add(1))]
    await begun.wait()
    adds += [asyncio.create_task(batch.add(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*adds) == ["1", "2", "3", "4"]
    assert batches == [[1], [2, 3, 4]]
    assert await batch.add(5) == "5"


async def test_an_error_reaches_everyone_in_the_batch_and_nobody_behind_it() -> None:
    """A batch that fails fails for its items; one who gave up waiting disturbs nobody."""
    fail = True
    gate = asyncio.Event()

    async def handle(items: list[int]) -> list[int]:
        await gate.wait()
        if fail:
            msg = "away"
            raise ConnectionError(msg)
        return items

    batch = Batch(handle, concerns_all=lambda error: isinstance(error, ConnectionError))
    first = asyncio.create_task(batch.add(1))
    impatient = asyncio.create_task(batch.add(2))
    await asyncio.sleep(0)
    impatient.cancel()
    gate.set()
    with pytest.raises(ConnectionError):
        await first
    await asyncio.gather(impatient, return_exceptions=True)
    fail = False
    assert await batch.add(3) == 3


async def test_an_item_that_cannot_be_handled_harms_no_other() -> None:
    """After an error that does not concern all, each item is tried alone, and only the culprit gets the error."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def handle(items: list[int]) -> list[int]:
        begun.set()
        await gate.wait()
        return [10 // item for item in items]

    batch = Batch(handle, concerns_all=lambda error: isinstance(error, ConnectionError))
    adds = [asyncio.create_task(batch.add(5))]
    await begun.wait()
    adds += [asyncio.create_task(batch.add(number)) for number in (2, 0, 1)]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(*adds, return_exceptions=True)
    assert [results[0], results[1], results[3]] == [2, 5, 10]
    assert isinstance(results[2], ZeroDivisionError)
