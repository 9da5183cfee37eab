"""The methods of a guarded collection that write: each brings the rules and the stamps, and leaves its entry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pymongo.results import BulkWriteResult, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from webos.data.conflicts import changed_error
from webos.data.guard import options as allowed
from webos.data.guard import single
from webos.data.guard.audited import Change
from webos.data.guard.bulk import WriteOperation, bulk_write
from webos.data.guard.fields import demand_options, demand_writable
from webos.data.guard.inserts import InsertNotes, insert_many, insert_one
from webos.data.guard.missing import insert_missing
from webos.data.guard.options import checked
from webos.data.guard.results import bind_result
from webos.data.guard.several import change_many
from webos.data.guard.updates import Update, soft_deletion, stamp_insert, stamp_update
from webos.data.secret.writes import seal_document, seal_operation, seal_replacement, seal_update
from webos.data.stamp import Stamp, current_stamp, running_stamp, stamping

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

    from webos.data.guard.database import GuardedDatabase
    from webos.data.policy import CollectionPolicy

__all__ = ["WritingMethods"]

Row = dict[str, Any]
Filter = Mapping[str, Any] | None


class WritingMethods:
    """The writing half of a guarded collection.

    Attributes:
        name: Name of the collection.
        database: The guarded database it belongs to.
        policy: Rules of the collection.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        name: str
        database: GuardedDatabase
        _raw: AsyncCollection[Row]

        @property
        def policy(self) -> CollectionPolicy: ...  # noqa: D102 - of the whole collection

        def restrict(self, query: Filter, action: str = ...) -> Row: ...  # noqa: D102 - of the whole collection

        def readable(self, projection: Any, options: Mapping[str, Any]) -> Any: ...  # noqa: ANN401, D102 - of the whole collection

        async def explain_miss(self, query: Filter, session: Any = ...) -> None: ...  # noqa: ANN401, D102 - of the whole collection

        def restrict_write(self, query: Filter, *, upsert: bool) -> Row: ...  # noqa: D102 - of the whole collection

        def restrict_replacement(self, query: Filter, replacement: Row, *, upsert: bool) -> tuple[Row, Row]: ...  # noqa: D102 - of the whole collection

    async def insert_one(self, document: Row, **options: Any) -> InsertOneResult:  # noqa: ANN401 - as the driver
        """Insert a document with its audit stamps."""
        checked(options, allowed.INSERT)
        with stamping(current_stamp()) as stamp:
            stamped = seal_document(self, stamp_insert(self.policy, document))
            return await insert_one(self, stamped, stamp, **options)

    async def insert_many(self, documents: Iterable[Row], **options: Any) -> InsertManyResult:  # noqa: ANN401
        """Insert documents with their audit stamps."""
        checked(options, allowed.INSERT)
        with stamping(current_stamp()) as stamp:
            stamped = [seal_document(self, stamp_insert(self.policy, document)) for document in documents]
            return await insert_many(self, stamped, stamp, **options)

    async def insert_missing(self, documents: Iterable[Row]) -> int:
        """Insert those of many documents whose id is free, with their audit stamps, and return how many these are."""
        policy = self.policy
        with stamping(current_stamp()) as stamp:
            stamped = (seal_document(self, stamp_insert(policy, document)) for document in documents)
            notes = InsertNotes(self, stamp) if policy.audited else None
            return await insert_missing(self._raw, stamped, phantom_keys=self.database.traits.phantom_keys, notes=notes)

    async def update_one(self, filter: Filter, update: Update, upsert: bool = False, **options: Any) -> UpdateResult:  # noqa: A002, ANN401, FBT001, FBT002
        """Change one document."""
        checked(options, allowed.UPDATE)
        demand_options(self.policy, options)
        demand_writable(self.policy, update, filter if upsert else None)
        query = self.restrict_write(filter, upsert=upsert)
        query, update = await seal_update(self, query, update, options, upsert=upsert)
        with self.stamp_change() as stamp:
            stamped = stamp_update(update, upsert=upsert)
            query = await bind_result(self, query, stamped, options.get("session"), upsert=upsert)
            if self.policy.audited:
                return await single.update_one(self, Change("update", query, stamped, stamp, options), upsert=upsert)
            return await self._raw.update_one(query, stamped, upsert=upsert, **options)

    async def update_loaded(self, before: Row, update: Update, **options: Any) -> UpdateResult:  # noqa: ANN401
        """Change a document that was read before, if it is stored with the same revision.

        Args:
            before: The document as it was read: its old values go into the record of changes.
            update: Update operators or a pipeline.
            options: The driver's.
        """
        checked(options, allowed.UPDATE)
        demand_options(self.policy, options)
        demand_writable(self.policy, update)
        query = self.restrict_write({"_id": before["_id"], "revision": before["revision"]}, upsert=False)
        query, update = await seal_update(self, query, update, options)
        with self.stamp_change() as stamp:
            stamped = stamp_update(update)
            query = await bind_result(self, query, stamped, options.get("session"))
            if self.policy.audited:
                return await single.update_one(self, Change("update", query, stamped, stamp, options), before=before)
            return await self._raw.update_one(query, stamped, **options)

    async def update_many(self, filter: Filter, update: Update, upsert: bool = False, **options: Any) -> UpdateResult:  # noqa: A002, ANN401, FBT001, FBT002
        """Change all documents that match."""
        checked(options, allowed.UPDATE)
        demand_options(self.policy, options)
        demand_writable(self.policy, update, filter if upsert else None)
        query = self.restrict_write(filter, upsert=upsert)
        query, update = await seal_update(self, query, update, options, upsert=upsert, many=True)
        with stamping(self._stamp_of_many()) as stamp:
            stamped = stamp_update(update, upsert=upsert)
            query = await bind_result(self, query, stamped, options.get("session"), upsert=upsert)
            if not self.policy.audited:
                return await self._raw.update_many(query, stamped, upsert=upsert, **options)
            change = Change("update", query, stamped, stamp, options)
            changed = await change_many(self, change)
            if upsert and not changed:
                return await single.update_one(self, change, upsert=True)
        return UpdateResult({"n": changed, "nModified": changed, "updatedExisting": changed > 0}, acknowledged=True)

    async def replace_one(self, filter: Filter, replacement: Row, upsert: bool = False, **options: Any) -> UpdateResult:  # noqa: A002, ANN401, FBT001, FBT002
        """Replace the fields of one document; its stamps stay, and its revision must be the replacement's.

        Raises:
            ConflictError: It was changed since that revision.
        """
        checked(options, allowed.UPDATE)
        demand_options(self.policy, options)
        replacement = await seal_replacement(self, self.restrict(filter), replacement, options)
        with self.stamp_change() as stamp:
            query, update = self.restrict_replacement(filter, replacement, upsert=upsert)
            query = await bind_result(self, query, update, options.get("session"))
            if self.policy.audited:
                result = await single.update_one(self, Change("update", query, update, stamp, options))
            else:
                result = await self._raw.update_one(query, update, **options)
        if result.matched_count == 0:
            await self._refuse_stale(filter, query, options)
        return result

    async def delete_one(self, filter: Filter, **options: Any) -> DeleteResult:  # noqa: A002, ANN401
        """Mark one document as deleted."""
        checked(options, allowed.DELETE)
        demand_options(self.policy, options)
        query = self.restrict_write(filter, upsert=False)
        with self.stamp_change() as stamp:
            if self.policy.audited:
                result = await single.update_one(self, Change("delete", query, soft_deletion(), stamp, options))
            else:
                result = await self._raw.update_one(query, soft_deletion(), **options)
        return DeleteResult({"n": result.modified_count}, acknowledged=True)

    async def delete_many(self, filter: Filter, **options: Any) -> DeleteResult:  # noqa: A002, ANN401
        """Mark all documents that match as deleted."""
        checked(options, allowed.DELETE)
        demand_options(self.policy, options)
        query = self.restrict_write(filter, upsert=False)
        with stamping(self._stamp_of_many()) as stamp:
            if self.policy.audited:
                deleted = await change_many(self, Change("delete", query, soft_deletion(), stamp, options))
            else:
                deleted = (await self._raw.update_many(query, soft_deletion(), **options)).modified_count
        return DeleteResult({"n": deleted}, acknowledged=True)

    async def find_one_and_update(
        self,
        filter: Filter,  # noqa: A002 - as the driver
        update: Update,
        upsert: bool = False,  # noqa: FBT001, FBT002 - as the driver
        **options: Any,  # noqa: ANN401 - as the driver
    ) -> Row | None:
        """Change one document and return it."""
        checked(options, allowed.FIND_AND_CHANGE)
        demand_writable(self.policy, update, filter if upsert else None)
        query = self.restrict_write(filter, upsert=upsert)
        query, update = await seal_update(self, query, update, options, upsert=upsert)
        with self.stamp_change() as stamp:
            stamped = stamp_update(update, upsert=upsert)
            query = await bind_result(self, query, stamped, options.get("session"), upsert=upsert)
            return await self._find_and_change(Change("update", query, stamped, stamp, options), upsert=upsert)

    async def find_one_and_replace(
        self,
        filter: Filter,  # noqa: A002 - as the driver
        replacement: Row,
        upsert: bool = False,  # noqa: FBT001, FBT002 - as the driver
        **options: Any,  # noqa: ANN401 - as the driver
    ) -> Row | None:
        """Replace the fields of one document and return it.

        Raises:
            ConflictError: It was changed since the revision that the replacement is based on.
        """
        checked(options, allowed.FIND_AND_CHANGE)
        replacement = await seal_replacement(self, self.restrict(filter), replacement, options)
        with self.stamp_change() as stamp:
            query, update = self.restrict_replacement(filter, replacement, upsert=upsert)
            query = await bind_result(self, query, update, options.get("session"))
            found = await self._find_and_change(Change("update", query, update, stamp, options))
        if found is None:
            await self._refuse_stale(filter, query, options)
        return found

    async def find_one_and_delete(self, filter: Filter, **options: Any) -> Row | None:  # noqa: A002, ANN401
        """Mark one document as deleted and return it as it was."""
        checked(options, allowed.FIND_AND_CHANGE)
        query = self.restrict_write(filter, upsert=False)
        with self.stamp_change() as stamp:
            return await self._find_and_change(Change("delete", query, soft_deletion(), stamp, options))

    async def bulk_write(self, requests: Sequence[WriteOperation], **options: Any) -> BulkWriteResult:  # noqa: ANN401
        """Run several writes in one request.

        Raises:
            ConflictError: A write was based on a revision that is no longer the stored one.
        """
        checked(options, allowed.BULK)
        if self.policy.secrets:
            requests = [await seal_operation(self, request, options) for request in requests]
        with stamping(self._stamp_of_many()) as stamp:
            return await bulk_write(self, requests, stamp, **options)

    async def _find_and_change(self, change: Change, *, upsert: bool = False) -> Row | None:
        shown = self.readable(change.options.get("projection"), change.options)
        if shown is not None:
            change = replace(change, options={**change.options, "projection": shown})
        if self.policy.audited:
            return await single.find_and_change(self, change, upsert=upsert)
        return await self._raw.find_one_and_update(change.query, change.update, upsert=upsert, **change.options)

    async def _refuse_stale(self, query: Filter, tried: Row, options: Mapping[str, Any]) -> None:
        """Tell a document that has another revision from one that is not there."""
        if "revision" not in tried:
            return
        await self.explain_miss(query, options.get("session"))
        if await self._raw.find_one(self.restrict(query), {"_id": 1}, session=options.get("session")) is not None:
            msg = f"a document in {self.name} was changed since revision {tried['revision']}"
            raise changed_error(msg)

    def stamp_change(self) -> stamping:
        """Fix one stamp for the block: that of the running write, else one that no other change here has.

        So it can be told from the stamps of a document which of two changes at the same time is the stored one.
        """
        return stamping(running_stamp() or self.database.journal.distinct(current_stamp()))

    def _stamp_of_many(self) -> Stamp:
        return self.database.journal.distinct(current_stamp())
