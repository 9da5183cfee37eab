"""The cache of an application: opened when it starts, shared by all modules, each with keys of its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from loguru import logger

from webos.cache.errors import CacheUnavailableError
from webos.cache.flights import Flights
from webos.cache.store import CacheStore, StoreSize

__all__ = ["CacheNumbers", "CacheService", "namespace_tag"]

_TIDY_SECONDS = 300.0


def namespace_tag(namespace: str) -> str:
    """Return the tag that is evicted when all of a namespace is forgotten: what is being computed then is not kept."""
    return f"~{namespace}"


@dataclass(slots=True)
class CacheNumbers:
    """What happened in one namespace since this process started.

    Attributes:
        hits: Reads that found something.
        misses: Reads that found nothing.
        writes: Values kept.
    """

    hits: int = 0
    misses: int = 0
    writes: int = 0

    @property
    def hit_rate(self) -> float | None:
        """The part of the reads that found something, from 0 to 1; None where nothing was read."""
        reads = self.hits + self.misses
        return self.hits / reads if reads else None


class CacheService:
    """The one cache of an application.

    Args:
        open_store: Opens the place where values are kept; may block.

    Attributes:
        store: The place where values are kept; any use of it before the start and after the end raises
            `CacheUnavailableError`.
        flights: What is being computed in this process.
        numbers: What happened, by namespace.
    """

    def __init__(self, open_store: Callable[[], CacheStore]) -> None:
        self._open = open_store
        self.store: CacheStore = _closed()
        self._tidying: asyncio.Task[None] | None = None
        self.flights = Flights()
        self.numbers: dict[str, CacheNumbers] = {}

    def numbers_of(self, namespace: str) -> CacheNumbers:
        """Return what happened in a namespace."""
        return self.numbers.setdefault(namespace, CacheNumbers())

    async def start(self) -> None:
        """Open the store, and forget from time to time what has ended.

        Raises:
            CacheUnavailableError: It cannot be opened.
        """
        self.store = await asyncio.to_thread(self._open)
        self._tidying = asyncio.create_task(self._tidy(self.store), name="cache-tidying")

    async def stop(self) -> None:
        """Write what waits, and close the store."""
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self.flights.stop()
        store, self.store = self.store, _closed()
        if not isinstance(store, _Closed):
            await store.close()

    async def size(self) -> StoreSize:
        """Return how much is kept."""
        return await self.store.size()

    async def clear(self, namespace: str | None = None) -> int:
        """Forget everything of one module, or of all, and return how many values that were."""
        forgotten = await self.store.clear("" if namespace is None else f"{namespace}:")
        for each in list(self.numbers) if namespace is None else [namespace]:
            await self.store.evict(namespace_tag(each))
        return forgotten

    async def evict(self, tag: str) -> int:
        """Forget everything with a tag, and return how many values that were."""
        return await self.store.evict(tag)

    async def _tidy(self, store: CacheStore) -> None:
        while True:
            try:
                await store.expire()
            except CacheUnavailableError as error:
                logger.warning("the cache could not be tidied: {}", error)
            await asyncio.sleep(_TIDY_SECONDS)


class _Closed:
    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - never returns
        msg = "the cache is used before the application has started, or after it has stopped"
        raise CacheUnavailableError(msg)


def _closed() -> CacheStore:
    closed: Any = _Closed()
    return cast("CacheStore", closed)
