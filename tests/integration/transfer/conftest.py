"""The transfer service on the shop of the table tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.integration.table.shop import ANNA, BERT, READER, ROOT, STRANGER, build_shop
from tests.integration.transfer.desk import Desk
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.data.transfer import TransferService
from webos.kernel.context import User


@pytest.fixture
async def desk(mongo: Connection, mongo_endpoint: Endpoint, tmp_path: Path) -> AsyncIterator[Desk]:
    """Yield a desk: a shop, and what imports into it and exports from it."""
    shop = build_shop(mongo)
    await shop.open()
    users: dict[UUID, User] = {user.id: user for user in (ANNA, BERT, READER, ROOT, STRANGER)}

    async def load_user(user_id: UUID) -> User:
        return users[user_id]

    transfers = TransferService(
        shop.models,
        shop.database,
        shop.tables,
        shop.changes,
        raw=mongo.raw,
        folder=tmp_path / "imports",
        load_user=load_user,
    )
    await transfers.start()
    yield Desk(shop, transfers, tmp_path / "imports", users, mongo_endpoint)
    await shop.close()
