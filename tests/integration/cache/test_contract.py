"""What every place for cached values does alike."""

import asyncio
import time

from webos.cache import CacheStore
from webos.cache.store import tag_key


async def test_a_value_is_kept_and_forgotten(store: CacheStore) -> None:
    """What was set is read until it is deleted; deleting tells whether there was something."""
    assert await store.get("a") is None
    await store.set("a", b"1")
    assert await store.get("a") == b"1"
    await store.set("a", 7)
    assert await store.get("a") == 7
    assert await store.delete("a") is True
    assert await store.delete("a") is False
    assert await store.get("a") is None


async def test_values_of_any_size_come_back(store: CacheStore) -> None:
    """Empty values and big ones are values like others."""
    for size in (0, 1, 32 * 1024, 5 * 2**20):
        await store.set("big", b"x" * size)
        read = await store.get("big")
        assert isinstance(read, bytes)
        assert len(read) == size


async def test_a_value_ends(store: CacheStore, other: CacheStore) -> None:
    """After its time a value is gone, also where it was remembered."""
    await store.set("a", b"1", expire=0.4)
    begun = time.monotonic()
    assert await store.get("a") == b"1"
    assert await other.get("a") == b"1"
    while await store.get("a") is not None or await other.get("a") is not None:
        assert time.monotonic() - begun < 5
        await asyncio.sleep(0.02)
    assert time.monotonic() - begun >= 0.35
    assert await store.add("a", b"2") is True


async def test_one_of_many_adds(store: CacheStore, other: CacheStore) -> None:
    """Of many who add at once, in two processes, one succeeds."""
    added = await asyncio.gather(*(each.add("once", number) for number in range(20) for each in (store, other)))
    assert sum(added) == 1


async def test_no_count_is_lost(store: CacheStore, other: CacheStore) -> None:
    """Counts of two processes add up, from a default, up and down, and end together."""
    await asyncio.gather(*(each.incr("n", 2, default=100) for _ in range(50) for each in (store, other)))
    assert await store.get("n") == 300
    assert await other.incr("n", -301) == -1
    await store.set("set", 5)
    assert await store.incr("set") == 6
    await store.incr("hits", expire=0.2)
    begun = time.monotonic()
    while await store.get("hits") is not None:
        assert time.monotonic() - begun < 5
        await asyncio.sleep(0.02)
    assert await store.incr("hits") == 1


async def test_a_write_is_read_by_every_process_at_once(store: CacheStore, other: CacheStore) -> None:
    """After a write has returned nobody reads what was there before, however much he remembers."""
    for number in range(300):
        writer, reader = (store, other) if number % 2 else (other, store)
        await writer.set("a", number)
        assert await reader.get("a") == number
        assert await writer.get("a") == number
        assert await reader.get("a") == number
    await store.delete("a")
    assert await other.get("a") is None


async def test_a_tag_is_forgotten_everywhere(store: CacheStore, other: CacheStore) -> None:
    """Evicting a tag forgets all its values in every process and tells how many; others stay."""
    for number in range(10):
        await store.set(f"in{number}", number, tag="stock")
    await store.set("out", 1, tag="other")
    await store.set("none", 1)
    for number in range(10):
        assert await other.get(f"in{number}") == number
    assert await store.evict("stock") == 10
    assert [await other.get(f"in{number}") for number in range(10)] == [None] * 10
    assert (await other.get("out"), await other.get("none")) == (1, 1)
    assert await store.evict("stock") == 0


async def test_a_value_that_loses_its_tag_stays(store: CacheStore, other: CacheStore) -> None:
    """What was set again without the tag, or with another, is not forgotten with it."""
    await store.set("a", 1, tag="old")
    await other.set("a", 2, tag="new")
    await store.evict("old")
    assert await other.get("a") == 2
    await other.evict("new")
    assert await store.get("a") is None


async def test_a_value_is_kept_only_if_nothing_was_evicted(store: CacheStore, other: CacheStore) -> None:
    """What was computed from data of before an eviction is not kept after it."""
    name = tag_key("stock")
    before = await store.get(name)
    assert await store.set_if("a", 1, unchanged={name: before}, tag="stock") is True
    before = await store.get(name)
    await other.evict("stock")
    assert await store.set_if("a", 2, unchanged={name: before}, tag="stock") is False
    assert await store.get("a") is None
    before = await store.get(name)
    store.set_if_now("a", 3, unchanged={name: before}, tag="stock")
    assert store.get_now("a") == 3
    assert await other.get("a") == 3


async def test_all_below_a_prefix_is_forgotten(store: CacheStore, other: CacheStore) -> None:
    """Clearing forgets what begins with the prefix, everywhere; an empty one forgets all."""
    for name in ("shop:a", "shop:b", "shopping:a"):
        await store.set(name, 1)
        assert await other.get(name) == 1
    assert await store.clear("shop:") == 2
    assert [await other.get(name) for name in ("shop:a", "shop:b", "shopping:a")] == [None, None, 1]
    await other.clear()
    assert await store.get("shopping:a") is None
    assert (await store.size()).values == 0


async def test_what_has_ended_makes_room(store: CacheStore) -> None:
    """Tidying forgets what has ended, and the size says so."""
    await store.set("stays", b"x" * 1000)
    await store.set("ends", b"x", expire=0.05)
    assert (await store.size()).bytes > 0
    begun = time.monotonic()
    while (await store.size()).values != 1:
        assert time.monotonic() - begun < 5
        await asyncio.sleep(0.02)
        await store.expire()
    assert await store.get("stays") == b"x" * 1000
