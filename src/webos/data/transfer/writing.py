"""Storing rows through the guard, many at once, and telling which of them failed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import bson
from bson import Decimal128
from bson.codec_options import CodecOptions, TypeEncoder, TypeRegistry
from bson.errors import BSONError
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from webos.data.conflicts import taken_error
from webos.data.guard import GuardedCollection
from webos.data.guard.lifecycle import Restoration
from webos.data.guard.updates import stamp_insert
from webos.data.transfer.candidate import Candidate
from webos.data.transfer.encoding import same
from webos.data.transfer.matching import Matcher
from webos.data.transfer.slices import SLICE, in_slices
from webos.kernel.errors import ConflictError, PermissionDeniedError

__all__ = ["Writer"]

Row = dict[str, Any]

_DUPLICATE_KEY = 11000
_LARGEST = 16 * 1024 * 1024 - 16 * 1024
_ATTEMPTS = 5
# What the driver raises for values that the database cannot hold.
_UNSTORABLE = (BSONError, OverflowError, UnicodeError, ArithmeticError, ValueError)


class _Decimals(TypeEncoder):
    """Encodes decimals as the database keeps them."""

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)


_CODEC: CodecOptions[Row] = CodecOptions(
    uuid_representation=bson.binary.UuidRepresentation.STANDARD, type_registry=TypeRegistry([_Decimals()])
)


class Writer:
    """Stores candidates in the collection of a model; whoever acts when it is called is the author.

    Args:
        collection: The guarded collection.
        title: What people call one of its documents.
        names: Names of the fields by their stored names.
        matcher: Finds stored documents again.
    """

    def __init__(self, collection: GuardedCollection, title: str, names: Mapping[str, str], matcher: Matcher) -> None:
        self._collection = collection
        self._title = title
        self._names = names
        self._matcher = matcher

    async def insert(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Store new documents; what could not be stored has `problems` afterwards.

        Args:
            candidates: At most 500, each with a `row`.

        Returns:
            Those whose id was taken already, by whatever document: nothing was stored for them.
        """
        if not candidates:
            return []
        try:
            new = await self._collection.insert_missing([each.row or {} for each in candidates])
        except BulkWriteError as error:
            self._note_failures(_failures_of(error), candidates)
            return []
        except (PermissionDeniedError, *_UNSTORABLE):
            await self.look(candidates)
            if not any(each.problems for each in candidates):
                raise
            return await self.insert([each for each in candidates if not each.problems])
        if new == len(candidates):
            return []
        return [each for each in candidates if each.row is not None and "_id" in each.row]

    async def look(self, candidates: Sequence[Candidate]) -> None:
        """Note what of new documents cannot be stored, or may not be by the acting user."""
        await in_slices(_check_storable, candidates)
        await in_slices(self._check_permitted, candidates)

    async def restore(self, candidates: Sequence[Candidate]) -> None:
        """Take deleted documents back, with their changes.

        Args:
            candidates: Each with `stored`, as it was read, and `changes`.
        """
        await in_slices(_check_storable, candidates)
        waiting = [each for each in candidates if not each.problems]
        for start in range(0, len(waiting), SLICE):
            some = waiting[start : start + SLICE]
            applied = await self._collection.restore_each(
                [Restoration(each.stored or {}, {"$set": each.changes} if each.changes else {}) for each in some]
            )
            for position in applied.missed:
                some[position].problems[""] = "Somebody else changed this record in the meantime."
            self._note_failures(applied.errors, some)

    async def update(self, candidates: Sequence[Candidate]) -> None:
        """Change stored documents, each based on the revision that was read.

        What others change meanwhile stays; a field that they and the file change differently is a problem.

        Args:
            candidates: Each with `stored` and `changes`.
        """
        await in_slices(_check_storable, candidates)
        waiting = [each for each in candidates if not each.problems]
        for _ in range(_ATTEMPTS):
            waiting = [
                left
                for start in range(0, len(waiting), SLICE)
                for left in await self._update_some(waiting[start : start + SLICE])
            ]
            if not waiting:
                return
        for candidate in waiting:
            candidate.problems[""] = "Others change this record all the time. Try this row again."

    async def _update_some(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Change some documents; return those that others changed since, with their changes worked out anew."""
        operations = [
            UpdateOne({"_id": stored["_id"], "revision": stored["revision"]}, {"$set": candidate.changes})
            for candidate in candidates
            if (stored := candidate.stored) is not None
        ]
        try:
            await self._collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            self._note_failures(_failures_of(error), candidates)
        except ConflictError:
            pass
        else:
            return []
        now = await self._matcher.read(candidates)
        return [each for each in candidates if not each.problems and self._is_left(each, now)]

    def _is_left(self, candidate: Candidate, now: Mapping[Any, Row]) -> bool:
        """Return whether a change is still to be made, based on what is stored now."""
        before = candidate.stored or {}
        stored = now.get(before.get("_id"))
        if stored is None:
            candidate.problems[""] = "This record was deleted in the meantime."
            return False
        left = {name: value for name, value in candidate.changes.items() if not same(stored.get(name), value)}
        if left and stored.get("revision") == before.get("revision"):
            candidate.problems[""] = "You may look at this record, but not change it."
            return False
        if not left:
            return False
        for name in left:
            if not same(stored.get(name), before.get(name)):
                candidate.problems[self._names.get(name, name)] = "Somebody else changed this in the meantime."
                return False
        candidate.stored, candidate.changes = stored, left
        return True

    def _check_permitted(self, candidate: Candidate) -> None:
        if candidate.row is not None:
            try:
                stamp_insert(self._collection.policy, candidate.row)
            except PermissionDeniedError as error:
                candidate.problems[""] = error.user_message

    def _note_failures(self, failures: Sequence[Row], candidates: Sequence[Candidate]) -> None:
        for failure in failures:
            candidate = candidates[failure["index"]]
            if failure.get("code") != _DUPLICATE_KEY:
                candidate.problems[""] = "The database refused this row."
                continue
            taken = taken_error(self._title, DuplicateKeyError(str(failure.get("errmsg", "")), _DUPLICATE_KEY, failure))
            fields = {self._names.get(name, name): text for name, text in taken.fields.items()}
            candidate.problems.update(fields or {"": taken.user_message})


def _failures_of(error: BulkWriteError) -> Sequence[Row]:
    failures: Sequence[Row] = error.details.get("writeErrors", ())
    if not failures or error.details.get("writeConcernErrors"):
        raise error
    return failures


def _check_storable(candidate: Candidate) -> None:
    """Note what the database cannot hold: too large numbers, letters that are none, too much of it."""
    values = candidate.row if candidate.row is not None else candidate.changes
    try:
        if len(bson.encode(values, codec_options=_CODEC)) > _LARGEST:
            candidate.problems[""] = "This row is larger than a record can be."
    except _UNSTORABLE:
        for name, value in values.items():
            try:
                bson.encode({name: value}, codec_options=_CODEC)
            except _UNSTORABLE:
                candidate.problems[name] = "The database cannot hold this value."
