"""Short ways to import and export in tests."""

import asyncio
import csv
import io
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.integration.table.shop import ANNA, Shop
from webos.data.document import CoreDocument
from webos.data.endpoint import Endpoint
from webos.data.table import TableQuery
from webos.data.transfer import ExportOptions, ImportOptions, ImportRecord, ImportReport, TransferService
from webos.kernel.context import User

_PROCESS = "tests.integration.transfer.import_process"
_ROOT = Path(__file__).parents[3]


@dataclass(repr=False)
class Desk:
    """A shop, and what imports into it and exports from it."""

    shop: Shop
    transfers: TransferService
    folder: Path
    users: dict[UUID, User]
    endpoint: Endpoint

    async def start_elsewhere(self, what: str) -> asyncio.subprocess.Process:
        """Run an import, or `export-csv` and the like, in a process of its own."""
        file = self.folder.with_name("endpoint.json")
        if self.endpoint.url is None:
            self.endpoint.write(file)
        arguments = (self.shop.connection.raw.name, str(ANNA.id), str(self.folder), what, str(file))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", _PROCESS, *arguments, stdout=asyncio.subprocess.PIPE, cwd=_ROOT
        )

    async def run_elsewhere(self, what: str) -> int:
        """Do the same to its end, and return by how many kB its memory grew."""
        process = await self.start_elsewhere(what)
        said, _ = await process.communicate()
        assert process.returncode == 0
        return int(said)

    async def upload(
        self, content: bytes | str, *, model: str = "shop.Product", name: str = "file.csv", **options: Any
    ) -> ImportRecord:
        """Upload a file."""
        data = content.encode() if isinstance(content, str) else content
        return await self.transfers.upload(model, name, pieces(data), ImportOptions(**options))

    async def run(self, content: bytes | str, **options: Any) -> ImportRecord:
        """Upload a file and import it."""
        return await self.transfers.run((await self.upload(content, **options)).id)

    async def check(self, content: bytes | str, **options: Any) -> ImportReport:
        """Upload a file and look what an import would do."""
        return await self.transfers.check((await self.upload(content, **options)).id)

    async def export(self, model: str = "shop.Product", filters: Any = None, **options: Any) -> bytes:
        """Return a whole export."""
        query = TableQuery(filters or {}, options.pop("sort", ()), options.pop("search", ""))
        return await whole(await self.transfers.export(model, query, ExportOptions(**options)))

    async def documents(self, model: type[CoreDocument]) -> list[Any]:
        """Return all documents of a model, in the order of their ids."""
        return sorted(await model.find_all().to_list(), key=lambda each: str(each.id))


async def pieces(data: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    """Yield a file as it comes over the network."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def whole(stream: AsyncIterator[bytes]) -> bytes:
    """Return all of a stream."""
    return b"".join([piece async for piece in stream])


def rows_of(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def csv_of(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
