"""The ids of all rows of one filter and order: read once, then any block of it costs the same."""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncIterator
from typing import Any

from bson import ObjectId

from webos.data.table.id_source import Ids
from webos.kernel.errors import UnavailableError

__all__ = ["IdSnapshot"]

_ID_BYTES = 12


class IdSnapshot:
    """An ordered list of ids that fills itself in the background.

    On servers where a sorted `find` costs time by every matching document, and where `skip` costs time by its
    distance, this is what makes the block at row 300,000 as quick as the first. Ids that are ObjectIds take
    12 bytes each.

    Args:
        source: Yields the ids in batches, in order.
    """

    def __init__(self, source: AsyncIterator[Ids]) -> None:
        self._packed = bytearray()
        self._others: list[Any] | None = None
        self._grown = asyncio.Condition()
        self._error: Exception | None = None
        self.complete = False
        self.stale = False
        self.last_used = time.monotonic()
        self.build_seconds = 0.0
        self._task = asyncio.create_task(self._fill(source), name="table snapshot")

    def __len__(self) -> int:
        return len(self._packed) // _ID_BYTES if self._others is None else len(self._others)

    @property
    def size_bytes(self) -> int:
        """Memory the ids take, about."""
        return len(self._packed) if self._others is None else 80 * len(self._others)

    async def block(self, start: int, end: int) -> list[Any]:
        """Return the ids of the rows from `start` up to, not including, `end`; waits until they are known."""
        self.last_used = time.monotonic()
        async with self._grown:
            await self._grown.wait_for(lambda: self.complete or len(self) >= end)
        if self._error is not None:
            raise self._error
        if self._others is not None:
            return self._others[start:end]
        return _unpack(bytes(self._packed[start * _ID_BYTES : end * _ID_BYTES]))

    async def total(self) -> int:
        """Return the number of rows; waits until it is known."""
        self.last_used = time.monotonic()
        async with self._grown:
            await self._grown.wait_for(lambda: self.complete)
        if self._error is not None:
            raise self._error
        return len(self)

    @property
    def last(self) -> bytes | None:
        """The bytes of the last id, none for an empty snapshot; None where the ids are of another type."""
        return bytes(self._packed[-_ID_BYTES:]) if self._others is None else None

    def count_up_to(self, identity: bytes) -> int:
        """Return how many ids are not greater than `identity`, in a snapshot that is in the order of the ids."""
        return bisect_right(range(len(self)), identity, key=self._at)

    def _at(self, index: int) -> bytes:
        return bytes(self._packed[index * _ID_BYTES : (index + 1) * _ID_BYTES])

    def add_last(self, identity: Any) -> None:  # noqa: ANN401 - an id of any type
        """Add a new last row; where that is not its place, the snapshot becomes stale."""
        if not self.complete or self._others is not None or type(identity) is not ObjectId:
            self.stale = True
            return
        last = bytes(self._packed[-_ID_BYTES:])
        if identity.binary > last:
            self._packed.extend(identity.binary)
        elif identity.binary != last:
            self.stale = True

    def remove(self, identities: set[Any]) -> None:
        """Take out rows that no longer exist."""
        if self._others is not None:
            self._others = [identity for identity in self._others if identity not in identities]
            return
        for identity in identities:
            found = self.find(identity)
            if found is not None:
                del self._packed[found * _ID_BYTES : (found + 1) * _ID_BYTES]

    def find(self, identity: Any) -> int | None:  # noqa: ANN401 - an id of any type
        """Return at which place an id stands; None where it does not."""
        if self._others is not None:
            return self._others.index(identity) if identity in self._others else None
        if not isinstance(identity, ObjectId):
            return None
        at = self._packed.find(identity.binary)
        while at >= 0 and at % _ID_BYTES:
            at = self._packed.find(identity.binary, at + 1)
        return at // _ID_BYTES if at >= 0 else None

    def cancel(self) -> None:
        """Stop filling."""
        self._task.cancel()

    async def _fill(self, source: AsyncIterator[Ids]) -> None:
        begun = time.perf_counter()
        try:
            async for batch in source:
                async with self._grown:
                    self._extend(batch)
                    self._grown.notify_all()
        except asyncio.CancelledError:
            msg = "the snapshot was given up before it was read"
            self._fail(UnavailableError(msg))
            raise
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for a block
            self._fail(error)
        finally:
            self.build_seconds = time.perf_counter() - begun
            self.complete = True
            await self._wake()

    def _fail(self, error: Exception) -> None:
        self._error = error
        # Whoever asks next gets a new one.
        self.stale = True

    async def _wake(self) -> None:
        async with self._grown:
            self._grown.notify_all()

    def _extend(self, batch: Ids) -> None:
        if isinstance(batch, bytes) and self._others is None:
            self._packed.extend(batch)
            return
        if isinstance(batch, bytes):
            batch = _unpack(batch)
        if self._others is None and not all(type(identity) is ObjectId for identity in batch):
            self._others = _unpack(bytes(self._packed))
            self._packed.clear()
        if self._others is not None:
            self._others.extend(batch)
        else:
            self._packed.extend(b"".join(identity.binary for identity in batch))


def _unpack(packed: bytes) -> list[Any]:
    return [ObjectId(packed[at : at + _ID_BYTES]) for at in range(0, len(packed), _ID_BYTES)]
