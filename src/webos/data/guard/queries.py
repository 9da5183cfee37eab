"""Filters as the guard sees them: the rules of the collection are merged into the caller's query."""

from collections.abc import Mapping
from typing import Any

from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy
from webos.data.scope import acting_user, in_system_context

__all__ = ["merge_filter", "restriction", "scan_for_code"]

# These run JavaScript on the server or reach other collections from inside an expression.
_CODE = frozenset({"$where", "$function", "$accumulator"})


def restriction(policy: CollectionPolicy) -> dict[str, Any]:
    """Return what every query on the collection must also match, for whoever acts now.

    Raises:
        NotSignedInError: Nobody acts.
    """
    rules: dict[str, Any] = {"deleted_at": None}
    if in_system_context():
        return rules
    user = acting_user()
    if policy.owned and not user.is_superuser:
        rules["created_by"] = user.id
    return rules


def merge_filter(query: Mapping[str, Any] | None, rules: dict[str, Any]) -> dict[str, Any]:
    """Return a filter that matches what both `query` and `rules` match.

    The rules are put beside the query's own keys, for a nested `$and` keeps some servers from using an index;
    where a key collides, both conditions are kept in an `$and`.
    """
    if not query:
        return dict(rules)
    scan_for_code(query)
    merged = dict(query)
    clashes = [key for key in rules if key in merged]
    if clashes:
        own = {key: merged.pop(key) for key in clashes}
        merged["$and"] = [*merged.get("$and", ()), own]
    merged.update(rules)
    return merged


def scan_for_code(value: object) -> None:
    """Refuse operators that run code on the server, at any depth.

    Raises:
        GuardRefusalError: `$where`, `$function` or `$accumulator` is used.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _CODE:
                msg = f"{key} is not allowed"
                raise GuardRefusalError(msg)
            if isinstance(inner, (Mapping, list, tuple)):
                scan_for_code(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            if isinstance(inner, (Mapping, list, tuple)):
                scan_for_code(inner)
