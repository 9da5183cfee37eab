"""`webos migrate`, as it is typed."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.migrations.project import CUSTOMER_MIGRATION, Project
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint

Run = Callable[..., "subprocess.CompletedProcess[str]"]

IN_BATCHES = """
    async def forward(ctx):
        async for batch in ctx.batches("orders.Order", {"quantity": 1}, size=10):
            await batch.update({"$set": {"quantity": 2}})

    async def backward(ctx):
        async for batch in ctx.batches("orders.Order", {"quantity": 2}, size=10):
            await batch.update({"$set": {"quantity": 1}})
"""
ONE_WAY = """
    async def forward(ctx):
        await ctx.collection("orders.Order").delete_many({"quantity": 2})
"""


@pytest.fixture
def webos(project: Project, mongo: Connection, mongo_endpoint: Endpoint) -> Run:
    """Runs `webos` on the project and the test's database."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "WEBOS_MONGO_URL": _url(mongo_endpoint),
        "WEBOS_DATABASE": mongo.raw.name,
        "WEBOS_DATA_DIR": str(project.folder / "data"),
        "WEBOS_MODULES": str(project.folder / "modules"),
    }

    def run(*arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from webos.cli.main import main; main()", *arguments]
        return subprocess.run(  # noqa: S603 - our own command
            command, input=answer, capture_output=True, text=True, timeout=120, check=False, env=environment
        )

    return run


@pytest.fixture(autouse=True)
async def _orders(project: Project, mongo: Connection) -> None:
    project.module("orders")
    project.migration("orders", "0001_default_quantity", CUSTOMER_MIGRATION)
    project.migration("orders", "0003_double", IN_BATCHES)
    await mongo.raw["orders.Order"].insert_many([{"number": f"A{each}"} for each in range(25)])


async def test_a_plan_counts_and_changes_nothing(project: Project, mongo: Connection, webos: Run) -> None:
    """Each migration that would run is listed with what it would change, on what those before it leave."""
    before = await _everything(mongo)
    project.migration("orders", "0004_typo", 'async def forward(ctx): await ctx.collection("order").find_one()')

    told = webos("migrate", "--plan")

    assert told.stdout.splitlines() == [
        "orders/0001_default_quantity  forward: 25 of orders.Order",
        "orders/0003_double  forward in batches: 25 of orders.Order",
        "orders/0004_typo  forward: no documents",
    ]
    assert "orders/0004_typo would fail: MigrationError: 'order' is no model of orders" in told.stderr
    assert told.returncode == 1
    assert await _everything(mongo) == before


async def test_forwards_and_back(mongo: Connection, webos: Run) -> None:
    """Migrations are applied, listed, taken back after a question, and applied again."""
    ran = webos("migrate")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["orders/0001_default_quantity  applied", "orders/0003_double  applied"]
    assert webos("migrate").stdout == ""
    status = webos("migrate", "--status").stdout.splitlines()
    assert [line.split("  ")[0] for line in status] == ["orders/0001_default_quantity", "orders/0003_double"]
    assert all("applied 20" in line for line in status)
    assert await mongo.raw["orders.Order"].distinct("quantity") == [2]

    refused = webos("migrate", "--module", "orders", "--to", "0001", answer="n\n")
    assert "Take back 0003_double of orders?" in refused.stdout
    assert refused.returncode == 1
    assert await mongo.raw["orders.Order"].distinct("quantity") == [2]

    back = webos("migrate", "--module", "orders", "--to", "0001", "--yes")
    assert (back.returncode, back.stdout) == (0, "orders/0003_double  taken back\n")
    assert await mongo.raw["orders.Order"].distinct("quantity") == [1]
    assert "0003_double  taken back 20" in webos("migrate", "--status").stdout

    again = webos("migrate", "--module", "orders", "--to", "0003")
    assert again.stdout == "orders/0003_double  applied\n"
    assert await mongo.raw["orders.Order"].distinct("revision") == [4]


async def test_what_has_no_way_back_stays(project: Project, mongo: Connection, webos: Run) -> None:
    """A migration without `backward` is refused in words; nothing is taken back."""
    project.migration("orders", "0004_clean", ONE_WAY)
    project.migration("orders", "0005_more", CUSTOMER_MIGRATION)
    assert webos("migrate").returncode == 0
    assert await mongo.raw["orders.Order"].count_documents({}) == 0

    plan = webos("migrate", "--module", "orders", "--to", "0001", "--plan")
    assert plan.stdout.splitlines()[0] == "orders/0005_more  backward: no documents"
    back = webos("migrate", "--module", "orders", "--to", "0001", "--yes")

    assert back.returncode == 1
    assert "error: orders: orders/0004_clean cannot be taken back: it has no `async def backward(ctx)`" in back.stderr
    status = webos("migrate", "--status").stdout.splitlines()
    assert ["  applied 20" in line for line in status] == [True] * 4


def test_wrong_arguments_are_told(webos: Run) -> None:
    """Each is refused in one line that says what is right."""
    assert "--to needs --module" in webos("migrate", "--to", "0001").stderr
    assert "not 'first'" in webos("migrate", "--module", "orders", "--to", "first").stderr
    assert "orders has no migration 0002" in webos("migrate", "--module", "orders", "--to", "2").stderr
    assert "There is no module nothing. The modules are" in webos("migrate", "--module", "nothing").stderr


def _url(endpoint: Endpoint) -> str:
    if endpoint.url is not None:
        return endpoint.url.get_secret_value()
    assert endpoint.password is not None
    return (
        f"mongodb://{endpoint.username}:{endpoint.password.get_secret_value()}@{endpoint.host}:{endpoint.port}/"
        "?authSource=admin&directConnection=true"
    )


async def _everything(mongo: Connection) -> dict[str, list[Any]]:
    names = sorted(await mongo.raw.list_collection_names())
    return {name: await mongo.raw[name].find().to_list() for name in names}
