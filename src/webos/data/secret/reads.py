"""Reads of secret fields: nobody filters, sorts or groups by one, and no pipeline gets what is stored."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson import Binary

from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy

__all__ = ["mask_joined", "mask_stages", "refuse_conditions", "refuse_keys"]

_LOGICAL = frozenset({"$and", "$or", "$nor"})
_EXPRESSIONS = frozenset({"$expr", "$jsonSchema", "$text"})


def refuse_conditions(policy: CollectionPolicy, query: Mapping[str, Any] | None) -> None:
    """Refuse a filter with a condition on a secret, other than the one that `secret_equals` makes.

    Raises:
        GuardRefusalError: It has one.
    """
    if not policy.secrets or not query:
        return
    for written, value in query.items():
        key = str.__str__(written)
        root, _, inner = key.partition(".")
        if key in _LOGICAL:
            for part in value if isinstance(value, (list, tuple)) else ():
                refuse_conditions(policy, part)
        elif key in _EXPRESSIONS:
            _refuse_mentioned(policy, value)
        elif root in policy.secrets and not (inner == "index" and root in policy.searchable and _is_lookup(value)):
            raise _refusal(root)


def refuse_keys(policy: CollectionPolicy, keys: object) -> None:
    """Refuse a sort, or the key of `distinct`, that names a secret.

    Raises:
        GuardRefusalError: It does.
    """
    if not policy.secrets or keys is None:
        return
    names: Iterable[Any] = [keys] if isinstance(keys, str) else keys if isinstance(keys, Iterable) else ()
    for each in names:
        name = each if isinstance(each, str) else next(iter(each), "") if isinstance(each, Iterable) else ""
        root = str(name).partition(".")[0]
        if root in policy.secrets:
            raise _refusal(root)


def mask_stages(policy: CollectionPolicy) -> list[dict[str, Any]]:
    """Return the stages that put something else in the place of secrets, before any other stage sees them."""
    return [{"$addFields": {name: _mask(f"${name}") for name in sorted(policy.secrets)}}] if policy.secrets else []


def mask_joined(policy: CollectionPolicy, field: str) -> list[dict[str, Any]]:
    """Return the stages that do so in the documents that a stage has joined as `field`."""
    if not policy.secrets:
        return []
    masks = {name: _mask(f"$$each.{name}") for name in sorted(policy.secrets)}
    masked = {"$map": {"input": f"${field}", "as": "each", "in": {"$mergeObjects": ["$$each", masks]}}}
    return [{"$addFields": {field: masked}}]


def _mask(path: str) -> dict[str, Any]:
    return {"$cond": [{"$eq": [{"$ifNull": [path, None]}, None]}, None, {"withheld": {"$literal": Binary(b"")}}]}


def _is_lookup(value: object) -> bool:
    """Return whether a condition compares with whole values only."""
    if isinstance(value, Mapping):
        listed = value.get("$in")
        return (
            set(value) == {"$in"} and isinstance(listed, Sequence) and all(isinstance(each, bytes) for each in listed)
        )
    return isinstance(value, bytes)


def _refuse_mentioned(policy: CollectionPolicy, value: object) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _refuse_mentioned(policy, name)
            _refuse_mentioned(policy, inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _refuse_mentioned(policy, inner)
    elif isinstance(value, str):
        # `$$ROOT` as a whole would be compared with all that is in it.
        if value in {"$$ROOT", "$$CURRENT"}:
            raise _refusal(value)
        root = value.lstrip("$").removeprefix("ROOT.").removeprefix("CURRENT.").partition(".")[0]
        if root in policy.secrets:
            raise _refusal(root)


def _refusal(name: str) -> GuardRefusalError:
    msg = f"{name} is a secret: nothing can be found, sorted or grouped by it"
    return GuardRefusalError(msg)
