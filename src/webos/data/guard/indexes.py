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

    Each gets `deleted_at` as its leading key, as the guard asks for it in each query, and is unique among what is
    not deleted, so that a value may be used again. For documents with owners there is another one that begins
    with the owner.

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
            continue
        live = [_LIVE, *keys]
        name = options.pop("name")
        _keep_out_deleted(keys, options)
        made[f"live_{name}"] = IndexModel(live, name=f"live_{name}", **options)
        more = [live]
        if policy.owned and keys[0][0] != "created_by":
            owner = [_LIVE, _OWNER, *keys]
            plain = {key: value for key, value in options.items() if key != "unique"}
            made[f"live_owner_{name}"] = IndexModel(owner, name=f"live_owner_{name}", **plain)
            more.append(owner)
        if strict:
            _add_beginnings(made, more)
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
        shapes.append([_LIVE, _OWNER, _ID])
    made = {_name(keys): IndexModel(keys, name=_name(keys)) for keys in shapes}
    if strict:
        _add_beginnings(made, [[*keys, _REVISION] for keys in shapes], whole=True)
    return list(made.values())


def _is_special(keys: Keys, options: dict[str, Any]) -> bool:
    if "expireAfterSeconds" in options:
        return True
    return any(direction in _SPECIAL or "$**" in name for name, direction in keys)


def _keep_out_deleted(keys: Keys, options: dict[str, Any]) -> None:
    """Make a unique index one over what is not deleted; `sparse` is said in the same terms, for both do not mix."""
    if options.pop("sparse", False) and "partialFilterExpression" not in options:
        options["partialFilterExpression"] = {name: {"$exists": True} for name, _ in keys}
    if options.get("unique"):
        options["partialFilterExpression"] = {**options.get("partialFilterExpression", {}), "deleted_at": None}


def _add_beginnings(made: dict[str, IndexModel], shapes: Sequence[Keys], *, whole: bool = False) -> None:
    for keys in shapes:
        for length in range(2, len(keys) + whole):
            name = _name(keys[:length])
            made.setdefault(name, IndexModel(keys[:length], name=name))


def _name(keys: Keys) -> str:
    """Name an index by its keys, as the driver does, so that the same keys never get two names."""
    return "live_" + "_".join(f"{name}_{direction}" for name, direction in keys[1:])
