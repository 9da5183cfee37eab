"""Pages of rows in a stable order: each begins behind the last row of the one before, whatever was stored meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, DESCENDING

from webos.data.crud.cursor import Cursor
from webos.data.guard import GuardedCollection
from webos.data.model_registry import ModelInfo
from webos.data.table.columns import columns_of
from webos.data.table.query import TableQuery, join_conditions
from webos.data.table.service import TableService
from webos.data.table.view import View, declared_order
from webos.kernel.errors import InvalidInputError

__all__ = ["MOST_ROWS", "Pager", "RowPage", "default_sort", "sorts_of"]

Row = dict[str, Any]

MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some stored documents.

    Attributes:
        rows: As they are stored.
        cursor: Where the next page begins; None after the last one.
    """

    rows: list[Row]
    cursor: str | None


def sorts_of(document: Any) -> list[str]:  # noqa: ANN401 - a document class
    """Return what a document class can be sorted by; a minus turns the order around."""
    names = ["id", *(column.field for column in columns_of(document) if column.sortable)]
    return [f"{sign}{name}" for name in names for sign in ("", "-")]


def default_sort(info: ModelInfo) -> str:
    """Return the order nobody has asked for: that of `Settings.sort`, else the newest first."""
    name, direction = declared_order(info)
    return f"-{name}" if direction == "desc" else name


class Pager:
    """Reads pages of one model as the acting user sees it.

    A server that gives the first rows at once is asked for those behind the last one. One that reads all matches before
    it gives the first is asked for the ids in order once, and then for the rows of each page by their ids; if that
    list of ids is gone when the next page is asked for, the place is found again by the row that was the last.

    Args:
        info: The model.
        collection: Its guarded collection.
        tables: Keeps the lists of ids.
    """

    def __init__(self, info: ModelInfo, collection: GuardedCollection, tables: TableService) -> None:
        self._info = info
        self._collection = collection
        self._tables = tables

    async def page(
        self, where: Mapping[str, Any], *, sort: str, cursor: str | None, limit: int, fields: Mapping[str, int]
    ) -> RowPage:
        """Return a page.

        Args:
            where: The compiled filter.
            sort: One of `sorts_of`.
            cursor: Of the page before; the first page where None.
            limit: Most rows, up to 200.
            fields: What to read of each.

        Raises:
            InvalidInputError: The sort, the cursor or the limit is not possible.
        """
        if sort not in sorts_of(self._info.document):
            raise InvalidInputError(fields={"sort": "Nothing can be sorted by this."})
        if not 1 <= limit <= MOST_ROWS:
            raise InvalidInputError(fields={"limit": f"One to {MOST_ROWS} rows are possible."})
        last = Cursor.decode(cursor, sort) if cursor is not None else None
        stored = self._stored(sort)
        wanted = {**fields, stored: 1}
        if not self._collection.database.reads_all_matches:
            return await self._behind(where, sort, last, limit, wanted)
        name = sort.removeprefix("-")
        direction = "desc" if sort.startswith("-") else "asc"
        query = TableQuery({}, sort=((name, direction),), where=where)
        view = await self._tables.view(self._info, query, last.handle if last is not None else "")
        start = await self._position(view, last, stored) if last is not None else 0
        if start is None:
            return await self._behind(where, sort, last, limit, wanted)
        return await self._block(view, sort, start, limit, wanted)

    async def _behind(
        self, where: Mapping[str, Any], sort: str, last: Cursor | None, limit: int, fields: Mapping[str, int]
    ) -> RowPage:
        """Read the rows behind the last one, as the database finds them."""
        stored = self._stored(sort)
        direction = DESCENDING if sort.startswith("-") else ASCENDING
        order = [("_id", direction)] if stored == "_id" else [(stored, direction), ("_id", direction)]
        query = join_conditions([where, _behind(stored, direction, last)]) if last is not None else dict(where)
        rows = await self._collection.find(query, fields, sort=order, limit=limit + 1).to_list()
        more, rows = len(rows) > limit, rows[:limit]
        following = Cursor(sort, rows[-1].get(stored), rows[-1]["_id"]).encode() if more else None
        return RowPage(rows, following)

    async def _block(self, view: View, sort: str, start: int, limit: int, fields: Mapping[str, int]) -> RowPage:
        """Read the rows of the ids from a position on; those that are gone are passed over."""
        rows: list[Row] = []
        position = start
        while len(rows) <= limit and (ids := await view.block(position, position + limit + 1 - len(rows))):
            found = {row["_id"]: row async for row in self._collection.find({"_id": {"$in": ids}}, fields)}
            rows += [found[identity] for identity in ids if identity in found]
            position += len(ids)
        if len(rows) <= limit:
            return RowPage(rows, None)
        kept = rows[:limit]
        stored = self._stored(sort)
        # One row more was read, so that the last page is known to be the last.
        following = Cursor(sort, kept[-1].get(stored), kept[-1]["_id"], view.handle, position - 1)
        return RowPage(kept, following.encode())

    async def _position(self, view: View, last: Cursor, stored: str) -> int | None:
        """Return the number of rows of a view up to the last row, if that can be told."""
        if view.handle == last.handle and last.position > 0:
            # Rows that were deleted since have moved the others up.
            near = await view.block(max(0, last.position - MOST_ROWS), last.position)
            if last.identity in near:
                return max(0, last.position - MOST_ROWS) + near.index(last.identity) + 1
        row = await self._collection.find_one({"_id": last.identity}, {stored: 1})
        if row is None or row.get(stored) != last.value:
            return None
        found = await view.find(last.identity)
        return found + 1 if found is not None else None

    def _stored(self, sort: str) -> str:
        name = sort.removeprefix("-")
        return "_id" if name == "id" else next(c.stored for c in columns_of(self._info.document) if c.field == name)


def _behind(stored: str, direction: int, last: Cursor) -> dict[str, Any]:
    """Return the condition for rows behind the last one; empty values come before all others."""
    further = "$gt" if direction == ASCENDING else "$lt"
    if stored == "_id":
        return {"_id": {further: last.identity}}
    same = {stored: last.value, "_id": {further: last.identity}}
    beyond: Sequence[dict[str, Any]]
    if last.value is None:
        beyond = [{stored: {"$ne": None}}] if direction == ASCENDING else []
    else:
        beyond = [{stored: {further: last.value}}, *([{stored: None}] if direction == DESCENDING else [])]
    return {"$or": [same, *beyond]}
