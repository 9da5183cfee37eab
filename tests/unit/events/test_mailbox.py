"""The bounded queue of one subscriber."""

import asyncio

import pytest

from webos.events.mailbox import Mailbox


async def taken(mailbox: Mailbox[int]) -> int:
    await mailbox.arrival()
    item = mailbox.items[0]
    mailbox.items.popleft()
    mailbox.let_in()
    return item


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_waits_while_full_and_lets_in_in_order() -> None:
    """Who waited longest comes in first, also before one who comes when there is room again."""
    mailbox: Mailbox[int] = Mailbox(1)
    await mailbox.put(1)
    puts = [asyncio.create_task(mailbox.put(number)) for number in (2, 3)]
    await settle()
    assert not any(put.done() for put in puts)
    assert await taken(mailbox) == 1
    assert not mailbox.put_now(4)
    assert [await taken(mailbox), await taken(mailbox)] == [2, 3]
    await asyncio.gather(*puts)
    assert mailbox.put_now(4)


async def test_cancelled_put_leaves_nothing_behind() -> None:
    """Who gives up waiting does not put, and does not keep others out."""
    mailbox: Mailbox[int] = Mailbox(1)
    await mailbox.put(1)
    first, second = asyncio.create_task(mailbox.put(2)), asyncio.create_task(mailbox.put(3))
    await settle()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await taken(mailbox) == 1
    assert await taken(mailbox) == 3
    await second
    assert len(mailbox) == 0


async def test_close_wakes_who_waits() -> None:
    """A put that waits for a mailbox that closes gets the error instead of waiting for ever."""
    mailbox: Mailbox[int] = Mailbox(1)
    await mailbox.put(1)
    put = asyncio.create_task(mailbox.put(2))
    await settle()
    mailbox.close(RuntimeError("closed"))
    with pytest.raises(RuntimeError, match="closed"):
        await put
    assert len(mailbox) == 0


async def test_a_circle_of_full_mailboxes_lets_one_in() -> None:
    """Of handlers that put into each other's full mailboxes, the one that closes the circle does not wait."""
    ring: list[Mailbox[int]] = [Mailbox(1) for _ in range(3)]
    for mailbox in ring:
        await mailbox.put(0)

    async def handler(number: int) -> None:
        ring[number].serve()
        await ring[(number + 1) % 3].put(1)

    handlers = [asyncio.create_task(handler(number)) for number in range(3)]
    await settle()
    assert [each.done() for each in handlers] == [False, False, True]
    assert [await taken(ring[0]), await taken(ring[0])] == [0, 1]
    assert [await taken(mailbox) for mailbox in ring[1:]] == [0, 0]
    await asyncio.gather(*handlers)
