"""Fixtures: a site on a fresh database, with three accounts; the same with a mail server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.auth.mailbox import Mailbox
from tests.integration.auth.site import PASSWORD, Site, build_site
from webos.data.connection import Connection
from webos.kernel.settings import Settings

__all__ = ["mail_site", "mailbox", "site"]


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


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """Yield a running mail server that keeps what it gets."""
    box = Mailbox()
    box.start()
    yield box
    box.stop()


@pytest_asyncio.fixture
async def mail_site(mongo: Connection, mailbox: Mailbox, tmp_path: Path) -> Site:
    """Return a site that sends mail and is open for registration, with `anna`, who has an address, and `root`."""
    settings = Settings(
        data_dir=tmp_path,
        smtp_url=mailbox.url,
        mail_from="tools@acme.test",
        registration="open",
        public_url="http://testserver",
        _env_file=None,
    )
    built = await build_site(mongo, settings)
    await built.auth.create_user("Anna", PASSWORD, display_name="Anna A.", email="anna@acme.test")
    await built.auth.create_user("root", PASSWORD, is_superuser=True)
    return built
