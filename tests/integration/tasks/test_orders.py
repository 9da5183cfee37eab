"""The customers' module `orders`, unmodified: a durable event, a chained import, a saga with its compensations."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest_asyncio

from webos.data.connection import Connection
from webos.data.endpoint import Endpoint

_ROOT = Path(__file__).parents[3]


@pytest_asyncio.fixture
async def result(mongo: Connection, mongo_endpoint: Endpoint, tmp_path: Path) -> dict[str, Any]:
    """Return what came of using the module in the whole application."""
    customers = Path(os.environ.get("WEBOS_CUSTOMER_MODULES", _ROOT.parent / "shared" / "customer_modules"))
    modules, endpoint = tmp_path / "modules", tmp_path / "endpoint.json"
    modules.mkdir()
    for name in ("inventory", "warehouse", "orders"):
        (modules / name).symlink_to(customers / name)
    if mongo_endpoint.url is None:
        mongo_endpoint.write(endpoint)
    script = str(Path(__file__).with_name("orders_process.py"))
    arguments = [str(modules), mongo.raw.name, str(tmp_path / "data"), str(endpoint)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, *arguments, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(output.splitlines()[-1])
    return told


async def test_orders(result: dict[str, Any]) -> None:
    """All of the module does what it says, and without a storage module the import says what is missing."""
    assert set(result["modules"].values()) == {"None"}
    assert {"orders", "inventory", "warehouse"} <= set(result["modules"])
    assert result["approved"] == [{"number": "A1"}]
    assert result["failed"] == "Import orders: Files cannot be opened: no storage module is running."
    assert result["imported"] == ["done", 100.0, "Import orders → Check orders → Tell user"]
    assert "2 orders imported" in result["told"]
    assert result["placed"] == [
        "done",
        {"quantity": 2, "number": "A1", "reserved": 2, "charged": True, "confirmed": True},
    ]
    assert result["declined"] == ["compensated", "Charge: Something went wrong (ValueError)"]
    assert result["events"] == [["payment:refunded", {"number": "A2"}], ["stock:released", {"quantity": 2}]]
