"""Runs sagas and ends their process at every checkpoint in turn. Run as a script: DATABASE ENDPOINT_FILE.

For each checkpoint there is a process that ends there, one that ends somewhere in the recovery from that, and one that
recovers to the end. What is left of each saga is printed as a line of JSON.
"""

import asyncio
import functools
import json
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.events import EventBus, ModuleBus
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.tasks import Saga, SagaRecord, step
from webos.tasks.saga.base import SagaWiring
from webos.tasks.saga.engine import SagaEngine
from webos.tasks.saga.step import steps_of
from webos.tasks.saga.store import SagaStore

CRASHED = 9


class Fuse:
    """Ends the process at a checkpoint.

    Args:
        left: How many checkpoints are passed before; None for all.
    """

    def __init__(self, left: int | None) -> None:
        self._left = left

    def checkpoint(self) -> None:
        """Pass, or end the process."""
        if self._left == 0:
            os._exit(CRASHED)
        if self._left is not None:
            self._left -= 1


class FusedStore(SagaStore):
    """A store with a checkpoint before and after every write."""

    def __init__(self, collection: Any, fuse: Fuse) -> None:
        super().__init__(collection)
        self._fuse = fuse

    async def claim(self, saga_id: str) -> SagaRecord | None:
        """Claim."""
        self._fuse.checkpoint()
        record = await super().claim(saga_id)
        self._fuse.checkpoint()
        return record

    async def _write(self, *args: Any) -> SagaRecord:
        self._fuse.checkpoint()
        record = await super()._write(*args)
        self._fuse.checkpoint()
        return record


class Trip(Saga):
    """Books a flight and a hotel, and pays, which fails where the data says so."""

    effects: Any
    fuse: Fuse

    async def _effect(self, name: str) -> None:
        self.fuse.checkpoint()
        await self.effects.update_one({"_id": f"{self.key}:{name}"}, {"$inc": {"runs": 1}}, upsert=True)
        self.fuse.checkpoint()

    @step(compensate="cancel_flight")
    async def flight(self, data: dict[str, Any]) -> dict[str, Any]:
        """Book a flight."""
        await self._effect("done")
        return {"flight": len(data)}

    async def cancel_flight(self, data: dict[str, Any]) -> None:
        """Cancel the flight."""
        assert "fails" in data
        await self._effect("undone")

    @step(compensate="cancel_hotel")
    async def hotel(self, data: dict[str, Any]) -> dict[str, Any]:
        """Book a hotel."""
        assert data["flight"] == 1
        await self._effect("done")
        return {"hotel": True}

    async def cancel_hotel(self, data: dict[str, Any]) -> None:
        """Cancel the hotel."""
        assert "flight" in data
        await self._effect("undone")

    @step()
    async def pay(self, data: dict[str, Any]) -> None:
        """Pay."""
        if data["fails"]:
            msg = "no money"
            raise ValueError(msg)
        await self._effect("done")


def in_process(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Run `work` in a process of its own and return its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            asyncio.run(work())
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Matrix:
    """All crashes of one kind of saga.

    Args:
        endpoint: The database server.
        database: Name of the database.
        fails: Whether the sagas fail at their last step.
    """

    def __init__(self, endpoint: Endpoint, database: str, *, fails: bool) -> None:
        self._endpoint = endpoint
        self._database = database
        self._fails = fails

    def crash_everywhere(self) -> None:
        """Crash a saga at each of its checkpoints, and once more in the recovery."""
        number = 0
        while True:
            saga_id = f"{'bad' if self._fails else 'good'}-{number}"
            code = in_process(functools.partial(self._begin, saga_id, number))
            assert code in {0, CRASHED}
            if code == CRASHED:
                # Each recovery is cut short somewhere else.
                again = in_process(functools.partial(self._run, saga_id, number % 7))
                assert again in {0, CRASHED}
            assert in_process(functools.partial(self._end, saga_id)) == 0
            if code == 0:
                return
            number += 1

    async def _begin(self, saga_id: str, crash_at: int) -> None:
        connection = await Connection.open(self._endpoint, self._database)
        values = {
            "name": "travel.Trip",
            "title": "Trip",
            "module": "travel",
            "user_id": UUID(int=1),
            "username": "anna",
            "trace_id": "",
            "task_id": saga_id,
        }
        store = SagaStore(connection.raw["webos_sagas"])
        async with connection.client.start_session() as session, await session.start_transaction():
            await store.add(saga_id, values, {"fails": self._fails}, session)
        await connection.close()
        await self._run(saga_id, crash_at)

    async def _run(self, saga_id: str, crash_at: int | None) -> None:
        """Run a saga as a worker does, and end the process at a checkpoint."""
        connection = await Connection.open(self._endpoint, self._database)
        fuse = Fuse(crash_at)
        Trip.effects, Trip.fuse = connection.raw["effects"], fuse

        def make(record: SagaRecord, name: str) -> Saga:
            bus = ModuleBus(EventBus(), "travel")
            return Trip(SagaWiring(record.id, record.name, name, bus, Messenger(), ServiceRegistry()))

        async def report(_done: int, _total: int, _message: str) -> None: ...

        store = FusedStore(connection.raw["webos_sagas"], fuse)
        await SagaEngine(store, steps_of(Trip), make, report=report, attempts=5).run(saga_id)
        await connection.close()

    async def _end(self, saga_id: str) -> None:
        """Run a saga to its end and print what is left of it."""
        await self._run(saga_id, None)
        connection = await Connection.open(self._endpoint, self._database)
        saga = await connection.raw["webos_sagas"].find_one({"_id": saga_id})
        effects = await connection.raw["effects"].find({"_id": {"$regex": f"^{saga_id}:"}}).to_list()
        assert saga is not None
        told = {
            "id": saga_id,
            "state": saga["state"],
            "data": json.loads(saga["data"]),
            "log": [f"{entry['step']} {entry['phase']}" for entry in saga["log"]],
            "effects": {each["_id"].removeprefix(f"{saga_id}:"): each["runs"] for each in effects},
        }
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
        await connection.close()


def main() -> None:
    """Crash a saga that succeeds and one that fails."""
    url = os.environ.get("WEBOS_TEST_MONGO_URL")
    endpoint = Endpoint.from_url(url) if url else Endpoint.from_file(Path(sys.argv[2]))
    for fails in (False, True):
        Matrix(endpoint, sys.argv[1], fails=fails).crash_everywhere()


if __name__ == "__main__":
    main()
