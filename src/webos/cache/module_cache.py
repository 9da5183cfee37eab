"""The cache as a module sees it: keys of its own, tags in common."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from webos.cache.packing import pack, unpack
from webos.cache.scope import user_key
from webos.cache.service import CacheService
from webos.kernel.context import signed_in_user

__all__ = ["ModuleCache"]

_LONGEST_KEY = 200


class ModuleCache:
    """Values under keys that other modules do not see.

    Tags are common to all modules: what was computed from another module's data is forgotten with that data.

    Args:
        service: The application's cache.
        namespace: Goes before each key.
        owner: Goes between the two; makes the keys of each user his own.
    """

    def __init__(self, service: CacheService, namespace: str, owner: Callable[[], str] | None = None) -> None:
        self.service = service
        self.namespace = namespace
        self.numbers = service.numbers_of(namespace)
        self._owner = owner
        self._prefix = f"{namespace}:k:"

    def for_user(self) -> "ModuleCache":
        """Return the same cache with keys for each user: what one stores, only he reads."""
        return ModuleCache(self.service, self.namespace, lambda: user_key(signed_in_user()))

    async def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - any plain value
        """Return the value of `key`, a copy of its own, or `default` where there is none.

        Raises:
            CacheUnavailableError: The cache cannot be reached.
        """
        name = self._prefix + key if self._owner is None and len(key) <= _LONGEST_KEY else self._key(key)
        store = self.service.store
        stored = store.peek(name)
        if stored is None:
            stored = await store.get(name)
            if stored is None:
                self.numbers.misses += 1
                return default
        self.numbers.hits += 1
        return unpack(stored)

    async def set(self, key: str, value: Any, *, expire: float | None = None, tag: str | None = None) -> None:  # noqa: ANN401 - any plain value
        """Keep a value; once this returns, every process reads it.

        Args:
            key: The key.
            value: Plain data: numbers, text, lists, dicts, times, `Decimal`, `UUID` and the like; None is a value too.
            expire: Seconds; None for as long as there is room.
            tag: To forget it with others, by `evict`.

        Raises:
            UncacheableValueError: It is not plain data.
            CacheUnavailableError: The cache cannot be reached, or the disk is full.
        """
        self.numbers.writes += 1
        await self.service.store.set(self._key(key), pack(value), expire=_seconds(expire), tag=tag)

    async def add(self, key: str, value: Any, *, expire: float | None = None, tag: str | None = None) -> bool:  # noqa: ANN401 - any plain value
        """Keep a value unless there is one, and return whether there was none: of many who try at once one succeeds.

        Raises:
            UncacheableValueError: It is not plain data.
            CacheUnavailableError: The cache cannot be reached, or the disk is full.
        """
        self.numbers.writes += 1
        return await self.service.store.add(self._key(key), pack(value), expire=_seconds(expire), tag=tag)

    async def incr(self, key: str, delta: int = 1, *, default: int = 0, expire: float | None = None) -> int:
        """Count up and return the sum; nobody's count is lost.

        Args:
            key: The key of a whole number.
            delta: What to add.
            default: What is counted from where there is none.
            expire: Seconds from the first count on.

        Raises:
            UncacheableValueError: Something else than a whole number is kept there.
            CacheUnavailableError: The cache cannot be reached, or the disk is full.
        """
        return await self.service.store.incr(self._key(key), delta, default=default, expire=_seconds(expire))

    async def delete(self, key: str) -> bool:
        """Forget a value and return whether there was one.

        Raises:
            CacheUnavailableError: The cache cannot be reached.
        """
        return await self.service.store.delete(self._key(key))

    async def evict(self, tag: str) -> int:
        """Forget everything with a tag, of all modules, and return how many values that were.

        A result that is being computed meanwhile is not kept: it may be made of what was before.

        Raises:
            CacheUnavailableError: The cache cannot be reached.
        """
        return await self.service.store.evict(tag)

    async def clear(self) -> int:
        """Forget everything of this module, and return how many values that were.

        Raises:
            CacheUnavailableError: The cache cannot be reached.
        """
        return await self.service.clear(self.namespace)

    def _key(self, key: str) -> str:
        if len(key) > _LONGEST_KEY:
            key = f"#{blake2b(key.encode(), digest_size=20).hexdigest()}"
        return self._prefix + key if self._owner is None else f"{self.namespace}:u:{self._owner()}:{key}"


def _seconds(expire: float | None) -> float | None:
    if expire is not None and expire <= 0:
        msg = f"expire is a number of seconds above 0, not {expire!r}"
        raise ValueError(msg)
    return expire
