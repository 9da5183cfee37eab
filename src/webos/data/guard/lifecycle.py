"""The methods of a guarded collection for what is deleted: finding it, taking it back, and removing it for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo import DeleteOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from webos.data.audit.applied import READING, key_of
from webos.data.audit.entry import new_entry
from webos.data.audit.scrubbing import scrub
from webos.data.conflicts import changed_error
from webos.data.guard.audited import Change, in_transaction, is_undone
from webos.data.guard.audited_bulk import run_each
from webos.data.guard.bulk import BulkChange, bind_change, guard_operation
from webos.data.guard.fields import demand_writable, hidden_fields
from webos.data.guard.grant_scope import demand_no_grant
from webos.data.guard.queries import merge_filter, restriction
from webos.data.guard.results import demand_result
from webos.data.guard.several import Applied, Plan, apply
from webos.data.guard.updates import Update, restoration
from webos.data.guard.writing import WritingMethods
from webos.data.rules.rule import WRITE
from webos.data.scope import acting_user, in_system_context
from webos.data.secret.reads import refuse_conditions
from webos.data.secret.writes import refuse_secrets
from webos.data.stamp import current_stamp, stamping
from webos.kernel.errors import NotFoundError, NotSignedInError, PermissionDeniedError

__all__ = ["LifecycleMethods", "Restoration"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Restoration:
    """What to take back of a deleted document.

    Attributes:
        row: The document as `find_deleted` gave it.
        update: What else to change of it, as update operators.
    """

    row: Row
    update: Mapping[str, Any] = field(default_factory=dict)


class LifecycleMethods(WritingMethods):
    """What a guarded collection does with deleted documents."""

    __slots__ = ()

    async def find_deleted(
        self,
        query: Mapping[str, Any] | None = None,
        *,
        limit: int = 1000,
        session: AsyncClientSession | None = None,
    ) -> list[Row]:
        """Return deleted documents that the acting user could see if they were live, the last deleted first.

        Args:
            query: What they must match.
            limit: How many at most.
            session: For a transaction.

        Raises:
            PermissionDeniedError: He may not change such documents.
        """
        _demand(self.policy.write_permission)
        refuse_conditions(self.policy, query)
        self.restrict(query)
        rules = restriction(self.policy, WRITE)
        # Live documents have no date there, so they are below every date.
        rules["deleted_at"] = {"$type": "date"}
        hidden = hidden_fields(self.policy)
        rows = await self._find_any(query, rules, limit, session)
        return [{name: value for name, value in row.items() if name not in hidden} for row in rows] if hidden else rows

    async def restore_each(
        self, restorations: Sequence[Restoration], *, session: AsyncClientSession | None = None
    ) -> Applied:
        """Take deleted documents back, as far as they are still as they were read.

        Args:
            restorations: The documents, as `find_deleted` gave them, and what else to change.
            session: For a transaction.

        Raises:
            PermissionDeniedError: The acting user may not change such documents.
        """
        _demand(self.policy.write_permission)
        demand_no_grant(self.policy)
        for each in restorations:
            demand_writable(self.policy, each.update)
            refuse_secrets(self, each.update)
        options: Row = {"session": session, "comment": READING}
        rules = {**restriction(self.policy, WRITE), "deleted_at": {"$type": "date"}}
        wanted = {"_id": {"$in": [each.row["_id"] for each in restorations]}}
        rows = await self._find_any(wanted, rules, len(restorations), session)
        stored = {key_of(row["_id"]): row for row in rows}
        with stamping(self.database.journal.distinct(current_stamp())) as stamp:
            plans: list[Plan] = []
            own: list[int] = []
            for position, each in enumerate(restorations):
                row = stored.get(key_of(each.row["_id"]))
                # Whether he may have it back is decided by what is stored, not by what he brings.
                if row is not None and row["revision"] == each.row.get("revision"):
                    update = restoration(each.update)
                    demand_result(self.policy, row, update)
                    change = Change("restore", {}, update, stamp, options, was_deleted=True)
                    plans.append((row, change))
                    own.append(position)
            applied = await apply(self, plans, ordered=False)
        missed = {own[position] for position in applied.missed} | (set(range(len(restorations))) - set(own))
        errors = tuple({**error, "index": own[error["index"]]} for error in applied.errors)
        return Applied(frozenset(missed), errors)

    async def change_each(self, changes: Sequence[tuple[Row, Update | None]]) -> list[str | None]:
        """Change or delete documents, each if it is still as it was read.

        Args:
            changes: Documents as they were read, and their updates; None deletes.

        Returns:
            For each what stood in its way, worded for people; None for nothing.

        Raises:
            PermissionDeniedError: The acting user may not change such documents.
        """
        _demand(self.policy.write_permission)
        with stamping(self.database.journal.distinct(current_stamp())) as stamp:
            guarded: list[BulkChange] = []
            own: list[int] = []
            outcomes: list[str | None] = [None] * len(changes)
            for position, (row, update) in enumerate(changes):
                refuse_secrets(self, update or {})
                based = {"_id": row["_id"], "revision": row["revision"]}
                operation = DeleteOne(based) if update is None else UpdateOne(based, update)
                write = guard_operation(self, position, operation, stamp)
                try:
                    guarded.append(await bind_change(self, write.guarded))
                except PermissionDeniedError as error:
                    outcomes[position] = error.user_message
                else:
                    own.append(position)
            for position, reason in zip(own, await run_each(self, guarded), strict=True):
                outcomes[position] = reason
        return outcomes

    async def purge(self, identity: Any, *, session: AsyncClientSession | None = None) -> None:  # noqa: ANN401 - any id
        """Remove a document for good, live or deleted, and its values from the record of changes.

        Args:
            identity: Its id.
            session: For a transaction.

        Raises:
            PermissionDeniedError: The acting user lacks the permission `<module>.purge`.
            NotFoundError: There is none for him.
            ConflictError: It is changed at this moment.
        """
        policy, journal = self.policy, self.database.journal
        _demand(f"{policy.model.partition('.')[0]}.purge")
        rules = {name: value for name, value in restriction(policy, WRITE).items() if name != "deleted_at"}
        found = await self._find_any({"_id": identity}, rules, 1, session)
        if not found:
            msg = f"no such document in {self.name}"
            raise NotFoundError(msg)
        before = found[0]
        exact = {"_id": before["_id"], "revision": before.get("revision")}
        if not policy.audited:
            await self._raw.delete_one(exact, session=session, comment=READING)
            return
        with stamping(current_stamp()) as stamp:
            revision = (before.get("revision") or 0) + 1
            entry = new_entry(policy, "purge", [before["_id"]], stamp, revision=revision, before=before)
            await journal.note([entry], session)
            try:
                result = await self._raw.delete_one(exact, session=session, comment=READING)
            except BaseException as error:
                if is_undone(error) and not in_transaction(session):
                    await journal.forget([entry])
                raise
            if not result.deleted_count:
                await journal.forget([entry], session)
                msg = f"a document in {self.name} was changed while it was to be removed"
                raise changed_error(msg)
            await scrub(journal, self.name, before["_id"], session)

    async def _find_any(
        self, query: Mapping[str, Any] | None, rules: Row, limit: int, session: AsyncClientSession | None
    ) -> list[Row]:
        """Find documents whatever their deletion mark is; the id is asked for first, for not every server does so."""
        merged = merge_filter(query, rules)
        first = {"_id": merged.pop("_id")} if "_id" in merged else {}
        stages: list[Row] = [{"$match": each} for each in (first, merged) if each]
        stages += [{"$sort": {"deleted_at": -1}}, {"$limit": limit}]
        cursor = await self._raw.aggregate(stages, session=session, comment=READING)
        return await cursor.to_list()


def _demand(permission: str | None) -> None:
    """Refuse unless the acting user holds a permission, or at least is signed in.

    Raises:
        NotSignedInError: Nobody is signed in.
        PermissionDeniedError: He lacks it.
    """
    if in_system_context():
        return
    user = acting_user()
    if not user.is_authenticated:
        raise NotSignedInError
    if permission is not None and not user.has_permission(permission):
        msg = f"{user.username} lacks {permission}"
        raise PermissionDeniedError(msg, user_message=f"You need the permission “{permission}” to do this.")
