"""The snapshots of a process: shared, bounded, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from webos.data.table.id_source import Ids
from webos.data.table.snapshots import SnapshotStore
from webos.kernel.errors import UnavailableError

ANNAS = ("shop.Product", "anna", "{}", ())
BERTS = ("shop.Product", "bert", "{}", ())
OTHER = ("shop.Category", "", "{}", ())


async def ids(number: int = 1) -> AsyncIterator[Ids]:
    yield bytes(12 * number)


async def endless() -> AsyncIterator[Ids]:
    yield bytes(12)
    await asyncio.Event().wait()


async def fill(store: SnapshotStore, *keys: str, number: int = 1) -> list[str]:
    """Open a snapshot for each key and wait until it is read; return the handles."""
    handles = []
    for key in keys:
        handle, snapshot = store.open((key,), lambda: ids(number))
        await snapshot.total()
        handles.append(handle)
    return handles


async def test_the_same_question_is_answered_once() -> None:
    """Who asks the same under the same rights gets the same snapshot, others another."""
    store = SnapshotStore()
    first = store.open(ANNAS, ids)
    assert store.open(ANNAS, ids) == first
    assert store.open(BERTS, ids)[0] != first[0]
    assert [key for key, _ in store.of_collection("shop.Product")] == [ANNAS, BERTS]
    assert store.of_collection("shop.Category") == []
    await store.close()


async def test_a_handle_opens_nothing_for_another_key() -> None:
    """A handle counts only together with what it was given for."""
    store = SnapshotStore()
    handle, snapshot = store.open(ANNAS, ids)
    assert store.find(handle, ANNAS) is snapshot
    for key in (BERTS, OTHER):
        assert store.find(handle, key) is None
    assert store.find("", ANNAS) is None
    assert store.find("guess", ANNAS) is None
    await store.close()


async def test_a_stale_snapshot_is_kept_for_its_readers_only() -> None:
    """After a change who opens anew gets a new snapshot; who has the old handle goes on with the old one."""
    store = SnapshotStore()
    handle, snapshot = store.open(ANNAS, ids)
    snapshot.stale = True
    renewed, fresh = store.open(ANNAS, ids)
    assert renewed != handle
    assert fresh is not snapshot
    assert store.find(handle, ANNAS) is snapshot
    await store.close()


async def test_a_snapshot_may_be_kept_to_its_handle() -> None:
    """One that is not shared is found by its handle and given to nobody else."""
    store = SnapshotStore()
    handle, snapshot = store.open(ANNAS, ids, shared=False)
    assert store.find(handle, ANNAS) is snapshot
    assert store.open(ANNAS, ids)[1] is not snapshot
    await store.close()


async def test_memory_is_bounded() -> None:
    """When the ids take too much memory, those that were not used for longest go first."""
    store = SnapshotStore(max_bytes=5 * 12)
    handles = await fill(store, "a", "b", number=2)
    assert store.find(handles[0], ("a",)) is not None
    await store.find(handles[0], ("a",)).total()  # type: ignore[union-attr]  # it is there, as just seen
    handles += await fill(store, "c", number=2)
    handles += await fill(store, "d", number=2)
    kept = [key for handle, key in zip(handles, "abcd", strict=True) if store.find(handle, (key,))]
    assert kept == ["a", "c", "d"]
    handles += await fill(store, "e", number=2)
    assert sum(snapshot.size_bytes for key in "abcde" for _, snapshot in store.of_collection(key)) <= 6 * 12
    again, _ = store.open(("b",), ids)
    assert again != handles[1]
    await store.close()


async def test_their_number_is_bounded() -> None:
    """However small they are, only so many are kept."""
    store = SnapshotStore(max_count=3)
    handles = await fill(store, *"abcdef")
    kept = [key for handle, key in zip(handles, "abcdef", strict=True) if store.find(handle, (key,))]
    assert kept == ["d", "e", "f"]
    await store.close()


async def test_one_that_alone_is_too_big_is_still_shown() -> None:
    """A table that is bigger than the whole bound can be looked at."""
    store = SnapshotStore(max_bytes=12)
    handles = await fill(store, "a", number=100)
    assert store.find(handles[0], ("a",)) is not None
    await store.close()


async def test_one_that_somebody_waits_for_is_not_thrown_out() -> None:
    """A snapshot that is still being read is not given up for the sake of others."""
    store = SnapshotStore(max_count=2)
    handle, snapshot = store.open(ANNAS, endless)
    waiting = asyncio.create_task(snapshot.block(0, 1))
    await fill(store, *"abcd")
    assert store.find(handle, ANNAS) is snapshot
    assert await waiting == await snapshot.block(0, 1)
    await store.close()


async def test_closing_ends_what_is_being_read() -> None:
    """After the store is closed nothing runs in the background, and who waits is told."""
    store = SnapshotStore()
    handle, snapshot = store.open(ANNAS, endless)
    total = asyncio.create_task(snapshot.total())
    await snapshot.block(0, 1)
    await store.close()
    with pytest.raises(UnavailableError):
        await total
    assert store.find(handle, ANNAS) is None
    assert [task for task in asyncio.all_tasks() if task.get_name() == "table snapshot"] == []
