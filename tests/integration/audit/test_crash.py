"""The record of changes after its writers were killed."""

import asyncio
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.audit.journal import entries
from tests.integration.data.models import Page
from webos.data.audit.applied import READING
from webos.data.audit.service import AuditService
from webos.data.audit.upkeep import sweep
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.data.guard import GuardedDatabase
from webos.kernel.context import Principal, acting_as

_ROOT = Path(__file__).parents[3]
_ROUNDS = 6
_LATEST = 40
_SCRIPT = Path(__file__).with_name("writer_process.py")


async def _write_and_kill(mongo: Connection, endpoint_file: Path, user: Principal, seconds: float) -> None:
    """Let a process write for some time from its start of work on, and kill it in the midst of that."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_SCRIPT),
        mongo.raw.name,
        str(user.id),
        str(endpoint_file),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), seconds)
    process.kill()
    await process.wait()


@pytest.fixture
def endpoint_file(mongo_endpoint: Endpoint, tmp_path: Path) -> Path:
    """Return a file that tells another process of the database server."""
    file = tmp_path / "endpoint.json"
    if mongo_endpoint.url is None:
        mongo_endpoint.write(file)
    return file


@pytest.mark.timeout(240)
async def test_no_change_is_without_its_entry_and_no_entry_without_its_change(
    audit: AuditService, library: GuardedDatabase, mongo: Connection, root: Principal, endpoint_file: Path
) -> None:
    """After each of several kills the last changed documents have exactly their revisions as history; so after a sweep."""
    chance = random.Random(3)  # noqa: S311 - no secret
    touched: list[Any] = []
    with acting_as(root):
        for _ in range(_ROUNDS):
            await _write_and_kill(mongo, endpoint_file, root, 0.2 + chance.random() / 2)
            touched += await _assert_histories(audit, mongo)
        soon = datetime.now(UTC) + timedelta(minutes=1)
        before = len(await entries(mongo))
        removed = await sweep(library.journal, until=soon)
        assert await sweep(library.journal, until=soon) == 0
        assert len(await entries(mongo)) >= before - removed
        assert set(await _assert_histories(audit, mongo)) <= set(touched)


async def _assert_histories(audit: AuditService, mongo: Connection) -> list[Any]:
    """Assert that the history of the last changed documents is complete and true; return their ids."""
    latest = {"sort": [("updated_at", -1)], "limit": _LATEST}
    rows = await mongo.raw["library.Page"].find({}, comment=READING, **latest).to_list()
    assert len(rows) == _LATEST
    for row in rows:
        shown = await audit.history(Page, row["_id"])
        assert [each.revision for each in shown] == list(range(row["revision"], 0, -1))
        assert (shown[0].at, shown[0].by) == (row["updated_at"], row["updated_by"])
        values = (await audit.version(Page, row["_id"], revision=1)).values
        assert (values["title"], values["rank"], values["words"]) == ("", 0, [])
    return [row["_id"] for row in rows]
