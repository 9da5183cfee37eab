"""The unique indexes of a collection, and which places a document takes in them."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from bson import DBRef

from webos.data.transfer.encoding import hashable, same
from webos.data.transfer.seen_keys import SeenKeys

__all__ = ["UniqueKey", "unique_keys"]

Row = Mapping[str, Any]

_DELETED = "deleted_at"


@dataclass(slots=True)
class UniqueKey:
    """One unique index, and what the rows of a file have done to it so far.

    Attributes:
        names: Stored names of its fields.
        only: What a document must match, besides being live, to be in it.
        taken: Places that rows before have taken.
        left: Places that stored documents had until rows before changed them.
    """

    names: tuple[str, ...]
    only: Mapping[str, Any]
    taken: SeenKeys = field(default_factory=SeenKeys)
    left: SeenKeys = field(default_factory=SeenKeys)

    def places(self, document: Row) -> dict[Hashable, tuple[Any, ...]]:
        """Return the places that a document takes, with their values; of a list, each item takes one."""
        if not all(_matches(document, name, condition) for name, condition in self.only.items()):
            return {}
        values = [_values(document, name.split(".")) for name in self.names]
        return {hashable(place): place for place in product(*values)}

    def query(self, places: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
        """Return a filter for all documents that may have some of the places; it is for whoever compares them."""
        wanted = list(places)
        asked = dict(self.only)
        for at, name in enumerate(self.names):
            values = list({hashable(place[at]): place[at] for place in wanted}.values())
            linked = any(isinstance(value, DBRef) for value in values)
            plain = [value.id if isinstance(value, DBRef) else value for value in values]
            asked[f"{name}.$id" if linked else name] = {"$in": plain}
        return asked

    @property
    def fields(self) -> dict[str, int]:
        """The fields that `places` needs."""
        return dict.fromkeys({"_id", *(name.partition(".")[0] for name in (*self.names, *self.only))}, 1)


def unique_keys(indexes: Mapping[str, Mapping[str, Any]], sealed: frozenset[str]) -> list[UniqueKey]:
    """Return the unique indexes that can be looked at without the server.

    Those with a collation, with conditions of other kinds, or over encrypted fields are left to the server.

    Args:
        indexes: What the driver says of the indexes.
        sealed: Stored names of encrypted fields.
    """
    found: list[UniqueKey] = []
    for index in indexes.values():
        names = tuple(name for name, _ in index["key"])
        only = {name: each for name, each in index.get("partialFilterExpression", {}).items() if name != _DELETED}
        heads = {name.partition(".")[0] for name in (*names, *only)}
        if (
            index.get("unique")
            and "collation" not in index
            and not heads & sealed
            and all(map(_is_known, only.items()))
        ):
            found.append(UniqueKey(names, only))
    return found


def _is_known(item: tuple[str, Any]) -> bool:
    name, condition = item
    if name.startswith("$") or "." in name:
        return False
    if not isinstance(condition, Mapping) or not any(each.startswith("$") for each in condition):
        return True
    return condition.keys() <= {"$exists", "$eq"} or condition == {"$type": "string"}


def _matches(document: Row, name: str, condition: Any) -> bool:  # noqa: ANN401 - a part of a filter
    if not isinstance(condition, Mapping) or not any(each.startswith("$") for each in condition):
        return same(document.get(name), condition)
    if "$type" in condition:
        return isinstance(document.get(name), str)
    if "$exists" in condition and (name in document) != bool(condition["$exists"]):
        return False
    return "$eq" not in condition or same(document.get(name), condition["$eq"])


def _values(value: Any, path: list[str]) -> list[Any]:  # noqa: ANN401 - a document or any value in it
    if isinstance(value, list):
        # An empty list has a place as well.
        return [found for item in value for found in _values(item, path)] or [[]]
    if not path:
        return [value]
    if isinstance(value, DBRef):
        return _values(value.id, path[1:]) if path[0] == "$id" else [None]
    return _values(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else [None]
