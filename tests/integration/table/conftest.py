"""The shop on a database of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.table.shop import Shop, build_shop
from webos.data.connection import Connection


@pytest.fixture
async def shop(mongo: Connection) -> AsyncIterator[Shop]:
    """Yield a shop whose models are ready."""
    shop = build_shop(mongo)
    await shop.open()
    yield shop
    await shop.close()
