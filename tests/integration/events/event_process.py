"""A process with a subscriber, which a test may kill. Run as a script: DATABASE USER_ID MODE [ENDPOINT_FILE].

The modes: `emit` commits one event, leaves a second transaction open, and ends at once; `deliver` handles events; `crash`
ends in the middle of the first handler, after its effect; `poison` at the beginning of every one.
"""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.events import EventEnvelope, EventService
from webos.kernel.context import Principal, User, acting_as


async def main() -> None:
    """Do what the mode says."""
    database, user_id, mode, file = sys.argv[1:5]
    user = Principal(id=UUID(user_id), username="anna")

    async def load_user(_: UUID) -> User:
        return user

    url = os.environ.get("WEBOS_TEST_MONGO_URL")
    endpoint = Endpoint.from_url(url) if url else Endpoint.from_file(Path(file))
    connection = await Connection.open(endpoint, database)
    changes = ChangeHub(connection.raw)
    events = EventService(connection.raw, changes, load_user, lease=1.5)

    async def handle(event: EventEnvelope) -> None:
        if mode == "poison":
            os._exit(9)
        await connection.raw["starts"].insert_one({"event": event.id, "mode": mode})
        await connection.raw["effects"].update_one(
            {"_id": event.id}, {"$set": {"number": event.payload["number"]}}, upsert=True
        )
        if mode == "crash":
            os._exit(9)

    if mode == "emit":
        with acting_as(user):
            async with connection.client.start_session() as session, await session.start_transaction():
                await events.bus.emit("order:approved", {"number": 1}, session=session)
            async with connection.client.start_session() as session, await session.start_transaction():
                await events.bus.emit("order:approved", {"number": 2}, session=session)
                os._exit(9)
    events.bus.subscribe("order:*", handle, name="record", owner="warehouse", durable=True)
    await changes.start()
    await events.bus.start()
    await events.start({"warehouse": Path()})
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
