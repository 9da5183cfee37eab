"""A desk on a database of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.crud.desk import Desk, open_desk
from tests.tripwire import tripwire
from webos.data.connection import Connection

__all__ = ["tripwire"]


@pytest.fixture
async def desk(mongo: Connection) -> AsyncIterator[Desk]:
    """Yield a desk whose services are ready."""
    async with open_desk(mongo) as desk:
        yield desk
