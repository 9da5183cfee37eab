"""What the rules ask of a stored document so that they still grant what a change would make of it.

The fields that the change sets are known, so their conditions are decided here; the conditions of all other fields
remain as a filter on what is stored. A rule that would need a value nobody knows before the change counts as unfulfilled.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

from webos.data.rules.condition import Condition, Every, NoneOf, Some
from webos.data.rules.rule import READ, RESULT, Rule
from webos.data.rules.rule_set import RuleSet
from webos.data.rules.values import MISSING
from webos.kernel.context import User

__all__ = ["UNKNOWN", "Changed", "remaining"]

Filter = dict[str, Any]
Changed = Mapping[str, Any]
"""New values of top-level fields; `UNKNOWN` where only the database will know, `MISSING` where a field is taken out."""


class _Special(Enum):
    UNKNOWN = "unknown"


UNKNOWN: Final = _Special.UNKNOWN
"""Stands for a value that only the database will know."""


def remaining(rules: RuleSet, user: User, changed: Changed) -> Filter | None:
    """Return what a stored document must match so that `user` may turn it into what the change makes of it.

    Args:
        rules: The rules of its model.
        user: Who changes it; no superuser.
        changed: What the change sets.

    Returns:
        The filter, empty where every document will do; None where none will.
    """
    return _all_of([_granted(rules.of(action), user, changed) for action in (READ, RESULT)])


def _granted(rules: Sequence[Rule], user: User, changed: Changed) -> Filter | None:
    return _any_of(
        [
            {} if rule.condition is None else _remaining(rule.condition, user, changed)
            for rule in rules
            if rule.applies_to(user)
        ]
    )


def _remaining(condition: Condition, user: User, changed: Changed) -> Filter | None:
    if condition.roots.isdisjoint(changed):
        return condition.filter(user)
    if isinstance(condition, (Every, Some)):
        parts = [_remaining(part, user, changed) for part in condition.parts]
        return _all_of(parts) if isinstance(condition, Every) else _any_of(parts)
    if any(changed.get(root) is UNKNOWN for root in condition.roots):
        return None
    if isinstance(condition, NoneOf):
        return _none_of([_remaining(part, user, changed) for part in condition.parts])
    known = {name: value for name, value in changed.items() if value is not MISSING}
    return {} if condition.check(user, known) else None


def _all_of(parts: Sequence[Filter | None]) -> Filter | None:
    asked: list[Filter] = []
    for part in parts:
        if part is None:
            return None
        if part and part not in asked:
            asked.append(part)
    if len(asked) > 1:
        return {"$and": asked}
    return asked[0] if asked else {}


def _any_of(parts: Sequence[Filter | None]) -> Filter | None:
    asked = [part for part in parts if part is not None]
    if {} in asked:
        return {}
    if len(asked) > 1:
        return {"$or": asked}
    return asked[0] if asked else None


def _none_of(parts: Sequence[Filter | None]) -> Filter | None:
    """Join parts of which nothing is unknown: None says of one that it is not fulfilled."""
    asked = [part for part in parts if part is not None]
    if {} in asked:
        return None
    return {"$nor": asked} if asked else {}
