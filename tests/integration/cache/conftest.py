"""Fixtures: a cache of each kind, as two processes would have it open at once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from webos.cache import CacheService, CacheStore, HostStore, ModuleCache

__all__ = ["cache", "other", "store"]

_LIMIT = 64 * 2**20


@pytest.fixture
def open_stores(tmp_path: Path) -> list[CacheStore]:
    """Return two stores of the same values, each with a memory of its own."""
    return [HostStore(tmp_path / "cache", limit=_LIMIT) for _ in range(2)]


@pytest_asyncio.fixture
async def store(open_stores: list[CacheStore]) -> AsyncIterator[CacheStore]:
    """Yield the first of two open stores."""
    yield open_stores[0]
    for each in open_stores:
        await each.close()


@pytest.fixture
def other(store: CacheStore, open_stores: list[CacheStore]) -> CacheStore:
    """Return the second of them, open as long as the first."""
    assert store is open_stores[0]
    return open_stores[1]


@pytest_asyncio.fixture
async def cache(open_stores: list[CacheStore]) -> AsyncIterator[ModuleCache]:
    """Yield the cache of the module `shop`."""
    service = CacheService(lambda: open_stores[0])
    await service.start()
    yield ModuleCache(service, "shop")
    await service.stop()
    await open_stores[1].close()
