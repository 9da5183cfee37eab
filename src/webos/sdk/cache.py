"""`from webos.sdk import cache`: the cache of the module that uses it."""

import sys
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, Final, TypeVar

from webos.cache import CacheUnavailableError, Memo, ModuleCache, memoized

__all__ = ["CacheOfCaller", "bind_cache", "cache", "unbind_cache"]

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE: Final = "__webos_cache__"


class CacheOfCaller:
    """The cache, with keys of their own for whichever module's code calls; see `ModuleCache`."""

    __slots__ = ()

    def get(self, key: str, default: Any = None) -> Awaitable[Any]:  # noqa: ANN401 - any plain value
        """Return the value of `key`, or `default` where there is none."""
        return _callers_cache().get(key, default)

    def set(self, key: str, value: Any, *, expire: float | None = None, tag: str | None = None) -> Awaitable[None]:  # noqa: ANN401 - any plain value
        """Keep a value for `expire` seconds; once this returns, every process reads it."""
        return _callers_cache().set(key, value, expire=expire, tag=tag)

    def add(self, key: str, value: Any, *, expire: float | None = None, tag: str | None = None) -> Awaitable[bool]:  # noqa: ANN401 - any plain value
        """Keep a value unless there is one, and return whether there was none."""
        return _callers_cache().add(key, value, expire=expire, tag=tag)

    def incr(self, key: str, delta: int = 1, *, default: int = 0, expire: float | None = None) -> Awaitable[int]:
        """Count up and return the sum."""
        return _callers_cache().incr(key, delta, default=default, expire=expire)

    def delete(self, key: str) -> Awaitable[bool]:
        """Forget a value and return whether there was one."""
        return _callers_cache().delete(key)

    def evict(self, tag: str) -> Awaitable[int]:
        """Forget everything with a tag, of all modules, and return how many values that were."""
        return _callers_cache().evict(tag)

    def clear(self) -> Awaitable[int]:
        """Forget everything of the module, and return how many values that were."""
        return _callers_cache().clear()

    def for_user(self) -> ModuleCache:
        """Return the same cache with keys for each user: what one stores, only he reads."""
        return _callers_cache().for_user()

    def memoize(
        self,
        *,
        expire: float | None = None,
        tag: str | None = None,
        expire_none: float | None = None,
        shared: bool = False,
    ) -> Callable[[F], F]:
        """Keep the results of a function, plain or async; of many who ask for the same at once, one computes.

        Results belong to the user who asked, with the rights he had: nobody gets what was made for somebody else. What a
        function raises is not kept. Without a running application the function is only called.

        Args:
            expire: Seconds; None for as long as there is room.
            tag: To forget the results, `await cache.evict(tag)`.
            expire_none: Seconds for the result None, where others are to be kept longer or shorter.
            shared: Whether all users get the same results: for what does not depend on who asks.

        Raises:
            ValueError: A time is not above 0.
        """
        for seconds in (expire, expire_none):
            if seconds is not None and seconds <= 0:
                msg = f"expire is a number of seconds above 0, not {seconds!r}"
                raise ValueError(msg)

        def decorate(function: F) -> F:
            memo = Memo(
                expire=expire,
                expire_none=expire_none,
                tag=tag,
                shared=shared,
                find=lambda: _cache_of(function.__module__),
            )
            return memoized(function, memo)

        return decorate


cache: Final = CacheOfCaller()
"""The cache of the module that uses it."""


def bind_cache(package: ModuleType, module_cache: ModuleCache) -> None:
    """Let the code below `package` use `module_cache`."""
    setattr(package, _ATTRIBUTE, module_cache)


def unbind_cache(package: ModuleType, service: object) -> None:
    """Take back what `bind_cache` did, unless another application has bound its own since."""
    bound = getattr(package, _ATTRIBUTE, None)
    if bound is not None and bound.service is service:
        delattr(package, _ATTRIBUTE)


def _cache_of(name: str) -> ModuleCache | None:
    while name:
        found = getattr(sys.modules.get(name), _ATTRIBUTE, None)
        if found is not None:
            bound: ModuleCache = found
            return bound
        name = name.rpartition(".")[0]
    return None


def _callers_cache() -> ModuleCache:
    # Two frames up: the method of `CacheOfCaller`, then whoever called it.
    name = sys._getframe(2).f_globals.get("__name__", "")  # noqa: SLF001 - how loguru knows its caller as well
    found = _cache_of(name)
    if found is None:
        msg = (
            f"{name} belongs to no module of a running application; there, ask `services.get(CacheService)` for a cache"
        )
        raise CacheUnavailableError(msg)
    return found
