"""Finding the stored documents that rows of a file mean, many at once."""

from collections.abc import Sequence
from typing import Any

from bson import DBRef

from webos.data.guard import GuardedCollection
from webos.data.table.columns import ColumnKind
from webos.data.transfer.candidate import Candidate
from webos.data.transfer.encoding import hashable
from webos.data.transfer.fields import ImportField

__all__ = ["Matcher"]

Row = dict[str, Any]


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

    async def match(self, candidates: Sequence[Candidate]) -> None:
        """Set `stored` of those whose document there is; a key that several documents have is a problem."""
        by_key = {hashable(each.key): each for each in candidates if each.key and not each.problems}
        if not by_key:
            return
        # The values of each field apart, for many servers find no index for alternatives of several fields.
        wanted = {
            f"{name}.$id" if name in self._links else name: {
                "$in": _distinct([each.key[at] for each in by_key.values()])
            }
            for at, name in enumerate(self._names)
        }
        async for row in self._collection.find(wanted):
            key = hashable(tuple(row.get(name) for name in self._names))
            candidate = by_key.get(key)
            if candidate is None:
                continue
            if candidate.stored is not None:
                candidate.problems[""] = "More than one stored record has this key."
            candidate.stored = row

    async def read(self, candidates: Sequence[Candidate]) -> dict[Any, Row]:
        """Return the documents that candidates change, as they are stored now, by id."""
        identities = [each.stored["_id"] for each in candidates if each.stored is not None]
        return {row["_id"]: row async for row in self._collection.find({"_id": {"$in": identities}})}


def _distinct(values: list[Any]) -> list[Any]:
    plain = (value.id if isinstance(value, DBRef) else value for value in values)
    return list({hashable(value): value for value in plain}.values())
