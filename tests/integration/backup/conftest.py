"""Fixtures: a second database, and bytes of all documents."""

from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Any

import pytest_asyncio
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from webos.data.backup.contents import collections_to_keep
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint

Dump = dict[str, list[bytes]]


@pytest_asyncio.fixture
async def other(mongo_endpoint: Endpoint) -> AsyncIterator[Connection]:
    """Another fresh database, dropped after the test."""
    connection = await Connection.open(mongo_endpoint, f"test_{token_hex(8)}")
    yield connection
    await connection.client.drop_database(connection.raw.name)
    await connection.close()


async def dump(database: AsyncDatabase[dict[str, Any]]) -> Dump:
    """Return all documents, byte for byte, by collection and in the order of their bytes."""
    found: Dump = {}
    for name in await collections_to_keep(database):
        raw: AsyncCollection[RawBSONDocument] = database.get_collection(name, CodecOptions(RawBSONDocument))  # type: ignore[assignment]
        found[name] = sorted(bytes(document.raw) for document in await raw.find().to_list())
    return {name: documents for name, documents in found.items() if documents}
