"""The conditions of rules: an explicit part of MongoDB's filters, with a filter and a check that mean the same."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webos.data.rules.acting import Placeholder
from webos.data.rules.paths import leaves
from webos.data.rules.values import MISSING, equal, ordered, plain
from webos.kernel.context import User

__all__ = ["Condition", "Every", "FieldCondition", "NoneOf", "Some"]

Row = Mapping[str, Any]
Test = Callable[[Any], bool]

_NEGATIONS = {"$ne": "$eq", "$nin": "$in"}


class Condition(ABC):
    """A condition on a document."""

    @abstractmethod
    def filter(self, user: User) -> dict[str, Any]:
        """Return it as a filter for the database."""

    @abstractmethod
    def check(self, user: User, document: Row) -> bool:
        """Return whether a document, as it is stored, fulfils it."""

    @property
    @abstractmethod
    def roots(self) -> frozenset[str]:
        """The top-level fields it asks."""

    @property
    @abstractmethod
    def asks_user(self) -> bool:
        """Whether it asks anything of the acting user."""


@dataclass(frozen=True, slots=True)
class FieldCondition(Condition):
    """Comparisons of one field, all of which must hold.

    Attributes:
        path: The field's path.
        tests: Operator and operand of each.
    """

    path: str
    tests: tuple[tuple[str, Any], ...]

    def filter(self, user: User) -> dict[str, Any]:
        """Return it as a filter for the database."""
        return {self.path: _as_filter(self.tests, user)}

    def equal_to_user(self) -> tuple[str, str] | None:
        """Return path and placeholder where it only says that the two are the same, which is the most usual rule."""
        operator, operand = self.tests[0]
        if len(self.tests) == 1 and operator == "$eq" and isinstance(operand, Placeholder):
            return self.path, operand.name
        return None

    def check(self, user: User, document: Row) -> bool:
        """Return whether a document, as it is stored, fulfils it."""
        found = [plain(value) for value in leaves(document, self.path.split("."))]
        return _hold(self.tests, user, found)

    @property
    def roots(self) -> frozenset[str]:
        """The top-level field it asks."""
        return frozenset({self.path.partition(".")[0]})

    @property
    def asks_user(self) -> bool:
        """Whether it asks anything of the acting user."""
        return _asks_user(self.tests)


@dataclass(frozen=True, slots=True)
class _Joined(Condition):
    """Several conditions.

    Attributes:
        parts: The conditions.
    """

    parts: tuple[Condition, ...]

    @property
    def roots(self) -> frozenset[str]:
        """The top-level fields they ask."""
        return frozenset().union(*(part.roots for part in self.parts))

    @property
    def asks_user(self) -> bool:
        """Whether one asks anything of the acting user."""
        return any(part.asks_user for part in self.parts)


@dataclass(frozen=True, slots=True)
class Every(_Joined):
    """All of several conditions."""

    def filter(self, user: User) -> dict[str, Any]:
        """Return it as a filter for the database, side by side where the keys differ."""
        merged: dict[str, Any] = {}
        rest: list[dict[str, Any]] = []
        for part in self.parts:
            own = part.filter(user)
            rest += own.pop("$and", ())
            if merged.keys().isdisjoint(own):
                merged.update(own)
            else:
                rest.append(own)
        return {**merged, "$and": rest} if rest else merged

    def check(self, user: User, document: Row) -> bool:
        """Return whether a document, as it is stored, fulfils all."""
        return all(part.check(user, document) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Some(_Joined):
    """At least one of several conditions."""

    def filter(self, user: User) -> dict[str, Any]:
        """Return it as a filter for the database."""
        return {"$or": [part.filter(user) for part in self.parts]}

    def check(self, user: User, document: Row) -> bool:
        """Return whether a document, as it is stored, fulfils one."""
        return any(part.check(user, document) for part in self.parts)


@dataclass(frozen=True, slots=True)
class NoneOf(_Joined):
    """None of several conditions."""

    def filter(self, user: User) -> dict[str, Any]:
        """Return it as a filter for the database."""
        return {"$nor": [part.filter(user) for part in self.parts]}

    def check(self, user: User, document: Row) -> bool:
        """Return whether a document, as it is stored, fulfils none."""
        return not any(part.check(user, document) for part in self.parts)


def _as_filter(tests: Sequence[tuple[str, Any]], user: User) -> Any:  # noqa: ANN401 - a part of a filter
    if len(tests) == 1 and tests[0][0] == "$eq":
        return _operand(tests[0][1], user)
    return {
        operator: _as_filter_of_not(operand, user) if operator == "$not" else _operand(operand, user)
        for operator, operand in tests
    }


def _as_filter_of_not(tests: Sequence[tuple[str, Any]], user: User) -> dict[str, Any]:
    # `$not` takes operators only.
    return {operator: _operand(operand, user) for operator, operand in tests}


def _operand(operand: Any, user: User) -> Any:  # noqa: ANN401 - any operand
    if isinstance(operand, Placeholder):
        return operand.value(user)
    if isinstance(operand, tuple):
        return [_operand(each, user) for each in operand]
    return operand


def _hold(tests: Sequence[tuple[str, Any]], user: User, found: Sequence[Any]) -> bool:
    return all(_holds(operator, operand, user, found) for operator, operand in tests)


def _holds(operator: str, operand: Any, user: User, found: Sequence[Any]) -> bool:  # noqa: ANN401 - any operand
    if operator == "$not":
        return not _hold(operand, user, found)
    if operator in _NEGATIONS:
        return not _holds(_NEGATIONS[operator], operand, user, found)
    value = _operand(operand, user)
    if operator == "$exists":
        return any(each is not MISSING for each in found) is bool(value)
    if operator == "$in":
        return any(equal(each, wanted) for each in found for wanted in value)
    if operator == "$eq":
        return any(equal(each, value) for each in found)
    return any(ordered(operator, each, value) for each in found)


def _asks_user(tests: Sequence[tuple[str, Any]]) -> bool:
    for operator, operand in tests:
        if operator == "$not":
            if _asks_user(operand):
                return True
        elif any(isinstance(each, Placeholder) for each in (operand if isinstance(operand, tuple) else (operand,))):
            return True
    return False
