"""A process that writes in every way until it is killed. Run as a script: DATABASE USER_ID ENDPOINT_FILE."""

import asyncio
import itertools
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from pymongo import DeleteOne, UpdateOne

from tests.integration.data.library import LIBRARY, describe
from tests.integration.data.models import Page
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.links import link_namespace, resolve_links
from webos.data.server_traits import read_traits
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError, NotFoundError


async def _work(numbers: Iterator[int]) -> None:
    """Insert, change, delete and restore documents, alone and together."""
    collection = Page.get_pymongo_collection()
    while True:
        start = f"{os.getpid()}-{next(numbers)}"
        pages = [await Page(code=f"{start}-{number}").insert() for number in range(3)]
        await Page.insert_many([Page(code=f"{start}-m{number}") for number in range(20)])
        pages[0].title = "x"
        await pages[0].save()
        await pages[0].update({"$push": {"words": "a"}})
        mine = {"code": {"$regex": f"^{start}-"}}
        await collection.update_many(mine, {"$inc": {"rank": 1}})
        await collection.bulk_write([UpdateOne({"_id": page.id}, {"$push": {"words": "b"}}) for page in pages])
        await collection.bulk_write([DeleteOne({"_id": pages[1].id})])
        try:
            await pages[1].restore()
            await pages[2].delete(ignore_revision=True)
        except (ConflictError, NotFoundError):
            continue


async def main() -> None:
    """Write with four writers until the process is ended."""
    url = os.environ.get("WEBOS_TEST_MONGO_URL")
    endpoint = Endpoint.from_url(url) if url else Endpoint.from_file(Path(sys.argv[3]))
    connection = await Connection.open(endpoint, sys.argv[1])
    traits = await read_traits(connection.client)
    database = GuardedDatabase(connection.raw, traits)
    infos = describe("library", *LIBRARY)
    for info in infos:
        resolve_links(info, link_namespace(infos), vars(sys.modules[Page.__module__]))
    await initialize_models(database, infos, major_version=traits.major_version)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    numbers = itertools.count(random.randrange(10**9))  # noqa: S311 - no secret
    with acting_as(Principal(UUID(sys.argv[2]), "anna"), "of-the-writer"):
        await asyncio.gather(*(_work(numbers) for _ in range(4)))


if __name__ == "__main__":
    asyncio.run(main())
