"""The whole application with the customers' module `orders`, in a process of its own. Run as a script: MODULES DATABASE FOLDER [ENDPOINT_FILE].

It approves an order, imports some, and places two; what came of it is written as a line of JSON.
"""

import asyncio
import importlib
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from uuid import uuid4

from pydantic import SecretStr

from webos.data.endpoint import Endpoint
from webos.events import EventEnvelope
from webos.kernel.context import acting_as
from webos.kernel.settings import load_settings
from webos.server.application import create_app

ROWS = "number,quantity\nB1,4\nB2,5\n"


class OneFile:
    """Stands for the storage module: it opens one file."""

    def open(self, _urn: str) -> "OneFile":
        """Open it."""
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def read(self) -> bytes:
        """Read it."""
        return ROWS.encode()


async def use(app: Any) -> dict[str, Any]:
    """Use the module as its own code and a customer would."""
    orders = SimpleNamespace(
        **{
            part: importlib.import_module(f"{app.modules['orders'].package}.{part}")
            for part in ("models", "service", "tasks", "workflows")
        }
    )
    told: list[str] = []
    approved: list[EventEnvelope] = []
    events: list[tuple[str, dict[str, Any]]] = []
    heard = asyncio.Event()

    async def hear(event: EventEnvelope) -> None:
        approved.append(event)
        heard.set()

    async def note(event: EventEnvelope) -> None:
        events.append((event.topic, event.payload))

    app.messenger.attach(lambda notification: told.append(notification.message))
    app.bus.subscribe("order:approved", hear)
    app.bus.subscribe("stock:*", note)
    app.bus.subscribe("payment:*", note)

    order = await orders.models.Order(number="A1", status=orders.models.OrderStatus.PENDING).insert()
    await app.services.get(orders.service.OrderService).approve_order(order)
    await asyncio.wait_for(heard.wait(), 20)

    failed = await app.tasks.wait(await orders.tasks.import_orders("urn:none"), 20)
    app.services.register("storage", OneFile())
    imported = await app.tasks.wait(await orders.tasks.import_orders("urn:orders"), 20)
    placed = await (await orders.workflows.PlaceOrder.start({"quantity": 2, "number": "A1"})).wait(20)
    declined = await (
        await orders.workflows.PlaceOrder.start({"quantity": 2, "number": "A2", "card": "declined"})
    ).wait(20)
    await app.bus.drain(10)
    return {
        "modules": {module.name: str(module.failure and module.failure.reason) for module in app.modules},
        "approved": [event.payload for event in approved],
        "failed": failed.error,
        "imported": [imported.state, imported.percent, imported.title],
        "told": told,
        "placed": [placed.state, placed.data],
        "declined": [declined.state, declined.error],
        "events": events,
    }


async def main() -> None:
    """Run the application and use it."""
    modules, database, folder, *file = sys.argv[1:]
    url = os.environ.get("WEBOS_TEST_MONGO_URL")
    endpoint = Endpoint.from_url(url) if url else Endpoint.from_file(Path(file[0]))
    settings = load_settings(
        modules=(modules,),
        database=database,
        data_dir=Path(folder),
        admin_password=SecretStr(uuid4().hex),
        secret_key=SecretStr(uuid4().hex),
    )
    web = create_app(settings, endpoint)
    async with web.router.lifespan_context(web):
        app = web.state.application
        account = await app.connection.raw["webos_users"].find_one({"username": "admin"})
        with acting_as(await app.auth.load_user(account["_id"])):
            result = await use(app)
    sys.stdout.write(f"{json.dumps(result)}\n")


if __name__ == "__main__":
    asyncio.run(main())
