"""A vault on a database of its own."""

import pytest

from tests.integration.secret.vault import Vault, open_vault
from tests.tripwire import tripwire
from webos.data.connection import Connection

__all__ = ["tripwire"]


@pytest.fixture
async def vault(mongo: Connection) -> Vault:
    """Return a vault whose models are ready."""
    return await open_vault(mongo)
