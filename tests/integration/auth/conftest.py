"""Fixtures: a site on a fresh database, with three accounts."""

from pathlib import Path

import pytest_asyncio
from tests.integration.auth.site import PASSWORD, Site, build_site

from webos.data.connection import Connection
from webos.kernel.settings import Settings

__all__ = ["site"]


@pytest_asyncio.fixture
async def site(mongo: Connection, tmp_path: Path) -> Site:
    """Return a site with `anna`, who may `shop.read` by her role, `bob`, who may nothing, and `root`, who may all."""
    settings = Settings(data_dir=tmp_path, public_url=None, _env_file=None)
    built = await build_site(mongo, settings)
    await built.auth.set_role("clerk", ["shop.read"])
    await built.auth.create_user("Anna", PASSWORD, roles=["clerk"], display_name="Anna A.")
    await built.auth.create_user("bob", PASSWORD)
    await built.auth.create_user("root", PASSWORD, is_superuser=True)
    return built
