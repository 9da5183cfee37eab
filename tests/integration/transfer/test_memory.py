"""Memory does not grow with the file."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.table.shop import ANNA
from tests.integration.transfer.desk import Desk
from webos.data.transfer import ImportOptions
from webos.data.transfer.xlsx import WorkbookWriter
from webos.kernel.context import acting_as

_ROWS = 200_000
_MEGABYTES = 60


async def _csv() -> AsyncIterator[bytes]:
    yield b"name,stock,price,note\n"
    for start in range(0, _ROWS, 1000):
        lines = [f"Product number {n},{n},{n}.25,{'a note ' * 5}{n}\n" for n in range(start, start + 1000)]
        yield "".join(lines).encode()


async def _xlsx() -> AsyncIterator[bytes]:
    writer = WorkbookWriter(["name", "stock", "price", "note"])
    for start in range(0, _ROWS, 1000):
        yield writer.write(
            [[f"Product number {n}", n, n / 4, f"{'a note ' * 5}{n}"] for n in range(start, start + 1000)]
        )
    yield writer.close()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_memory_stays_flat(desk: Desk, kind: str) -> None:
    """An import of 200,000 rows, and their export, take no more memory than a few thousand would."""
    with acting_as(ANNA):
        content = _csv() if kind == "csv" else _xlsx()
        record = await desk.transfers.upload("shop.Product", f"big.{kind}", content, ImportOptions())
    grown = await desk.run_elsewhere(str(record.id))
    with acting_as(ANNA):
        assert (await desk.transfers.get(record.id)).counts.inserted == _ROWS
    exported = await desk.run_elsewhere(f"export-{kind}")

    assert grown < _MEGABYTES * 1024
    assert exported < _MEGABYTES * 1024
