"""The ids of a table, read once."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from uuid import UUID

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from webos.data.table.id_source import Ids
from webos.data.table.snapshot import IdSnapshot
from webos.kernel.errors import UnavailableError

# Few different bytes, so that the bytes of one id occur across the border of two others.
object_ids = st.lists(st.sampled_from([0, 1]), min_size=12, max_size=12).map(lambda parts: ObjectId(bytes(parts)))


def oid(number: int) -> ObjectId:
    return ObjectId(number.to_bytes(12, "big"))


def packed(*numbers: int) -> bytes:
    return b"".join(oid(number).binary for number in numbers)


async def batches(*parts: Ids) -> AsyncIterator[Ids]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def complete(*parts: Ids) -> IdSnapshot:
    snapshot = IdSnapshot(batches(*parts))
    await snapshot.total()
    return snapshot


async def test_a_block_comes_as_soon_as_it_is_known() -> None:
    """A block does not wait for ids behind it; the total does."""
    go_on = asyncio.Event()

    async def source() -> AsyncIterator[Ids]:
        yield packed(1, 2, 3)
        await go_on.wait()
        yield packed(4)

    snapshot = IdSnapshot(source())
    assert await snapshot.block(0, 2) == [oid(1), oid(2)]
    assert not snapshot.complete
    later = asyncio.create_task(snapshot.block(2, 10))
    total = asyncio.create_task(snapshot.total())
    await asyncio.sleep(0)
    assert not later.done()
    go_on.set()
    assert await later == [oid(3), oid(4)]
    assert await total == 4
    assert snapshot.complete


@pytest.mark.parametrize(
    "parts",
    [
        [packed(1, 2), packed(3)],
        [[oid(1)], [oid(2), oid(3)]],
        [packed(1), [oid(2)], packed(3)],
        [b"", packed(1, 2, 3), []],
    ],
)
async def test_batches_may_come_packed_or_as_objects(parts: list[Ids]) -> None:
    """However the ids arrive, they take twelve bytes each."""
    snapshot = await complete(*parts)
    assert await snapshot.block(0, 10) == [oid(1), oid(2), oid(3)]
    assert snapshot.size_bytes == 36
    assert snapshot.last == oid(3).binary


@pytest.mark.parametrize("parts", [[[UUID(int=1), UUID(int=2)]], [[UUID(int=1)], [UUID(int=2)]]])
async def test_ids_of_any_type_are_kept(parts: list[Ids]) -> None:
    """Ids that are no ObjectIds are kept as they are, and take more room."""
    snapshot = await complete(*parts)
    assert await snapshot.block(0, 10) == [UUID(int=1), UUID(int=2)]
    assert snapshot.size_bytes > 2 * 12
    assert snapshot.last is None
    snapshot.remove({UUID(int=1)})
    assert await snapshot.block(0, 10) == [UUID(int=2)]
    snapshot.add_last(UUID(int=3))
    assert snapshot.stale


async def test_mixed_types_keep_their_order() -> None:
    """Where ids of two types follow each other, none is lost."""
    snapshot = await complete(packed(1), [UUID(int=1), oid(2)], packed(3))
    assert await snapshot.block(0, 10) == [oid(1), UUID(int=1), oid(2), oid(3)]


@given(st.lists(object_ids, unique=True, max_size=12), st.data())
async def test_removing_takes_out_exactly_the_named(ids: list[ObjectId], data: st.DataObject) -> None:
    """Ids are taken out whole, also where the same bytes lie across two others; the rest keeps its order."""
    gone = set(data.draw(st.lists(object_ids, max_size=4)))
    snapshot = await complete(list(ids))
    snapshot.remove(gone)
    assert await snapshot.block(0, 100) == [each for each in ids if each not in gone]


@given(st.lists(st.integers(0, 30), unique=True).map(sorted), st.integers(0, 31))
async def test_counts_up_to_an_id(numbers: list[int], limit: int) -> None:
    """In the order of the ids, those up to one are counted without looking at all."""
    snapshot = await complete(packed(*numbers))
    assert snapshot.count_up_to(oid(limit).binary) == len([number for number in numbers if number <= limit])
    assert snapshot.count_up_to(b"") == 0


async def test_a_new_last_row_is_added() -> None:
    """A greater id goes to the end, one that is there already is passed over, one between makes the snapshot stale."""
    snapshot = await complete(packed(1, 5))
    snapshot.add_last(oid(6))
    snapshot.add_last(oid(6))
    assert not snapshot.stale
    assert await snapshot.total() == 3
    snapshot.add_last(oid(3))
    assert snapshot.stale
    assert await snapshot.total() == 3


async def test_a_row_that_comes_while_ids_are_read_makes_it_stale() -> None:
    """Whether the reading saw it cannot be known."""
    go_on = asyncio.Event()

    async def source() -> AsyncIterator[Ids]:
        yield packed(1)
        await go_on.wait()

    snapshot = IdSnapshot(source())
    await snapshot.block(0, 1)
    snapshot.add_last(oid(2))
    assert snapshot.stale
    go_on.set()
    assert await snapshot.total() == 1


async def test_what_the_source_raises_reaches_every_reader() -> None:
    """Who waits for a block or the total gets the error, and the snapshot is stale so that it is not used again."""

    async def source() -> AsyncIterator[Ids]:
        yield packed(1)
        msg = "the database is gone"
        raise ConnectionError(msg)

    snapshot = IdSnapshot(source())
    for waiting in (snapshot.block(0, 5), snapshot.total(), snapshot.block(0, 1)):
        with pytest.raises(ConnectionError, match="the database is gone"):
            await waiting
    assert snapshot.stale


async def test_who_waits_for_a_snapshot_that_is_given_up_is_told() -> None:
    """A reader never takes the part that was read for the whole."""
    started = asyncio.Event()

    async def source() -> AsyncIterator[Ids]:
        yield packed(1)
        started.set()
        await asyncio.Event().wait()

    snapshot = IdSnapshot(source())
    waiting: Iterable[asyncio.Task[object]] = [
        asyncio.create_task(snapshot.block(0, 5)),
        asyncio.create_task(snapshot.total()),
    ]
    await started.wait()
    snapshot.cancel()
    for each in waiting:
        with pytest.raises(UnavailableError):
            await each
