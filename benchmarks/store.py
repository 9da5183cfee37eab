"""The database that is measured: a server, and the flights in it."""

import itertools
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from bson import DBRef, ObjectId

from benchmarks.flights import read_airlines, read_flights
from benchmarks.modules.flightlog.models import Airline, Flight
from webos.data.connection import Connection
from webos.data.embedded import EmbeddedServer
from webos.data.endpoint import Endpoint
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.links import resolve_links
from webos.data.model_registry import ModelInfo
from webos.data.server_traits import read_traits
from webos.kernel.context import SYSTEM

__all__ = ["driver_url", "fill", "in_batches", "open_database", "server_url"]

T = TypeVar("T")

_BATCH = 5000


def server_url() -> str | None:
    """Return the MongoDB server to measure on, or None for a local one."""
    return os.environ.get("WEBOS_TEST_MONGO_URL")


@asynccontextmanager
async def open_database(data_dir: Path, name: str) -> AsyncIterator[Connection]:
    """Yield a connection to a server: that of `WEBOS_TEST_MONGO_URL`, else one started in a data folder.

    The one that is started does not wait for the disk, which would hide what else takes time.

    Args:
        data_dir: The data folder.
        name: Name of the database.
    """
    url = server_url()
    server = None if url else EmbeddedServer(data_dir, durable=False)
    endpoint = await server.start() if server is not None else Endpoint.from_url(url or "")
    connection = await Connection.open(endpoint, name)
    try:
        yield connection
    finally:
        await connection.close()
        if server is not None:
            await server.stop()


def driver_url(endpoint: Endpoint) -> str:
    """Return the address that a bare driver takes."""
    if endpoint.url is not None:
        return endpoint.url.get_secret_value()
    account = ""
    if endpoint.username is not None and endpoint.password is not None:
        account = f"{quote(endpoint.username)}:{quote(endpoint.password.get_secret_value())}@"
    return f"mongodb://{account}{endpoint.host}:{endpoint.port}/?directConnection=true"


async def fill(connection: Connection, flights: int) -> None:
    """Store airlines and flights as the framework would have stored them.

    Args:
        connection: To the database.
        flights: How many.
    """
    await _make_indexes(connection)
    stamps = _stamps()
    airlines = {code: ObjectId() for code in read_airlines()}
    rows = [{"_id": airlines[code], "code": code, "name": name, **stamps} for code, name in read_airlines().items()]
    await connection.raw["flightlog.Airline"].insert_many(rows)
    links = {code: DBRef("flightlog.Airline", identity) for code, identity in airlines.items()}
    collection = connection.raw["flightlog.Flight"]
    for batch in in_batches(read_flights(flights), _BATCH):
        documents = [{**row, "airline": links[row["carrier"]], **stamps} for row in batch]
        for document in documents:
            del document["carrier"]
        await collection.insert_many(documents, ordered=False)


async def _make_indexes(connection: Connection) -> None:
    """Make the indexes of the models first: over documents that are there already it takes minutes."""
    traits = await read_traits(connection.client)
    database = GuardedDatabase(connection.raw)
    database.adapt(traits)
    infos = [ModelInfo(f"flightlog.{model.__name__}", "flightlog", model, None, None) for model in (Airline, Flight)]
    for info in infos:
        resolve_links(info, {}, {"Airline": Airline})
    await initialize_models(database, infos, major_version=traits.major_version)


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`; the last one may be shorter."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _stamps() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "created_at": now,
        "created_by": SYSTEM.id,
        "updated_at": now,
        "updated_by": SYSTEM.id,
        "deleted_at": None,
        "revision": 1,
    }
