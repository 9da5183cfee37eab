"""Computing what many wait for: once in a process, and once on all that share the store."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from loguru import logger

from webos.cache.errors import CacheUnavailableError
from webos.cache.packing import Stored
from webos.cache.store import CacheStore

__all__ = ["compute_once"]

_LOCK_SECONDS: Final = 15.0
"""Who computes says three times in this time that he still does; when he is killed, others wait for so long."""

_FIRST_WAIT, _LONGEST_WAIT = 0.005, 0.1


async def compute_once(
    store: CacheStore, key: str, compute: Callable[[], Awaitable[Any]], keep: Callable[[Any], Awaitable[None]]
) -> tuple[Stored | None, Any]:
    """Compute a value unless another process does, and keep it.

    Args:
        store: Where the value is kept.
        key: The key of the value.
        compute: Computes it.
        keep: Keeps it.

    Returns:
        What another process has kept, or None and the computed value.
    """
    lock = f"{key}:lock"
    token = secrets.token_bytes(8)
    try:
        kept = await _wait_for_turn(store, key, lock, token)
    except CacheUnavailableError as error:
        logger.warning("computed without the cache: {}", error)
        return None, await compute()
    if kept is not None:
        return kept, None
    staying = asyncio.create_task(_stay(store, lock, token), name="cache-lock")
    try:
        value = await compute()
        await keep(value)
    finally:
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)
        with suppress(CacheUnavailableError):
            await store.delete(lock)
    return None, value


async def _wait_for_turn(store: CacheStore, key: str, lock: str, token: bytes) -> Stored | None:
    wait = _FIRST_WAIT
    while not await store.add(lock, token, expire=_LOCK_SECONDS):
        kept = await store.get(key)
        if kept is not None:
            return kept
        await asyncio.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT)
    kept = await store.get(key)
    if kept is not None:
        await store.delete(lock)
    return kept


async def _stay(store: CacheStore, lock: str, token: bytes) -> None:
    unchanged: Mapping[str, Stored | None] = {lock: token}
    while True:
        await asyncio.sleep(_LOCK_SECONDS / 3)
        with suppress(CacheUnavailableError):
            await store.set_if(lock, token, unchanged=unchanged, expire=_LOCK_SECONDS)
