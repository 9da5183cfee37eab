"""Opening views: a query is compiled, its links are resolved, and a snapshot that shows it is found or begun."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING

from webos.data.changes import Change, ChangeHub
from webos.data.guard import GuardedDatabase
from webos.data.guard.fields import field_rights, hidden_fields
from webos.data.guard.names import filter_names
from webos.data.guard.queries import restriction
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.scope import in_system_context
from webos.data.table.columns import label_field, stored_name
from webos.data.table.id_source import read_ids
from webos.data.table.query import (
    LinkLookup,
    TableQuery,
    compile_filter,
    compile_search,
    compile_sort,
    join_conditions,
)
from webos.data.table.shown import policy_of, shown_columns
from webos.data.table.snapshot import IdSnapshot
from webos.data.table.snapshots import SnapshotStore
from webos.data.table.tree import compile_tree
from webos.data.table.view import (
    PLAIN,
    View,
    canonical,
    default_order,
    is_newest_first,
    moves,
    parse_handle,
)
from webos.kernel.context import current_user
from webos.kernel.errors import InvalidInputError

__all__ = ["ViewOpener"]

_MAX_LINKED = 5000


class ViewOpener:
    """Opens views of tables under the rights of the acting user, and keeps their snapshots fresh.

    Args:
        models: The document classes.
        database: The guarded database.
        changes: Tells what changes.
    """

    def __init__(self, models: ModelRegistry, database: GuardedDatabase, changes: ChangeHub) -> None:
        self._models = models
        self._database = database
        self._changes = changes
        self._snapshots = SnapshotStore()
        self._watched: set[str] = set()

    async def close(self) -> None:
        """Stop all that runs in the background."""
        await self._snapshots.close()

    async def open(self, info: ModelInfo, query: TableQuery, handle: str = "") -> View:
        """Return a view of what `query` asks for.

        Args:
            info: The model; the acting user may read it.
            query: Which rows in which order.
            handle: Of an earlier view of the same query, to see the same again.

        Raises:
            InvalidInputError: The query asks for what the model does not have.
            PermissionDeniedError: It asks for labels of a model that the acting user may not read.
        """
        columns = {column.field: column for column in shown_columns(info.document)}
        rights = field_rights(policy_of(info.document))
        if rights is not None:
            rights.demand(filter_names(query.where))
        chosen, lookups = compile_filter(columns, query.filter)
        tree = compile_tree(columns, query.tree)
        lookups += tree.lookups
        search = compile_search(columns, query.search)
        order = compile_sort(columns, query.sort) if query.sort else default_order(info, columns)
        newest_first = is_newest_first(info, query)
        if newest_first:
            # One snapshot serves both directions: new rows are added to its end either way.
            order = [("_id", ASCENDING)]
        targets = [self._target(lookup) for lookup in lookups]
        asked = canonical(
            [
                join_conditions([chosen, query.where]),
                search,
                tree.condition,
                [(each.column.stored, each.condition, each.negate) for each in lookups],
            ]
        )
        key = (info.collection, self._scope([info, *targets]), asked, tuple(order))
        if (kept := self._find(handle, key, newest_first=newest_first)) is not None:
            return kept
        links = [await self._resolve(lookup, target) for lookup, target in zip(lookups, targets, strict=True)]
        own, inner = links[: len(links) - len(tree.lookups)], links[len(links) - len(tree.lookups) :]
        joined = join_conditions([chosen, query.where, search, *own, tree.filled(inner)])
        self._watch(info)
        token, snapshot = self._snapshots.open(
            # No change of this collection tells that the label of a linked document was changed.
            key, lambda: read_ids(self._database[info.collection], joined, order), shared=not lookups
        )  # fmt: skip
        if not newest_first:
            return View(token, snapshot)
        await snapshot.total()
        return View(token, snapshot, newest_first=True, newest=snapshot.last)

    async def selection(self, info: ModelInfo, query: TableQuery) -> tuple[dict[str, Any], list[tuple[str, int]]]:
        """Return the database's filter and sort for all that `query` asks for, for who reads it once.

        Args:
            info: The model; the acting user may read it.
            query: Which rows in which order.

        Raises:
            InvalidInputError: The query asks for what the model does not have.
            PermissionDeniedError: It asks for labels of a model that the acting user may not read.
        """
        columns = {column.field: column for column in shown_columns(info.document)}
        chosen, lookups = compile_filter(columns, query.filter)
        tree = compile_tree(columns, query.tree)
        links = [await self._resolve(lookup, self._target(lookup)) for lookup in lookups]
        inner = [await self._resolve(lookup, self._target(lookup)) for lookup in tree.lookups]
        search = compile_search(columns, query.search)
        joined = join_conditions([chosen, query.where, search, *links, tree.filled(inner)])
        if query.sort:
            return joined, compile_sort(columns, query.sort)
        if is_newest_first(info, query):
            return joined, [("_id", DESCENDING)]
        return joined, default_order(info, columns)

    def _find(self, handle: str, key: tuple[Any, ...], *, newest_first: bool) -> View | None:
        try:
            token, newest = parse_handle(handle)
        except ValueError:
            return None
        snapshot: IdSnapshot | None = self._snapshots.find(token, key)
        return None if snapshot is None else View(token, snapshot, newest_first, newest)

    def _target(self, lookup: LinkLookup) -> ModelInfo:
        """Return the model that a condition on a link asks, if the acting user may read it."""
        target = lookup.column.target
        if target is None or label_field(target) is None:
            raise InvalidInputError(fields={lookup.column.field: "This column cannot be filtered."})
        info = self._models.of(target)
        if lookup.condition is not None:
            info.demand_read(current_user())
            if stored_name(target, label_field(target) or "") in hidden_fields(policy_of(target)):
                raise InvalidInputError(fields={lookup.column.field: "This column cannot be filtered."})
        return info

    async def _resolve(self, lookup: LinkLookup, target: ModelInfo) -> dict[str, Any]:
        stored = lookup.column.stored
        if lookup.condition is None:
            return {stored: {"$ne": None} if lookup.negate else None}
        label = stored_name(target.document, label_field(target.document) or "")
        query = {label: lookup.condition}
        cursor = self._database[target.collection].find(query, {"_id": 1}, limit=_MAX_LINKED + 1)
        found = [row["_id"] async for row in cursor]
        if len(found) > _MAX_LINKED:
            text = f"More than {_MAX_LINKED:,} linked records fit; please be more precise."
            raise InvalidInputError(fields={lookup.column.field: text})
        return {f"{stored}.$id": {"$nin" if lookup.negate else "$in": found}}

    def _scope(self, read: Sequence[ModelInfo]) -> str:
        """Say whose rows a snapshot holds, so that it is shared only among those who see the same."""
        if in_system_context():
            return "system"
        limits = [restriction(policy_of(info.document)) for info in read]
        rules = [{name: value for name, value in each.items() if name != "deleted_at"} for each in limits]
        return canonical(rules) if any(rules) else ""

    def _watch(self, info: ModelInfo) -> None:
        if info.collection not in self._watched:
            self._watched.add(info.collection)
            self._changes.listen(info.collection, self._changed)

    def _changed(self, change: Change) -> None:
        for key, snapshot in self._snapshots.of_collection(change.collection):
            if change.operation == "delete":
                snapshot.remove({change.document_id})
            elif change.operation == "insert" and key[2:] == PLAIN and not key[1]:
                snapshot.add_last(change.document_id)
            elif change.operation == "update":
                snapshot.stale = snapshot.stale or moves(key, change)
            else:
                snapshot.stale = True
