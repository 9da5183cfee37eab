"""Taking back a change-set: each document gets the values it had, unless somebody has changed it since."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from pydantic import ValidationError

from webos.data.audit.applied import key_of
from webos.data.audit.change_set import change_set
from webos.data.audit.nets import Net, measure, read_nets
from webos.data.audit.records import UndoConflict, UndoReport
from webos.data.audit.sameness import ABSENT, is_same
from webos.data.guard import GuardedCollection, GuardedDatabase
from webos.data.guard.audited_bulk import CHANGED, REFUSED, TAKEN
from webos.data.guard.fields import hidden_fields, locked_fields
from webos.data.guard.lifecycle import Restoration
from webos.data.guard.several import DUPLICATE_KEY
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.scope import acting_user, in_system_context
from webos.kernel.errors import NotFoundError, PermissionDeniedError

__all__ = ["Progress", "Undo"]

Row = dict[str, Any]
Progress = Callable[[int, int], Awaitable[None]]
"""Is told how many documents are done, and how many there are."""


@dataclass(slots=True)
class _Tally:
    undone: int = 0
    skipped: int = 0
    conflicts: list[UndoConflict] = field(default_factory=list)


class Undo:
    """Takes change-sets back, as whoever acts, some hundred documents at a time and the last changed first.

    Args:
        models: The document classes.
        database: The guarded database.
    """

    def __init__(self, models: ModelRegistry, database: GuardedDatabase) -> None:
        self._models = models
        self._database = database

    async def run(self, identity: str, progress: Progress | None) -> UndoReport:
        """Take a change-set back.

        Args:
            identity: The change-set.
            progress: Is told how far it is.

        Raises:
            NotFoundError: There are no changes in it.
            PermissionDeniedError: The acting user may change none of the documents.
        """
        extent = await measure(self._database.journal, identity)
        counts = {
            name: count for name, count in extent.documents.items() if self._models.by_collection(name) is not None
        }
        total = sum(counts.values())
        if not total:
            raise _nothing_in(identity)
        writable = {info.collection: info for info in map(self._models.by_collection, counts) if _writable(info)}
        if not writable:
            msg = f"{acting_user().username} may not change what {identity} has changed"
            raise PermissionDeniedError(msg, user_message="You may not change these documents.")
        tally = _Tally(skipped=sum(count for name, count in counts.items() if name not in writable))
        done, found = tally.skipped, tally.skipped
        with change_set(f"Undo: {extent.label}" if extent.label else "Undo") as own:
            async for part in read_nets(self._database.journal, identity, writable):
                info = writable[part.collection]
                if part.nets:
                    await _Part(self._database[info.collection], info, tally).run(part.nets)
                done, found = done + part.documents, found + len(part.nets)
                if progress is not None:
                    await progress(done, total)
        if not found:
            raise _nothing_in(identity)
        return UndoReport(own.id, tally.undone, tally.skipped, tally.conflicts)


def _nothing_in(identity: str) -> NotFoundError:
    msg = f"there are no changes in {identity}"
    return NotFoundError(msg, user_message="There are no changes on record to take back.")


def _writable(info: ModelInfo | None) -> TypeGuard[ModelInfo]:
    return info is not None and (in_system_context() or info.may_write(acting_user()))


class _Part:
    """Some hundred documents of one model."""

    def __init__(self, collection: GuardedCollection, info: ModelInfo, tally: _Tally) -> None:
        self._collection = collection
        self._info = info
        self._tally = tally
        self._codec = collection.database.journal.codec
        self._hidden = hidden_fields(info.policy)
        self._locked = locked_fields(info.policy)

    async def run(self, nets: Sequence[Net]) -> None:
        """Take the changes of these documents back."""
        live = await self._live(nets)
        deleted = await self._deleted(
            [net for net in nets if net.last == "delete" and key_of(net.identity) not in live]
        )
        changes: list[tuple[Net, Row, Row | None]] = []
        restorations: list[tuple[Net, Restoration]] = []
        for net in nets:
            row, was = live.get(key_of(net.identity)), deleted.get(key_of(net.identity))
            if row is not None and net.last != "delete":
                changes += [(net, row, step) for step in self._steps_of_live(net, row)]
            elif was is not None and not net.made_live:
                update = self._back(net, was) if was.get("revision") == net.revision else CHANGED
                if isinstance(update, str):
                    self._refuse(net, update)
                else:
                    restorations.append((net, Restoration(was, update)))
            else:
                self._tally.skipped += 1
        await self._write(changes)
        await self._restore(restorations)

    def _steps_of_live(self, net: Net, row: Row) -> list[Row | None]:
        """Return the update that takes changes back, or None for a deletion; nothing where there is nothing to do."""
        if net.made_live:
            if row.get("revision") == net.revision:
                return [None]
            self._refuse(net, CHANGED)
            return []
        update = self._back(net, row)
        if isinstance(update, str):
            self._refuse(net, update)
            return []
        if not update:
            self._tally.skipped += 1
            return []
        return [update]

    def _refuse(self, net: Net, reason: str) -> None:
        self._tally.conflicts.append(UndoConflict(self._info.name, net.identity, reason))

    async def _live(self, nets: Iterable[Net]) -> dict[Any, Row]:
        rows = self._collection.find({"_id": {"$in": [net.identity for net in nets]}})
        return {key_of(row["_id"]): row async for row in rows}

    async def _deleted(self, nets: Sequence[Net]) -> dict[Any, Row]:
        if not nets:
            return {}
        wanted = {"_id": {"$in": [net.identity for net in nets]}}
        rows = await self._collection.find_deleted(wanted, limit=len(nets))
        return {key_of(row["_id"]): row for row in rows}

    def _back(self, net: Net, row: Row) -> Row | str:
        """Return the update that puts the old values back, or what stands in the way."""
        if net.lost:
            return net.lost
        if self._hidden & net.old.keys():
            return "It has changed fields that you may not see."
        if self._locked & net.old.keys():
            return "It has changed fields that you may not change."
        changed = [name for name in net.old if not self._holds(net, row, name)]
        if changed:
            return f"Changed since: {', '.join(sorted(changed))}."
        names = [name for name, old in net.old.items() if not is_same(row.get(name, ABSENT), old, self._codec)]
        back = {name: net.old[name] for name in names if net.old[name] is not ABSENT}
        unset = dict.fromkeys((name for name in names if net.old[name] is ABSENT), "")
        as_before = {name: value for name, value in {**row, **back}.items() if name not in unset}
        try:
            self._info.document.__pydantic_validator__.validate_python(as_before)
        except ValidationError:
            return "The old values do not fit the others that it has now."
        return {operator: fields for operator, fields in (("$set", back), ("$unset", unset)) if fields}

    def _holds(self, net: Net, row: Row, name: str) -> bool:
        """Return whether a field still has the value that the change-set gave it."""
        if name not in net.new:
            return bool(row.get("revision") == net.revision)
        return is_same(row.get(name, ABSENT), net.new[name], self._codec)

    async def _write(self, changes: Sequence[tuple[Net, Row, Row | None]]) -> None:
        if not changes:
            return
        outcomes = await self._collection.change_each([(row, update) for _, row, update in changes])
        for (net, _, _), reason in zip(changes, outcomes, strict=True):
            if reason is None:
                self._tally.undone += 1
            else:
                self._refuse(net, reason)

    async def _restore(self, restorations: Sequence[tuple[Net, Restoration]]) -> None:
        if not restorations:
            return
        applied = await self._collection.restore_each([each for _, each in restorations])
        reasons: dict[int, str] = dict.fromkeys(applied.missed, CHANGED)
        reasons |= {
            error["index"]: TAKEN if error.get("code") == DUPLICATE_KEY else REFUSED for error in applied.errors
        }
        for position, (net, _) in enumerate(restorations):
            if position in reasons:
                self._refuse(net, reasons[position])
            else:
                self._tally.undone += 1
