"""Migrations in a process of its own, which a test may stop or kill.

Run as a script: DATABASE FOLDER LEASE_SECONDS [ENDPOINT_FILE]. It prints how many migrations it has run.
"""

import asyncio
import os
import sys
from pathlib import Path

from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.data.migrations import MigratedModule, Migrator


async def main() -> None:
    """Run the migrations of the module `orders` in the folder."""
    url = os.environ.get("WEBOS_TEST_MONGO_URL")
    endpoint = Endpoint.from_url(url) if url else Endpoint.from_file(Path(sys.argv[4]))
    connection = await Connection.open(endpoint, sys.argv[1])
    module = MigratedModule("orders", "orders", Path(sys.argv[2]), models={"orders.Order": "orders.Order"})
    migrator = Migrator(
        connection.raw,
        lease_seconds=float(sys.argv[3]),
        on_wait=lambda holder: _say(f"waiting for {holder}"),
    )
    async with migrator.lease() as lease:
        _say(f"ran {len(await migrator.migrate(module, lease))}")
    await connection.close()


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
