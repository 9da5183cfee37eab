"""What a reader sees of a snapshot: its key, its order, which changes move its rows, and which rows are his."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pymongo import ASCENDING

from webos.data.changes import Change
from webos.data.model_registry import ModelInfo
from webos.data.table.columns import Column, columns_of
from webos.data.table.query import TableQuery, compile_sort
from webos.data.table.snapshot import IdSnapshot

__all__ = ["PLAIN", "View", "canonical", "declared_order", "default_order", "is_newest_first", "moves", "parse_handle"]


def canonical(query: object) -> str:
    """Return a text that is the same for equal filters."""
    return orjson.dumps(query, default=_plain, option=orjson.OPT_SORT_KEYS).decode()


def _plain(value: object) -> object:
    # The text of an expression object is cut after 200 characters.
    return [value.pattern, value.flags] if isinstance(value, re.Pattern) else str(value)


PLAIN = (canonical([{}, {}, {}, []]), (("_id", ASCENDING),))
"""The part of a snapshot's key that says: no condition, in the order of the ids."""


def moves(key: tuple[Any, ...], change: Change) -> bool:
    """Return whether a change may move a row, or take it in or out, for the filter or for the rules of the reader."""
    if any(name in change.fields for name, _ in key[3]):
        return True
    return any(name in key[1] or name in key[2] for name in change.fields)


def declared_order(info: ModelInfo) -> tuple[str, str]:
    """Return field and direction of the order a model declares in `Settings.sort`; else the newest come first."""
    declared = str(getattr(info.document.Settings, "sort", "-id"))
    return declared.removeprefix("-"), "desc" if declared.startswith("-") else "asc"


def is_newest_first(info: ModelInfo, query: TableQuery) -> bool:
    """Return whether the rows are wanted from the newest to the oldest, which is the order of the ids reversed."""
    return (list(query.sort) or [declared_order(info)]) == [("id", "desc")]


def default_order(info: ModelInfo, columns: Mapping[str, Column]) -> list[tuple[str, int]]:
    """Return the database's sort for a table that nobody has sorted: the ids', if that of the model is hidden."""
    name, direction = declared_order(info)
    is_hidden = name not in columns and any(name == column.field for column in columns_of(info.document))
    return [("_id", ASCENDING)] if name == "id" or is_hidden else compile_sort(columns, [(name, direction)])


@dataclass(frozen=True, slots=True)
class View:
    """A snapshot as one reader sees it: in one direction, and without the rows that came after he began to look.

    Attributes:
        token: Names the snapshot.
        snapshot: The ids.
        newest_first: Whether its end comes first.
        newest: Bytes of the last id that is shown; None where the snapshot never grows.
    """

    token: str
    snapshot: IdSnapshot
    newest_first: bool = False
    newest: bytes | None = None

    @property
    def handle(self) -> str:
        """What a client sends to see the same again."""
        return self.token if self.newest is None else f"{self.token}.{urlsafe_b64encode(self.newest).decode()}"

    @property
    def known_total(self) -> int | None:
        """Number of rows, or None while it is still being counted."""
        return self._size() if self.snapshot.complete else None

    async def block(self, start: int, end: int) -> list[Any]:
        """Return the ids of the rows from `start` up to, not including, `end`; waits until they are known."""
        if not self.newest_first:
            return await self.snapshot.block(start, end)
        total = await self.total()
        return (await self.snapshot.block(max(0, total - end), max(0, total - start)))[::-1]

    async def total(self) -> int:
        """Return the number of rows; waits until it is known."""
        await self.snapshot.total()
        return self._size()

    async def find(self, identity: Any) -> int | None:  # noqa: ANN401 - an id of any type
        """Return at which row an id stands; None where it does not."""
        total = await self.total()
        found = self.snapshot.find(identity)
        if found is None or found >= total:
            return None
        return total - 1 - found if self.newest_first else found

    def _size(self) -> int:
        return len(self.snapshot) if self.newest is None else self.snapshot.count_up_to(self.newest)


def parse_handle(handle: str) -> tuple[str, bytes | None]:
    """Return the token and the newest id that a handle names.

    Raises:
        ValueError: It is no handle.
    """
    token, dot, newest = handle.partition(".")
    try:
        return token, urlsafe_b64decode(newest) if dot else None
    except (binascii.Error, UnicodeEncodeError) as error:
        msg = "not a handle"
        raise ValueError(msg) from error
