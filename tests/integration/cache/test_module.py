"""The cache of a module."""

from pathlib import Path
from uuid import uuid4

import pytest

from webos.cache import CacheService, CacheUnavailableError, HostStore, ModuleCache, UncacheableValueError
from webos.kernel.context import ANONYMOUS, Principal, acting_as
from webos.kernel.errors import NotSignedInError

ANNA = Principal(id=uuid4(), username="anna")
BOB = Principal(id=uuid4(), username="bob")


async def test_modules_do_not_read_each_other(cache: ModuleCache) -> None:
    """The same key of two modules is two values; tags are common, so that a change is told to all."""
    other = ModuleCache(cache.service, "office")
    await cache.set("config", {"a": 1}, tag="stock")
    assert await other.get("config", "nothing") == "nothing"
    await other.set("config", None, tag="stock")
    assert await other.get("config", "nothing") is None
    assert await other.evict("stock") == 2
    assert await cache.get("config") is None
    await cache.set("a", 1)
    await other.set("a", 2)
    assert await cache.clear() == 1
    assert (await cache.get("a"), await other.get("a")) == (None, 2)


async def test_users_do_not_read_each_other(cache: ModuleCache) -> None:
    """A value for a user is read by him only, whatever key another one names; visitors have none."""
    mine = cache.for_user()
    with acting_as(ANNA):
        await mine.set("draft", "text")
        assert await mine.incr("visits") == 1
    with acting_as(BOB):
        assert await mine.get("draft") is None
        assert await mine.get(f"{ANNA.id.hex}:draft") is None
        assert await mine.incr("visits") == 1
    assert await cache.get(f"u:{ANNA.id.hex}:draft") is None
    with acting_as(ANNA):
        assert await mine.get("draft") == "text"
        assert await mine.delete("draft")
    with acting_as(ANONYMOUS), pytest.raises(NotSignedInError):
        await mine.get("draft")


async def test_keys_of_any_length(cache: ModuleCache) -> None:
    """Long keys are keys like others, told apart to the last character."""
    await cache.set("x" * 10_000 + "a", 1)
    await cache.set("x" * 10_000 + "b", 2)
    assert [await cache.get("x" * 10_000 + end) for end in "abc"] == [1, 2, None]


async def test_what_cannot_be_kept_is_refused(cache: ModuleCache) -> None:
    """Objects, times that are over and counts on texts are refused, and what was there stays."""
    await cache.set("a", "text")
    with pytest.raises(UncacheableValueError):
        await cache.set("a", object())
    for seconds in (0, -1):
        with pytest.raises(ValueError, match="above 0"):
            await cache.set("a", 1, expire=seconds)
    with pytest.raises(UncacheableValueError):
        await cache.incr("a")
    assert await cache.get("a") == "text"


async def test_values_outlive_the_process(tmp_path: Path) -> None:
    """What was kept is there after a stop and a start; before and after, the cache says that it is not open."""
    service = CacheService(lambda: HostStore(tmp_path / "cache", limit=2**24))
    cache = ModuleCache(service, "shop")
    with pytest.raises(CacheUnavailableError, match="before the application has started"):
        await cache.get("a")
    await service.start()
    await cache.set("a", [1, 2])
    await service.stop()
    with pytest.raises(CacheUnavailableError):
        await cache.set("a", 1)
    await service.start()
    assert await cache.get("a") == [1, 2]
    await service.stop()


async def test_a_broken_file_is_made_anew(tmp_path: Path) -> None:
    """A cache that cannot be read is empty, not in the way."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "cache.db").write_bytes(b"not a database" * 1000)
    service = CacheService(lambda: HostStore(tmp_path / "cache", limit=2**24))
    await service.start()
    cache = ModuleCache(service, "shop")
    await cache.set("a", 1)
    assert await cache.get("a") == 1
    await service.stop()


async def test_nobody_else_reads_the_folder(tmp_path: Path) -> None:
    """The folder and the files in it are for the server's own account."""
    store = HostStore(tmp_path / "cache", limit=2**24)
    await store.set("big", b"x" * 100_000)
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    await store.close()
