"""Finding the stored documents that rows of a file mean, many at once."""

from collections.abc import Sequence
from typing import Any

from bson import DBRef

from webos.data.guard import GuardedCollection
from webos.data.table.columns import ColumnKind
from webos.data.transfer.candidate import Candidate
from webos.data.transfer.encoding import hashable
from webos.data.transfer.fields import ImportField
from webos.data.transfer.slices import SLICE

__all__ = ["Matcher"]

Row = dict[str, Any]

_MOST_DELETED = 5000


class Matcher:
    """Finds stored documents by the values of a key.

    Args:
        collection: The guarded collection: only what the acting user may see is found.
        key: The fields of the key.
    """

    def __init__(self, collection: GuardedCollection, key: Sequence[ImportField]) -> None:
        self._collection = collection
        self._names = [field.stored for field in key]
        self._links = {field.stored for field in key if field.kind is ColumnKind.LINK}

    async def match_deleted(self, candidates: Sequence[Candidate]) -> None:
        """Set `stored` of those that have no document but a deleted one; of several, the last deleted counts.

        Raises:
            PermissionDeniedError: The acting user may not change such documents.
        """
        by_key = {hashable(each.key): each for each in candidates if each.key and each.stored is None}
        if by_key:
            for row in await self._collection.find_deleted(self._filter(list(by_key.values())), limit=_MOST_DELETED):
                candidate = by_key.get(self._key_of(row))
                if candidate is not None and candidate.stored is None:
                    candidate.stored, candidate.is_deleted = row, True

    async def match(self, candidates: Sequence[Candidate]) -> None:
        """Set `stored` of those whose document there is; a key that several documents have is a problem."""
        asked = [each for each in candidates if each.key and not each.problems]
        # A few at a time: the driver decodes what it finds on the event loop.
        for start in range(0, len(asked), SLICE):
            await self._match_some(asked[start : start + SLICE])

    async def _match_some(self, candidates: Sequence[Candidate]) -> None:
        by_key = {hashable(each.key): each for each in candidates}
        async for row in self._collection.find(self._filter(candidates)):
            candidate = by_key.get(self._key_of(row))
            if candidate is None:
                continue
            if candidate.stored is not None:
                candidate.problems[""] = "More than one stored record has this key."
            candidate.stored = row

    def _key_of(self, row: Row) -> Any:  # noqa: ANN401 - something that can be compared
        return hashable(tuple(row.get(name) for name in self._names))

    def _filter(self, candidates: Sequence[Candidate]) -> Row:
        # The values of each field apart, for many servers find no index for alternatives of several fields.
        return {
            f"{name}.$id" if name in self._links else name: {"$in": _distinct([each.key[at] for each in candidates])}
            for at, name in enumerate(self._names)
        }

    async def read(self, candidates: Sequence[Candidate]) -> dict[Any, Row]:
        """Return the documents that candidates change, as they are stored now, by id."""
        identities = [each.stored["_id"] for each in candidates if each.stored is not None]
        return {row["_id"]: row async for row in self._collection.find({"_id": {"$in": identities}})}


def _distinct(values: list[Any]) -> list[Any]:
    plain = (value.id if isinstance(value, DBRef) else value for value in values)
    return list({hashable(value): value for value in plain}.values())
