"""What a killed process leaves open in the database server."""

import asyncio
import contextlib

import pytest

from tests.integration.data.models import Page
from webos.data.changes import Change, ChangeHub
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.data.server_traits import read_traits
from webos.kernel.context import Principal, acting_as


@pytest.mark.usefixtures("library")
async def test_an_abandoned_transaction_does_not_keep_changes_from_being_told(
    anna: Principal, mongo: Connection, mongo_endpoint: Endpoint
) -> None:
    """After the next start changes are told again, whatever transaction a killed process has left open."""
    killed = Connection(mongo_endpoint, mongo.raw.name)
    session = killed.client.start_session()
    await session.start_transaction()
    await killed.raw["abandoned"].insert_one({}, session=session)

    traits = await read_traits(mongo.client)
    await mongo.end_abandoned(traits)
    hub = ChangeHub(mongo.raw)
    told: asyncio.Queue[Change] = asyncio.Queue()
    hub.listen("library.Page", told.put_nowait)
    await hub.start()
    try:
        with acting_as(anna):
            page = await Page(code="p1").insert()
        async with asyncio.timeout(20):
            while (await told.get()).document_id != page.id:
                pass
    finally:
        await hub.stop()
        with contextlib.suppress(Exception):
            await session.abort_transaction()
        await killed.close()
