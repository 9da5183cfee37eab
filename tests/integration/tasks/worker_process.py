"""A worker in a process of its own, which a test may kill. Run as a script: DATABASE USER_ID [ENDPOINT_FILE]."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.events import EventBus
from webos.kernel.context import Principal, User
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.tasks import BaseTask, TaskService


class Survivor(BaseTask):
    """Writes a line for each step and keeps a checkpoint after it."""

    lease = 2

    async def run(self, path: str, steps: int, pause: float) -> int:
        """Go through the steps that no earlier start has kept."""
        first = int(self.restored.get("next", 0))
        async for step in self.progress(range(first, steps), total=steps, start=first):
            with Path(path).open("a", encoding="ascii") as file:  # noqa: ASYNC230 - one short line
                file.write(f"{self.attempt} {step}\n")
            await self.checkpoint({"next": step + 1})
            await asyncio.sleep(pause)
        return first


async def main() -> None:
    """Run tasks until the process is ended."""
    user = Principal(id=UUID(sys.argv[2]), username="anna")

    async def load_user(_: UUID) -> User:
        return user

    url = os.environ.get("WEBOS_TEST_MONGO_URL")
    endpoint = Endpoint.from_url(url) if url else Endpoint.from_file(Path(sys.argv[3]))
    connection = await Connection.open(endpoint, sys.argv[1])
    changes = ChangeHub(connection.raw)
    tasks = TaskService(
        connection,
        changes=changes,
        load_user=load_user,
        bus=EventBus(load_user),
        messenger=Messenger(),
        services=ServiceRegistry(),
    )
    tasks.register("shop", Survivor)
    await tasks.start()
    await changes.start()
    await tasks.run_worker()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
