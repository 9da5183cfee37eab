"""A worker in a process of its own, which a test may kill. Run as a script: DATABASE USER_ID [ENDPOINT_FILE [MODE]].

The modes `exit-before-passing` and `exit-after-passing` end the process around the moment in which a chain goes on.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.events import EventBus
from webos.kernel.context import Principal, User
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.tasks import BaseTask, Saga, TaskService, step
from webos.tasks.sending import Passage, TaskSender


class Survivor(BaseTask):
    """Writes a line for each step and keeps a checkpoint after it."""

    lease = 2

    async def run(self, path: str, steps: int, pause: float) -> int:
        """Go through the steps that no earlier start has kept."""
        first = int(self.restored.get("next", 0))
        async for number in self.progress(range(first, steps), total=steps, start=first):
            with Path(path).open("a", encoding="ascii") as file:  # noqa: ASYNC230 - one short line
                file.write(f"{self.attempt} {number}\n")
            await self.checkpoint({"next": number + 1})
            await asyncio.sleep(pause)
        return first


class First(BaseTask):
    """Writes a line and returns a number."""

    lease = 2

    async def run(self, path: str) -> int:
        """Return 21."""
        with Path(path).open("a", encoding="ascii") as file:  # noqa: ASYNC230 - one short line
            file.write("first\n")
        return 21


class Second(BaseTask):
    """Writes a line and returns twice the number."""

    lease = 2

    async def run(self, number: int, path: str) -> int:
        """Return twice the number."""
        with Path(path).open("a", encoding="ascii") as file:  # noqa: ASYNC230 - one short line
            file.write("second\n")
        return 2 * number


class Voyage(Saga):
    """Writes a line, and ends the process the first time."""

    lease = 2

    @step(compensate="undo")
    async def act(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return how often it was started."""
        with Path(data["path"]).open("a+", encoding="ascii") as file:  # noqa: ASYNC230 - one short line
            file.write(f"{self.key}\n")
            file.seek(0)
            starts = len(file.readlines())
        if starts == 1:
            os._exit(9)
        return {"starts": starts}

    async def undo(self, data: dict[str, Any]) -> None:
        """Undo nothing."""


def end_around_passing(moment: str) -> None:
    """End the process before or after a step of a chain is stored as done."""
    pass_on = TaskSender.pass_on

    async def dying(self: TaskSender, *args: Any) -> Passage:
        if moment == "before":
            os._exit(9)
        await pass_on(self, *args)
        os._exit(9)

    TaskSender.pass_on = dying  # type: ignore[method-assign, assignment]


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
    for task in (Survivor, First, Second):
        tasks.register("shop", task)
    tasks.sagas.register("shop", Voyage)
    if len(sys.argv) > 4 and sys.argv[4].startswith("exit-"):
        end_around_passing(sys.argv[4].split("-")[1])
    await tasks.start()
    await changes.start()
    await tasks.run_worker()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
