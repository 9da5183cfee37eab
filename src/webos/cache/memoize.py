"""`@cache.memoize`: a function whose results are kept."""

import asyncio
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from loguru import logger

from webos.cache.arguments import CallKey
from webos.cache.computing import compute_once
from webos.cache.errors import CacheUnavailableError
from webos.cache.module_cache import ModuleCache
from webos.cache.packing import Stored
from webos.cache.results import Results
from webos.cache.scope import rights_of_whoever_acts
from webos.cache.service import namespace_tag
from webos.cache.store import tag_key

__all__ = ["Memo", "memoized"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """How results are kept.

    Attributes:
        expire: Seconds; None for as long as there is room.
        expire_none: Seconds for the result None, where that is to be asked for again sooner or later than others.
        tag: To forget results by `evict`.
        shared: Whether all users get the same results.
        find: Returns the cache of the function's module; None where no application runs.
    """

    expire: float | None
    expire_none: float | None
    tag: str | None
    shared: bool
    find: Callable[[], ModuleCache | None]


def memoized(function: F, memo: Memo) -> F:
    """Return `function` with its results kept.

    Raises:
        TypeError: It is a generator, whose results are not there at once.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        msg = f"{function.__qualname__} is a generator and cannot be memoized; return a list"
        raise TypeError(msg)
    calls = _Calls(function, memo)
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def ask(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - those of the function
            return await calls.ask(args, kwargs)

        return cast("F", ask)

    @functools.wraps(function)
    def ask_now(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - those of the function
        return calls.ask_now(args, kwargs)

    return cast("F", ask_now)


class _Calls:
    def __init__(self, function: Callable[..., Any], memo: Memo) -> None:
        self._function = function
        self._memo = memo
        self._key = CallKey(function)
        self._results = Results(function)
        self._computing = threading.Lock()

    async def ask(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the result
        cache = self._memo.find()
        if cache is None:
            return await self._function(*args, **kwargs)
        key = self._key_of(cache, args, kwargs)
        store = cache.service.store
        try:
            found, value = self._read(await store.get(key))
        except CacheUnavailableError as error:
            logger.warning("{} is computed without the cache: {}", self._function.__qualname__, error)
            return await self._function(*args, **kwargs)
        if found:
            cache.numbers.hits += 1
            return value
        cache.numbers.misses += 1

        async def compute() -> tuple[Stored | None, Any]:
            unchanged = {name: await store.get(name) for name in self._guards(cache)}

            async def keep(result: Any) -> None:  # noqa: ANN401 - the result
                stored = self._results.pack(result)
                cache.numbers.writes += 1
                try:
                    await store.set_if(
                        key, stored, unchanged=unchanged, expire=self._expire(result), tag=self._memo.tag
                    )
                except CacheUnavailableError as error:
                    logger.warning("{} could not be cached: {}", self._function.__qualname__, error)

            return await compute_once(store, key, self._call(args, kwargs), keep)

        return await self._landed(await cache.service.flights.run(key, compute), self._call(args, kwargs))

    def ask_now(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the result
        cache = self._memo.find()
        if cache is None:
            return self._function(*args, **kwargs)
        key = self._key_of(cache, args, kwargs)
        store = cache.service.store
        found, value = self._read(store.get_now(key))
        if found:
            cache.numbers.hits += 1
            return value
        # On the loop nobody may wait for another thread, which may itself wait for the loop.
        waits = not _in_loop()
        if waits:
            self._computing.acquire()
        try:
            found, value = self._read(store.get_now(key))
            if found:
                cache.numbers.hits += 1
                return value
            cache.numbers.misses += 1
            unchanged = {name: store.get_now(name) for name in self._guards(cache)}
            value = self._function(*args, **kwargs)
            stored = self._results.pack(value)
            cache.numbers.writes += 1
            expire, tag = self._expire(value), self._memo.tag
            store.set_if_now(key, stored, unchanged=unchanged, expire=expire, tag=tag, wait=waits)
            return value
        finally:
            if waits:
                self._computing.release()

    async def _landed(self, landed: tuple[Stored | None, Any], call: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
        stored, value = landed
        if stored is None:
            # Everybody gets a value of his own, as from the cache: what one changes, another does not see.
            stored = self._results.pack(value)
        usable, value = self._results.unpack(stored)
        return value if usable else await call()

    def _call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Callable[[], Awaitable[Any]]:
        return lambda: self._function(*args, **kwargs)

    def _read(self, stored: Stored | None) -> tuple[bool, Any]:
        return (False, None) if stored is None else self._results.unpack(stored)

    def _key_of(self, cache: ModuleCache, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        owner = "shared" if self._memo.shared else rights_of_whoever_acts()
        return f"{cache.namespace}:m:{self._function.__module__}.{self._key.of(args, kwargs)}:{owner}"

    def _guards(self, cache: ModuleCache) -> list[str]:
        tags = [namespace_tag(cache.namespace), *([] if self._memo.tag is None else [self._memo.tag])]
        return [tag_key(tag) for tag in tags]

    def _expire(self, result: Any) -> float | None:  # noqa: ANN401 - the result
        return self._memo.expire if result is not None or self._memo.expire_none is None else self._memo.expire_none


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
