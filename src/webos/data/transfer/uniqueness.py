"""What of a file would meet a value that must be unique, found before anything is written."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from webos.data.guard import GuardedCollection
from webos.data.scope import system_context
from webos.data.transfer.candidate import Candidate, Row
from webos.data.transfer.encoding import hashable
from webos.data.transfer.unique_keys import UniqueKey, unique_keys

__all__ = ["Uniqueness"]

_TAKEN = "This value is already in use."
_TAKEN_ID = "This id is taken already, maybe by a deleted record."

Places = dict[Hashable, tuple[Any, ...]]
Owners = Mapping[Hashable, Any]


class Uniqueness:
    """Looks for rows that a unique index would refuse, batch after batch in the order of the file.

    A batch costs one query for each unique index; of the file, only digests are kept. A unique index also holds against
    documents that the acting user does not see, so these are asked as the framework. Nothing of them is told but
    that a value is in use, as storing the row would tell as well.

    Args:
        collection: The guarded collection.
        names: Names of the fields by their stored names.
    """

    def __init__(self, collection: GuardedCollection, names: Mapping[str, str]) -> None:
        self._collection = collection
        self._names = names
        self._keys: list[UniqueKey] | None = None

    async def check(self, new: Sequence[Candidate], changed: Sequence[Candidate]) -> None:
        """Note on each row what it would meet.

        Args:
            new: Rows that become documents.
            changed: Rows that change documents, or restore them.
        """
        if self._keys is None:
            with system_context():
                indexes = await self._collection.index_information()
            self._keys = unique_keys(indexes, self._collection.policy.secrets)
        await self._check_ids([each for each in new if each.values.get("id") is not None])
        # In the order in which a batch is stored.
        order = [
            *new,
            *(each for each in changed if not each.is_deleted),
            *(each for each in changed if each.is_deleted),
        ]
        rows = [each for each in order if not each.problems]
        places = await asyncio.to_thread(lambda: [[_wanted(key, row) for key in self._keys or ()] for row in rows])
        owners = [await self._owners(key, [row[at] for row in places]) for at, key in enumerate(self._keys)]
        await asyncio.to_thread(self._judge, rows, places, owners)

    async def _check_ids(self, candidates: Sequence[Candidate]) -> None:
        if not candidates:
            return
        wanted = {"_id": {"$in": [each.row["_id"] for each in candidates if each.row is not None]}}
        with system_context():
            found = await self._collection.find(wanted, {"_id": 1}).to_list()
            found += await self._collection.find_deleted(wanted, limit=len(candidates))
        taken = {hashable(row["_id"]) for row in found}
        for candidate in candidates:
            if candidate.row is not None and hashable(candidate.row["_id"]) in taken:
                candidate.problems["id"] = _TAKEN_ID

    async def _owners(self, key: UniqueKey, wanted: Sequence[Places]) -> Owners:
        """Return the ids of the stored documents that have some of the places."""
        asked: Places = {}
        for places in wanted:
            asked |= places
        found: dict[Hashable, Any] = {}
        if asked:
            with system_context():
                async for row in self._collection.find(key.query(asked.values()), key.fields):
                    found |= {place: row["_id"] for place in key.places(row) if place in asked}
        return found

    def _judge(self, rows: Sequence[Candidate], places: Sequence[Sequence[Places]], owners: Sequence[Owners]) -> None:
        keys = self._keys or []
        for row, wanted in zip(rows, places, strict=True):
            for key, own, stored in zip(keys, wanted, owners, strict=True):
                problem = _problem(key, own, stored, None if row.stored is None else row.stored["_id"])
                if problem:
                    row.problems |= {self._names.get(name, name): problem for name in key.names}
            if row.problems:
                continue
            for key, own in zip(keys, wanted, strict=True):
                for place in own:
                    key.taken.add(place, row.number)
                for place in _given_up(key, row, own):
                    key.left.add(place, row.number)


def _wanted(key: UniqueKey, candidate: Candidate) -> Places:
    """Return the places that a row takes, besides those that its document has."""
    if candidate.row is not None:
        return key.places(candidate.row)
    stored: Row = candidate.stored or {}
    wanted = key.places({**stored, **candidate.changes})
    if candidate.is_deleted:
        return wanted
    had = key.places(stored)
    return {place: values for place, values in wanted.items() if place not in had}


def _given_up(key: UniqueKey, candidate: Candidate, wanted: Places) -> list[Hashable]:
    if candidate.stored is None or candidate.is_deleted:
        return []
    kept = key.places({**candidate.stored, **candidate.changes}).keys() | wanted.keys()
    return [place for place in key.places(candidate.stored) if place not in kept]


def _problem(key: UniqueKey, wanted: Places, owners: Owners, own: Any) -> str:  # noqa: ANN401 - any id
    for place in wanted:
        before = key.taken.row_of(place)
        if before is not None:
            return f"Row {before} has the same value."
        if place in owners and owners[place] != own and key.left.row_of(place) is None:
            return _TAKEN
    return ""
