"""The crash matrix of sagas: whatever the moment of a crash, and of a second one, each saga comes to its one right end."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.kernel.context import Principal, acting_as
from webos.tasks import Saga, SagaState, step


def _check_good(saga: dict[str, Any]) -> None:
    assert saga["state"] == "done"
    assert saga["data"] == {"fails": False, "flight": 1, "hotel": True}
    assert set(saga["effects"]) == {"flight:done", "hotel:done", "pay:done"}
    assert not [line for line in saga["log"] if "undo" in line or "failed" in line]
    assert [line for line in saga["log"] if line.endswith(" done")] == ["flight done", "hotel done", "pay done"]


def _check_bad(saga: dict[str, Any]) -> None:
    assert saga["state"] == "compensated"
    assert set(saga["effects"]) == {f"{name}:{what}" for name in ("flight", "hotel") for what in ("done", "undone")}
    assert [line for line in saga["log"] if line.endswith(" undone")] == ["pay undone", "hotel undone", "flight undone"]
    assert saga["log"].count("pay failed") == 1


def _check_order(log: list[str]) -> None:
    """Nothing was done without a line before that says it is intended."""
    for place, line in enumerate(log):
        name, phase = line.split()
        if phase == "done":
            assert f"{name} intent" in log[:place]
        if phase == "undone" and name != "pay":
            assert f"{name} undo" in log[:place]


async def test_every_crash_and_a_second_one(mongo: Connection, mongo_endpoint: Endpoint, tmp_path: Path) -> None:
    """Killed at each checkpoint, and again in the recovery, a saga that can succeed does, and one that cannot is undone."""
    file = tmp_path / "endpoint.json"
    if mongo_endpoint.url is None:
        mongo_endpoint.write(file)
    script = str(Path(__file__).with_name("saga_crashes.py"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, mongo.raw.name, str(file), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    sagas = [json.loads(line) for line in output.splitlines()]
    good = [saga for saga in sagas if saga["id"].startswith("good")]
    bad = [saga for saga in sagas if saga["id"].startswith("bad")]
    # Before and after each of 8 and 13 writes, and around 3 and 4 effects.
    assert (len(good), len(bad)) == (2 * 8 + 2 * 3 + 1, 2 * 13 + 2 * 4 + 1)
    for saga in good:
        _check_good(saga)
        _check_order(saga["log"])
    for saga in bad:
        _check_bad(saga)
        _check_order(saga["log"])
    # That effects ran twice is what makes the key necessary; were it never so, the crashes would not be where they should.
    assert max(runs for saga in sagas for runs in saga["effects"].values()) > 1


class Voyage(Saga):
    """Stands for the saga of the worker process, to be started here."""

    lease = 2

    @step(compensate="undo")
    async def act(self, data: dict[str, Any]) -> None:
        """Run there."""
        raise NotImplementedError

    async def undo(self, data: dict[str, Any]) -> None:
        """Run there."""
        raise NotImplementedError


async def test_a_killed_worker_hands_its_saga_on(
    start_app: Any, mongo_endpoint: Endpoint, anna: Principal, tmp_path: Path
) -> None:
    """A worker killed in the middle of a step leaves the saga to another, which runs the step again with the same key."""
    app = await start_app(worker=False)
    app.tasks.sagas.register("shop", Voyage)
    endpoint, log = tmp_path / "endpoint.json", tmp_path / "steps.log"
    if mongo_endpoint.url is None:
        mongo_endpoint.write(endpoint)
    script = str(Path(__file__).with_name("worker_process.py"))

    async def worker() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, script, app.connection.raw.name, str(anna.id), str(endpoint)
        )

    with acting_as(anna):
        saga = await Voyage.start({"path": str(log)})
        process = await worker()
        assert await process.wait() == 9
        process = await worker()
        try:
            record = await saga.wait(30)
        finally:
            process.kill()
            await process.wait()
    assert (record.state, record.data["starts"]) == (SagaState.DONE, 2)
    assert log.read_text().split() == [f"{saga.id}:act"] * 2
