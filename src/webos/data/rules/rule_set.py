"""All rules of one model, joined to what the guard asks of the database."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from webos.data.rules.acting import ACTING
from webos.data.rules.rule import ACTIONS, CREATE, READ, RESULT, WRITE, Rule
from webos.kernel.context import User

__all__ = ["NO_RULES", "OWNER", "RuleSet"]

Filter = dict[str, Any]

OWNER: Final = Rule(READ, WRITE, where={"created_by": ACTING.id})
"""The rule of an `OwnedDocument`."""


class RuleSet:
    """The rules of one model: what one of them grants is granted.

    Args:
        rules: The rules.
    """

    __slots__ = ("_by_action", "rules")

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = tuple(rules)
        self._by_action = {action: tuple(rule for rule in self.rules if action in rule.actions) for action in ACTIONS}
        if not self._by_action[RESULT]:
            self._by_action[RESULT] = self._by_action[WRITE]

    def __bool__(self) -> bool:
        return bool(self.rules)

    def restricts(self, action: str) -> bool:
        """Return whether not everybody may do `action`."""
        return bool(self.rules) and (action != CREATE or bool(self._by_action[CREATE]))

    def of(self, action: str) -> tuple[Rule, ...]:
        """Return the rules for `action`."""
        return self._by_action[action]

    def opens_to_visitors(self, action: str) -> bool:
        """Return whether some rule for `action` is for visitors as well."""
        return any(rule.visitors for rule in self._by_action[action])

    def conditions(self, user: User, action: str) -> Filter:
        """Return what documents match with which `user` may do `action`; who may write must be able to read as well.

        Args:
            user: The user; no superuser.
            action: `read` or `write`.
        """
        readable = _any_of(user, self._by_action[READ])
        if action == READ:
            return readable
        return _both(readable, _any_of(user, self._by_action[WRITE]))

    def granting(self, user: User, action: str, document: Mapping[str, Any]) -> Rule | None:
        """Return the first rule for `action` that grants a document, as it is stored, to `user`."""
        return next((rule for rule in self._by_action[action] if rule.check(user, document)), None)

    def roots(self, *actions: str) -> frozenset[str]:
        """Return the top-level fields that the rules for some actions ask, or all rules."""
        rules = [rule for action in actions for rule in self._by_action[action]] if actions else self.rules
        return frozenset().union(*(rule.condition.roots for rule in rules if rule.condition is not None))


NO_RULES: Final = RuleSet()


def _any_of(user: User, rules: Sequence[Rule]) -> Filter:
    if len(rules) == 1 and rules[0].applies_to(user):
        return rules[0].filter(user)
    granted: list[Filter] = []
    for rule in rules:
        if rule.applies_to(user):
            conditions = rule.filter(user)
            if not conditions:
                return {}
            granted.append(conditions)
    if not granted:
        # The servers know without looking that nothing matches.
        return {"_id": {"$in": []}}
    return granted[0] if len(granted) == 1 else {"$or": granted}


def _both(first: Filter, second: Filter) -> Filter:
    if not first or first == second:
        return second
    if not second:
        return first
    rest = [*first.get("$and", ()), *second.get("$and", ())]
    joined = {key: value for key, value in first.items() if key != "$and"}
    for key, value in second.items():
        if key == "$and":
            continue
        if key not in joined:
            joined[key] = value
        elif joined[key] != value:
            rest.append({key: value})
    return {**joined, "$and": rest} if rest else joined
