"""Indexes as the guard needs them: every query also asks for what is not deleted, and many for an owner."""

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import ASCENDING, IndexModel

from webos.data.policy import CollectionPolicy

__all__ = ["guard_indexes", "standard_indexes"]

Keys = list[tuple[str, Any]]

# Kinds of index that cannot be combined with a leading plain key, or do not serve plain filters.
_SPECIAL = ("text", "2dsphere", "2d", "hashed")
_LIVE = ("deleted_at", ASCENDING)
_OWNER = ("created_by", ASCENDING)
_ID = ("_id", ASCENDING)
_REVISION = ("revision", ASCENDING)


def guard_indexes(policy: CollectionPolicy, indexes: Iterable[IndexModel], *, strict: bool) -> list[IndexModel]:
    """Return `indexes` made fit for the filters of the guard.

    Each gets `deleted_at` as its leading key, as the guard asks for it in each query. A unique one keeps its keys and
    is unique among what is not deleted, so that a value may be used again. For documents with owners there is
    another one that begins with the owner.

    Args:
        policy: Rules of the collection.
        indexes: The indexes of a model.
        strict: Whether the server uses an index only if its keys cover the whole filter. Such a server also loses
            documents when a condition `$lte` meets a key that is not the last one; so each beginning of an
            index is made an index of its own, which the server prefers.
    """
    made: dict[str, IndexModel] = {}
    for index in indexes:
        options: dict[str, Any] = dict(index.document)
        keys: Keys = list(options.pop("key").items())
        if _is_special(keys, options) or keys[0] == _LIVE:
            made[options["name"]] = index
            if strict and not _is_special(keys, options):
                _add_beginnings(made, [keys])
            continue
        name = options.pop("name")
        live = [_LIVE, *keys]
        _say_sparse_in_full(keys, options)
        if options.pop("unique", False):
            only_live = {**options.pop("partialFilterExpression", {}), "deleted_at": None}
            unique = IndexModel(keys, name=f"unique_{name}", unique=True, partialFilterExpression=only_live, **options)
            made[f"unique_{name}"] = unique
            shapes = [live] if strict and len(keys) > 1 else []
        else:
            made[f"live_{name}"] = IndexModel(live, name=f"live_{name}", **options)
            shapes = [live]
        if policy.owned and keys[0][0] != "created_by":
            owner = [_OWNER, _LIVE, *keys]
            made[f"owner_{name}"] = IndexModel(owner, name=f"owner_{name}", **options)
            shapes.append(owner)
        if strict:
            _add_beginnings(made, shapes)
    return list(made.values())


def standard_indexes(policy: CollectionPolicy, *, strict: bool) -> list[IndexModel]:
    """Return the indexes that the guard's own filters need.

    Args:
        policy: Rules of the collection.
        strict: Whether the server uses an index only if its keys cover the whole filter; then a save needs one that
            has the revision.
    """
    shapes: list[Keys] = [[_LIVE, _ID]]
    if policy.owned:
        shapes.append([_OWNER, _LIVE, _ID])
    made = {_name(keys): IndexModel(keys, name=_name(keys)) for keys in shapes}
    if strict:
        _add_beginnings(made, [[*keys, _REVISION] for keys in shapes], whole=True)
    return list(made.values())


def _is_special(keys: Keys, options: dict[str, Any]) -> bool:
    if "expireAfterSeconds" in options:
        return True
    return any(direction in _SPECIAL or "$**" in name for name, direction in keys)


def _say_sparse_in_full(keys: Keys, options: dict[str, Any]) -> None:
    """Replace `sparse`: it does not mix with other conditions, and `deleted_at` is always there."""
    if options.pop("sparse", False) and "partialFilterExpression" not in options:
        options["partialFilterExpression"] = {name: {"$exists": True} for name, _ in keys}


def _add_beginnings(made: dict[str, IndexModel], shapes: Sequence[Keys], *, whole: bool = False) -> None:
    for keys in shapes:
        shortest = 3 if keys[0] == _OWNER else 2
        for length in range(shortest, len(keys) + whole):
            name = _name(keys[:length])
            made.setdefault(name, IndexModel(keys[:length], name=name))


def _name(keys: Keys) -> str:
    """Name an index by its keys, as the driver does, so that the same keys never get two names."""
    kind = "owner" if keys[0] == _OWNER else "live"
    own = [key for key in keys if key not in {_OWNER, _LIVE}]
    return "_".join([kind, *(f"{name}_{direction}" for name, direction in own)])
