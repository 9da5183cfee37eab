"""Indexes as the guard needs them: every query also asks for what is not deleted."""

from typing import Any

from pymongo import ASCENDING, IndexModel

__all__ = ["guard_index"]

# Kinds of index that cannot be combined with a leading plain key, or do not serve plain filters.
_SPECIAL = ("text", "2dsphere", "2d", "hashed")


def guard_index(index: IndexModel) -> IndexModel:
    """Return `index` with `deleted_at` as its leading key, unique among what is not deleted.

    The guard adds `deleted_at: None` to each query; an index that begins with it serves the query as a whole,
    and a value may be used again once the document that held it is deleted.
    """
    options: dict[str, Any] = dict(index.document)
    keys = list(options.pop("key").items())
    special = any(direction in _SPECIAL for _, direction in keys) or "expireAfterSeconds" in options
    if special or keys[0][0] == "deleted_at":
        return index
    options["name"] = f"live_{options['name']}"
    if options.get("unique"):
        options.setdefault("partialFilterExpression", {"deleted_at": None})
    return IndexModel([("deleted_at", ASCENDING), *keys], **options)
