"""Filters as the guard sees them: the rules of the collection are merged into the caller's query."""

from collections.abc import Iterator, Mapping
from typing import Any

from webos.data.guard.grant_scope import demand_no_grant
from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import PROTECTED_FIELDS, CollectionPolicy
from webos.data.rules.rule import READ
from webos.data.scope import acting_user, in_system_context
from webos.kernel.errors import NotSignedInError

__all__ = ["merge_filter", "names_protected_field", "plain_key", "restriction", "scan_for_code"]

# These run JavaScript on the server.
_CODE = frozenset({"$where", "$function", "$accumulator"})
# All else that begins with `$` is refused: the driver takes `$query` apart and lets it replace the whole filter.
_FILTER_OPERATORS = frozenset({"$and", "$or", "$nor", "$expr", "$text", "$jsonSchema", "$comment"})
_LOGICAL = frozenset({"$and", "$or", "$nor"})
_RANGES = frozenset({"$gt", "$gte", "$lt", "$lte"})


def restriction(policy: CollectionPolicy, action: str = READ) -> dict[str, Any]:
    """Return what every query on the collection must also match, for whoever acts now.

    Args:
        policy: Rules of the collection.
        action: `read`, or `write` for what is to be changed or deleted.

    Raises:
        NotSignedInError: Nobody acts, or a visitor asks for documents that are not for visitors.
        GuardRefusalError: A granted read runs, and this is a write.
    """
    if action != READ:
        demand_no_grant(policy)
    if in_system_context():
        return {"deleted_at": None}
    user = acting_user()
    rules = policy.rules
    if not rules.rules or user.is_superuser:
        return {"deleted_at": None}
    if not user.is_authenticated and not rules.opens_to_visitors(action):
        msg = f"{policy.model} belongs to its authors" if policy.owned else f"{policy.model} is not for visitors"
        raise NotSignedInError(msg, user_message=NotSignedInError.title)
    return {"deleted_at": None, **rules.conditions(user, action)}


def merge_filter(query: Mapping[str, Any] | None, rules: dict[str, Any]) -> dict[str, Any]:
    """Return a filter that matches what both `query` and `rules` match.

    All conditions are put beside each other, for an `$and` keeps some servers from using an index; where a field has
    several conditions that do not join, all are kept in an `$and`.

    Raises:
        GuardRefusalError: The query has an operator that could set the rules aside.
    """
    merged: dict[str, Any] = {}
    rest: list[dict[str, Any]] = []
    for key, value in _conditions(query or {}):
        if key not in merged and key not in rules:
            merged[key] = value
        elif key not in rules and (joined := _joined(merged[key], value)):
            merged[key] = joined
        else:
            rest.append({key: value})
    merged.update(rules)
    if rest:
        merged["$and"] = [*rules.get("$and", ()), *rest]
    return merged


def _conditions(query: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the conditions that must all hold, those below `$and` as well.

    Beanie joins the arguments of `find` by `$and`, and some servers find no index for what stands there.
    """
    if not isinstance(query, Mapping):
        msg = "a filter is a mapping of fields to conditions"
        raise GuardRefusalError(msg)
    for written, value in query.items():
        key = written if type(written) is str else plain_key(written)
        if key == "$and" and isinstance(value, (list, tuple)) and value:
            for part in value:
                yield from _conditions(part)
            continue
        if key[:1] == "$" and key not in _FILTER_OPERATORS:
            msg = f"{key} is not allowed in a filter"
            raise GuardRefusalError(msg)
        if isinstance(value, (Mapping, list, tuple)):
            scan_for_code(value)
        yield key, value


def _joined(first: object, second: object) -> dict[str, Any] | None:
    """Return two ranges of one field as one condition, which an index serves; None where they do not join."""
    if not isinstance(first, Mapping) or not isinstance(second, Mapping):
        return None
    if not first.keys() <= _RANGES or not second.keys() <= _RANGES or first.keys() & second.keys():
        return None
    return {**first, **second}


def scan_for_code(value: object) -> None:
    """Refuse operators that run code on the server, at any depth.

    Raises:
        GuardRefusalError: `$where`, `$function` or `$accumulator` is used.
    """
    if isinstance(value, Mapping):
        for written, inner in value.items():
            key = written if type(written) is str else plain_key(written)
            if key in _CODE:
                msg = f"{key} is not allowed"
                raise GuardRefusalError(msg)
            if isinstance(inner, (Mapping, list, tuple)):
                scan_for_code(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            if isinstance(inner, (Mapping, list, tuple)):
                scan_for_code(inner)


def names_protected_field(query: Mapping[str, Any]) -> bool:
    """Return whether a filter has a condition on a field that only the guard writes, also below `$and` and the like."""
    for written, value in query.items():
        key = plain_key(written)
        if key.partition(".")[0] in PROTECTED_FIELDS:
            return True
        if key in _LOGICAL and any(isinstance(part, Mapping) and names_protected_field(part) for part in value):
            return True
    return False


def plain_key(key: object) -> str:
    """Return a field name as plain text: a text that is also an enum has a hash of its own and is in no set.

    Raises:
        GuardRefusalError: It is no text.
    """
    if not isinstance(key, str):
        msg = f"a field name is text, not {type(key).__name__}"
        raise GuardRefusalError(msg)
    return str.__str__(key)
