"""The snapshots of a process: shared by all who look at the same rows, bounded in number and memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from secrets import token_urlsafe
from typing import Any

from webos.data.table.id_source import Ids
from webos.data.table.snapshot import IdSnapshot

__all__ = ["SnapshotStore"]

Key = tuple[Any, ...]


class SnapshotStore:
    """Keeps snapshots by what they show and for whom, and gives each a handle that clients can name.

    A handle is only found again together with the same key, so that it opens nothing for another user.

    Args:
        max_bytes: Memory for all ids; the longest unused snapshot goes first.
        max_count: Number of snapshots.
    """

    def __init__(self, max_bytes: int = 64 * 1024 * 1024, max_count: int = 200) -> None:
        self._max_bytes = max_bytes
        self._max_count = max_count
        self._current: dict[Key, str] = {}
        self._by_handle: dict[str, tuple[Key, IdSnapshot]] = {}

    def find(self, handle: str, key: Key) -> IdSnapshot | None:
        """Return the snapshot of a handle if it is still kept and shows `key`."""
        entry = self._by_handle.get(handle)
        return entry[1] if entry is not None and entry[0] == key else None

    def open(
        self, key: Key, source: Callable[[], AsyncIterator[Ids]], *, shared: bool = True
    ) -> tuple[str, IdSnapshot]:
        """Return the current snapshot for `key`, begun anew where there is none or it is stale.

        Args:
            key: What the snapshot shows, and for whom.
            source: Begins to read the ids.
            shared: Whether others may be given the same one; False where nothing tells when it becomes stale.
        """
        handle = self._current.get(key)
        if handle is not None and handle in self._by_handle:
            snapshot = self._by_handle[handle][1]
            if not snapshot.stale:
                return handle, snapshot
        handle = token_urlsafe(12)
        snapshot = IdSnapshot(source())
        self._by_handle[handle] = (key, snapshot)
        if shared:
            self._current[key] = handle
        self._evict(handle)
        return handle, snapshot

    def of_collection(self, collection: str) -> list[tuple[Key, IdSnapshot]]:
        """Return all snapshots whose key begins with `collection`."""
        return [(key, snapshot) for key, snapshot in self._by_handle.values() if key[0] == collection]

    async def close(self) -> None:
        """Stop all that are still being filled."""
        for _, snapshot in self._by_handle.values():
            snapshot.cancel()
        await asyncio.gather(
            *(snapshot._task for _, snapshot in self._by_handle.values()),  # noqa: SLF001 - the store owns them
            return_exceptions=True,
        )
        self._by_handle.clear()
        self._current.clear()

    def _evict(self, keep: str) -> None:
        by_age = sorted(self._by_handle, key=lambda handle: self._by_handle[handle][1].last_used)
        used = sum(snapshot.size_bytes for _, snapshot in self._by_handle.values())
        for handle in by_age:
            if used <= self._max_bytes and len(self._by_handle) <= self._max_count:
                return
            # Somebody waits for one that is still being read.
            if handle == keep or not self._by_handle[handle][1].complete:
                continue
            key, snapshot = self._by_handle.pop(handle)
            snapshot.cancel()
            used -= snapshot.size_bytes
            if self._current.get(key) == handle:
                del self._current[key]
