"""Who listens hears of every change, or that some were missed."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from webos.data.changes import Change, ChangeHub
from webos.data.connection import Connection
from webos.data.embedded import EmbeddedServer

_SECONDS = 30


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.changes: list[Change] = []

    def __call__(self, change: Change) -> None:
        """Keep the change."""
        self.changes.append(change)
        self.heard.append((change.operation, change.document_id))

    async def hears(self, operation: str, identity: Any = None) -> None:
        """Wait until it was told of an operation on a document."""
        deadline = time.monotonic() + _SECONDS
        while (operation, identity) not in self.heard:
            assert time.monotonic() < deadline, f"{operation} {identity} was not heard, but {self.heard}"
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def hub(mongo: Connection) -> AsyncIterator[ChangeHub]:
    """A hub that watches."""
    hub = ChangeHub(mongo.raw)
    await hub.start()
    yield hub
    await hub.stop()


async def test_every_change_reaches_every_listener_of_its_collection(hub: ChangeHub, mongo: Connection) -> None:
    """Inserts, updates with their fields, replacements, both kinds of deletion and restoring are told, in order."""
    first, second, other = Ear(), Ear(), Ear()
    for name, ear in (("a", first), ("a", second), ("b", other)):
        hub.listen(name, ear)
    a = mongo.raw["a"]
    await a.insert_one({"_id": 1, "n": 1, "deep": {"x": 1}})
    await a.update_one({"_id": 1}, {"$set": {"n": 2, "deep.x": 2}})
    await a.update_one({"_id": 1}, {"$unset": {"deep": ""}})
    await a.update_one({"_id": 1}, {"$set": {"deleted_at": 5}})
    await a.update_one({"_id": 1}, {"$set": {"deleted_at": None}})
    await a.replace_one({"_id": 1}, {"n": 3})
    await a.delete_one({"_id": 1})
    await mongo.raw["b"].insert_one({"_id": 2})
    await mongo.raw["c"].insert_one({"_id": 3})
    await asyncio.gather(first.hears("delete", 1), second.hears("replace", 1), other.hears("insert", 2))
    await second.hears("restore", 1)
    told = ["insert", "update", "update", "delete", "restore", "replace", "delete"]
    assert [operation for operation, _ in first.heard] == told
    assert [set(change.fields) for change in first.changes[1:4]] == [{"n", "deep"}, {"deep"}, {"deleted_at"}]
    assert other.heard == [("insert", 2)]
    assert {change.collection for change in first.changes + second.changes} == {"a"}


async def test_a_listener_that_fails_silences_nobody(hub: ChangeHub, mongo: Connection) -> None:
    """Others are told, the watch goes on, and a listener may stop listening or add one while it is told."""
    before, after, late = Ear(), Ear(), Ear()
    calls: list[str] = []

    def failing(change: Change) -> None:
        calls.append(change.operation)
        msg = "broken on purpose"
        raise RuntimeError(msg)

    def once(change: Change) -> None:
        del change
        stop()
        hub.listen("a", late)
        hub.listen("other", late)

    hub.listen("a", before)
    hub.listen("a", failing)
    stop = hub.listen("a", once)
    stop_after = hub.listen("a", after)
    await mongo.raw["a"].insert_one({"_id": 1})
    await after.hears("insert", 1)
    stop_after()
    stop_after()
    await mongo.raw["a"].insert_one({"_id": 2})
    await late.hears("insert", 2)
    assert before.heard == [("insert", 1), ("insert", 2)]
    assert after.heard == [("insert", 1)]
    assert calls == ["insert", "insert"]


async def test_stopping_leaves_nothing_running(mongo: Connection) -> None:
    """After `stop` there is no task, `stop` may come twice, and a second start tells of what was missed between."""
    hub, ear = ChangeHub(mongo.raw), Ear()
    hub.listen("a", ear)
    await hub.start()
    await hub.start()
    assert _watchers() == 1
    await hub.stop()
    await hub.stop()
    assert _watchers() == 0
    await mongo.raw["a"].insert_one({"_id": 1})
    await hub.start()
    await ear.hears("resync")
    await mongo.raw["a"].insert_one({"_id": 2})
    await ear.hears("insert", 2)
    assert ear.heard == [("resync", None), ("insert", 2)]
    await hub.stop()
    assert _watchers() == 0


def _watchers() -> int:
    return sum(task.get_name() == "change watcher" for task in asyncio.all_tasks())


@pytest_asyncio.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A server of the test's own, not started yet, that may be killed."""
    server = EmbeddedServer(tmp_path, durable=False)
    yield server
    await server.stop()


async def _kill(server: EmbeddedServer) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()


async def test_after_a_crash_of_the_server_listeners_are_told_and_hear_again(own_server: EmbeddedServer) -> None:
    """A killed server that comes back is watched again, also when it has lost its last changes, each time anew."""
    connection = Connection(await own_server.start(), "webos_test")
    hub, ear = ChangeHub(connection.raw), Ear()
    hub.listen("a", ear)

    def listen_more(change: Change) -> None:
        hub.listen(f"late {change.operation}", ear)

    hub.listen("b", listen_more)
    await hub.start()
    a = connection.raw["a"]
    for round_ in range(2):
        # So many at once that the server has not written all of them to disk when it dies.
        await asyncio.gather(*(a.insert_one({"_id": f"{round_} {number}"}) for number in range(300)))
        await ear.hears("insert", f"{round_} 299")
        await _kill(own_server)
        ear.heard.clear()
        await own_server.start()
        await ear.hears("resync")
        await a.insert_one({"_id": f"after {round_}"})
        await a.update_one({"_id": f"after {round_}"}, {"$set": {"n": 1}})
        await ear.hears("update", f"after {round_}")
    await hub.stop()
    await connection.close()


async def test_a_watch_that_begins_without_a_server_begins_when_there_is_one(own_server: EmbeddedServer) -> None:
    """`start` waits for the database; given up, it leaves no task; given time, it hears what comes after."""
    endpoint = await own_server.start()
    await own_server.stop()
    connection = Connection(endpoint, "webos_test")
    hub, ear = ChangeHub(connection.raw), Ear()
    hub.listen("a", ear)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hub.start(), 0.3)
    assert _watchers() == 0
    starting = asyncio.create_task(hub.start())
    assert (await own_server.start()).port == endpoint.port
    await asyncio.wait_for(starting, _SECONDS)
    await connection.raw["a"].insert_one({"_id": 1})
    await ear.hears("insert", 1)
    assert ear.heard == [("insert", 1)]
    await hub.stop()
    await connection.close()


async def test_a_fault_in_the_watcher_itself_does_not_end_it(
    hub: ChangeHub, mongo: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever an event does to the watcher, it starts over, and listeners are told that they may have missed some."""
    ear = Ear()
    hub.listen("a", ear)
    dispatch: Callable[[ChangeHub, dict[str, Any]], None] = ChangeHub._dispatch

    def once_broken(self: ChangeHub, event: dict[str, Any]) -> None:
        monkeypatch.setattr(ChangeHub, "_dispatch", dispatch)
        del self
        raise KeyError(event["operationType"])

    monkeypatch.setattr(ChangeHub, "_dispatch", once_broken)
    await mongo.raw["a"].insert_one({"_id": 1})
    await ear.hears("resync")
    await mongo.raw["a"].insert_one({"_id": 2})
    await ear.hears("insert", 2)
