"""Results that are kept."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

from webos.cache import CacheService, CacheStore, Memo, ModuleCache, UncacheableValueError, memoized
from webos.data.document import CoreDocument
from webos.data.scope import system_context
from webos.kernel.context import Principal, acting_as

ANNA = Principal(id=uuid4(), username="anna", grants=frozenset({"shop.read", "shop.write"}))
BOB = Principal(id=uuid4(), username="bob", grants=frozenset({"shop.read", "shop.write"}))


def keep(cache: ModuleCache | None, **options: Any) -> Callable[[Any], Any]:
    settings: dict[str, Any] = {"expire": 60, "expire_none": None, "tag": "stock", "shared": False, **options}
    return lambda function: memoized(function, Memo(find=lambda: cache, **settings))


class Counter:
    """Counts how often something is computed."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def note(self, what: Any = None) -> int:
        """Count one more."""
        self.calls.append(what)
        return len(self.calls)


async def test_a_result_is_computed_once_for_each_call(cache: ModuleCache) -> None:
    """The same arguments get the kept result, others are computed."""
    counter = Counter()

    @keep(cache)
    async def total(sku: str, *, limit: int = 5) -> dict[str, Any]:
        return {"sku": sku, "limit": limit, "call": counter.note()}

    with acting_as(ANNA):
        assert await total("a") == await total(sku="a", limit=5) == {"sku": "a", "limit": 5, "call": 1}
        assert (await total("b"))["call"] == 2
        assert (await total("a", limit=6))["call"] == 3
    assert (cache.numbers.hits, cache.numbers.misses) == (1, 3)
    assert cache.numbers.hit_rate == 0.25


async def test_results_are_of_whoever_asked(cache: ModuleCache) -> None:
    """Neither another user, nor the same one with fewer rights, nor a visitor gets what somebody else may see."""
    counter = Counter()

    @keep(cache)
    async def rows() -> int:
        return counter.note()

    @keep(cache, shared=True)
    async def rates() -> int:
        return counter.note()

    narrow = replace(ANNA, grants=frozenset({"shop.read"}))
    seen = []
    for user in (ANNA, BOB, narrow, replace(ANNA, is_superuser=True), replace(ANNA, role_names=("clerk",))):
        with acting_as(user):
            seen.append(await rows())
            assert await rows() == seen[-1]
    with acting_as(ANNA), system_context():
        seen.append(await rows())
    seen.append(await rows())
    with acting_as(ANNA):
        assert await rows() == seen[0]
        shared = await rates()
    with acting_as(BOB):
        assert await rates() == shared
    assert len(set(seen)) == 7


async def test_five_hundred_who_ask_at_once_get_one_computation(cache: ModuleCache) -> None:
    """Whoever asks while it is computed waits for it; each gets a value of his own."""
    counter, going = Counter(), asyncio.Event()

    @keep(cache)
    async def slow() -> dict[str, list[int]]:
        await going.wait()
        return {"rows": [counter.note()]}

    with acting_as(ANNA):
        asked = [asyncio.create_task(slow()) for _ in range(500)]
        await asyncio.sleep(0)
        asked[0].cancel()
        going.set()
        answers = await asyncio.gather(*asked[1:])
    assert asked[0].cancelled() or asked[0].cancelling()
    answers[0]["rows"].append("mine")
    assert answers[1:] == [{"rows": [1]}] * 498


async def test_two_processes_compute_once(store: CacheStore, other: CacheStore) -> None:
    """What one process computes the other waits for."""
    counter = Counter()
    begun, going = asyncio.Event(), asyncio.Event()
    functions: list[Callable[[int], Coroutine[Any, Any, int]]] = []
    services = [CacheService(lambda each=each: each) for each in (store, other)]  # type: ignore[misc]
    for service in services:
        await service.start()

        async def work(number: int) -> int:
            begun.set()
            await going.wait()
            return counter.note(number)

        functions.append(keep(ModuleCache(service, "shop"))(work))
    with acting_as(ANNA):
        asked = [asyncio.create_task(function(number)) for number in range(20) for function in functions]
        await begun.wait()
        going.set()
        await asyncio.gather(*asked)
    assert sorted(counter.calls) == list(range(20))


async def test_what_was_computed_before_an_eviction_is_not_kept_after_it(cache: ModuleCache) -> None:
    """A change that comes while a result is computed makes the next one compute it anew."""
    counter, begun, going = Counter(), asyncio.Event(), asyncio.Event()

    @keep(cache)
    async def stock() -> int:
        read = counter.note()
        begun.set()
        await going.wait()
        return read

    for forget in (partial(cache.evict, "stock"), cache.clear, cache.service.clear):
        before = len(counter.calls)
        begun.clear()
        going.clear()
        with acting_as(ANNA):
            asked = asyncio.create_task(stock())
            await begun.wait()
            await forget()
            going.set()
            assert await asked == before + 1
            assert await stock() == before + 2
            assert await stock() == before + 2
        await cache.evict("stock")


async def test_what_is_raised_is_not_kept(cache: ModuleCache) -> None:
    """An error reaches everybody who waits, and the next call tries again."""
    counter = Counter()

    @keep(cache)
    async def fails() -> int:
        if counter.note() == 1:
            msg = "no answer"
            raise ConnectionError(msg)
        return 5

    with acting_as(ANNA):
        first = await asyncio.gather(fails(), fails(), return_exceptions=True)
        assert [type(each) for each in first] == [ConnectionError, ConnectionError]
        assert await fails() == 5
    assert len(counter.calls) == 2


async def test_none_is_a_result(cache: ModuleCache) -> None:
    """None is kept as well, for a time of its own where one is given."""
    counter = Counter()

    @keep(cache)
    async def nothing() -> None:
        counter.note()

    @keep(cache, expire_none=0.05)
    async def nothing_yet() -> None:
        counter.note("short")

    with acting_as(ANNA):
        await nothing()
        await nothing()
        assert counter.calls == [None]
        while counter.calls.count("short") < 2:
            await nothing_yet()
            await asyncio.sleep(0.01)


class Line(BaseModel):
    """A result."""

    sku: str
    count: int


class Thing(CoreDocument):
    """A document."""

    name: str = ""


async def test_models_come_back_as_models(cache: ModuleCache) -> None:
    """A function that is annotated with models gets models back; documents and what does not fit are refused."""
    counter = Counter()

    @keep(cache)
    async def lines() -> list[Line]:
        return [Line(sku="a", count=counter.note())]

    @keep(cache)
    async def unannotated() -> Any:
        return Line(sku="a", count=1)

    @keep(cache)
    async def wrong() -> list[Line]:
        return [object()]  # type: ignore[list-item]

    @keep(cache)
    async def documents() -> list[Thing]:
        return [Thing.model_construct(name="x")]

    with acting_as(ANNA):
        assert await lines() == await lines() == [Line(sku="a", count=1)]
        for refused in (wrong, documents):
            with pytest.raises(UncacheableValueError):
                await refused()
        with pytest.raises(UncacheableValueError):
            await unannotated()


async def test_a_function_that_asks_itself_does_not_wait_for_itself(cache: ModuleCache) -> None:
    """Recursion over other arguments is kept at each step, over the same ones it is only called."""
    counter = Counter()

    @keep(cache)
    async def fibonacci(number: int) -> int:
        counter.note(number)
        return number if number < 2 else await fibonacci(number - 1) + await fibonacci(number - 2)

    @keep(cache)
    async def circle(depth: Any = None) -> int:
        return 1 if counter.note() % 2 else await circle(depth)

    with acting_as(ANNA):
        assert await fibonacci(20) == 6765
        assert len(counter.calls) == 21
        assert await circle() == 1


async def test_plain_functions_are_kept_too(cache: ModuleCache) -> None:
    """A plain function is computed once, whichever threads ask, and shares nothing between users."""
    counter = Counter()
    gate = threading.Barrier(4, timeout=10)

    @keep(cache)
    def heavy(number: int) -> int:
        return counter.note(number) * 10

    def ask() -> int:
        gate.wait()
        with acting_as(ANNA):
            return int(heavy(1))

    assert set(await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(4)))) == {10}
    assert counter.calls == [1]
    with acting_as(BOB):
        assert heavy(1) == 20


async def test_without_an_application_the_function_is_called() -> None:
    """In a test of a module's author, say, nothing is kept and nothing fails."""
    counter = Counter()

    @keep(None)
    async def one() -> int:
        return counter.note()

    @keep(None)
    def two() -> int:
        return counter.note()

    assert [await one(), await one(), two(), two()] == [1, 2, 3, 4]


def test_a_generator_is_refused() -> None:
    """A generator's results are not there at once; that is said when the module is loaded."""
    with pytest.raises(TypeError, match="return a list"):

        @keep(None)
        async def rows() -> Any:
            yield 1
