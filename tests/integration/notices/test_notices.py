"""The notification centre on a real database, with two processes' worth of services."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import pytest_asyncio

from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.notices import NoticeService
from webos.data.notices.store import MOST_KEPT
from webos.kernel.context import ANONYMOUS, SYSTEM
from webos.kernel.messenger import Notification, Severity


def told(user_id: UUID, message: str = "Done") -> Notification:
    return Notification(user_id, Severity.SUCCESS, message)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what it waits for is in the database
            await asyncio.sleep(0.01)


class News:
    """What a process hears."""

    def __init__(self, service: NoticeService) -> None:
        self.heard: list[tuple[UUID | None, str | None]] = []
        service.subscribe(lambda user_id, identity: self.heard.append((user_id, identity)))


@pytest_asyncio.fixture
async def processes(mongo: Connection) -> AsyncIterator[list[NoticeService]]:
    """Yield two services on one database, each with a watcher of its own."""
    hubs = [ChangeHub(mongo.raw), ChangeHub(mongo.raw)]
    services = [NoticeService(mongo.raw, hub, days=30) for hub in hubs]
    for hub, service in zip(hubs, services, strict=True):
        await hub.start()
        await service.start()
    yield services
    for hub, service in zip(hubs, services, strict=True):
        await service.stop()
        await hub.stop()


async def test_another_process_hears_of_it_and_finds_it(processes: list[NoticeService]) -> None:
    """What one process posts is stored, counted as unread, and named to the other process with its user."""
    here, there = processes
    news = News(there)
    anna = uuid4()
    here.post(told(anna, "The import is done"))
    await until(lambda: bool(news.heard))
    user_id, identity = news.heard[0]
    assert user_id == anna
    assert identity is not None
    assert here.is_own(identity)
    assert not there.is_own(identity)
    assert [notice.message for notice in await there.store.get_many([identity])] == ["The import is done"]
    assert await there.store.unread(anna) == 1


async def test_each_user_has_his_own(processes: list[NoticeService]) -> None:
    """Reading and clearing touches the notices of that user only, even where another's id is named."""
    here, there = processes
    news = News(there)
    anna, bert = uuid4(), uuid4()
    here.post(told(anna))
    here.post(told(bert))
    await until(lambda: len(news.heard) == 2)
    foreign = (await here.store.newest(bert))[0].id
    await here.store.mark_read(anna, foreign)
    assert await here.store.unread(bert) == 1
    await here.store.mark_read(anna)
    assert (await here.store.unread(anna), await here.store.unread(bert)) == (0, 1)
    await here.store.clear(anna)
    assert await here.store.newest(anna) == []
    assert len(await here.store.newest(bert)) == 1


async def test_nobody_is_nobody(processes: list[NoticeService]) -> None:
    """What the system or a visitor is told is not kept."""
    here, there = processes
    news = News(there)
    anna = uuid4()
    here.post(told(SYSTEM.id))
    here.post(told(ANONYMOUS.id))
    here.post(told(anna))
    await until(lambda: bool(news.heard))
    assert [user_id for user_id, _ in news.heard] == [anna]
    assert await here.store.newest(SYSTEM.id) == []


async def test_only_the_newest_are_kept(processes: list[NoticeService]) -> None:
    """A flood of notifications leaves the newest of its user, and the teller does not wait."""
    here = processes[0]
    anna = uuid4()
    for number in range(MOST_KEPT + 30):
        here.post(told(anna, str(number)))
    await here.stop()
    kept = await here.store.newest(anna, 1000)
    assert len(kept) == MOST_KEPT
    assert {notice.message for notice in kept} == {str(number) for number in range(30, MOST_KEPT + 30)}


async def test_several_processes_say_the_same_once(processes: list[NoticeService]) -> None:
    """Notices with the same key are one, whoever is first."""
    here, there = processes
    anna = uuid4()
    for service in processes:
        service.post(told(anna, "Done: Import"), key="task-1")
        service.post(told(anna, "Something else"))
    await here.stop()
    await there.stop()
    assert sorted(notice.message for notice in await here.store.newest(anna)) == [
        "Done: Import",
        "Something else",
        "Something else",
    ]


async def test_what_waits_at_the_stop_is_stored(processes: list[NoticeService]) -> None:
    """A notification that was posted just before the stop is there after it."""
    here = processes[0]
    anna = uuid4()
    here.post(told(anna))
    await here.stop()
    assert await here.store.unread(anna) == 1
