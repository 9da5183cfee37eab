"""An import in a process of its own, which a test may kill. Run as a script: DATABASE USER_ID FOLDER IMPORT ENDPOINT_FILE."""

import asyncio
import os
import resource
import sys
from pathlib import Path
from uuid import UUID

from tests.integration.table.shop import EVERYBODY, build_shop
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.data.table import TableQuery
from webos.data.transfer import ExportOptions, FileFormat, TransferService
from webos.kernel.context import Principal, User, acting_as


async def main() -> None:
    """Run the import, or export everything where it is called `export`; print by how much the memory grew, in kB."""
    database, user_id, folder, what, endpoint_file = sys.argv[1:6]
    user = Principal(UUID(user_id), "anna", grants=EVERYBODY)
    url = os.environ.get("WEBOS_TEST_MONGO_URL")
    endpoint = Endpoint.from_url(url) if url else Endpoint.from_file(Path(endpoint_file))
    shop = build_shop(await Connection.open(endpoint, database))
    await shop.open()

    async def load_user(_: UUID) -> User:
        return user

    transfers = TransferService(
        shop.models,
        shop.database,
        shop.tables,
        shop.changes,
        raw=shop.connection.raw,
        folder=Path(folder),
        load_user=load_user,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with acting_as(user):
        if what.startswith("export"):
            kind = FileFormat(what.removeprefix("export-"))
            async for _ in await transfers.export("shop.Product", TableQuery({}), ExportOptions(format=kind)):
                pass
        else:
            await transfers.run(what)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)  # noqa: T201 - what the test reads
    await shop.close()
    await shop.connection.close()


if __name__ == "__main__":
    asyncio.run(main())
