"""`Rule`: who may do what with which documents of a model."""

from collections.abc import Mapping
from typing import Any

from webos.data.rules.condition import Condition, FieldCondition
from webos.data.rules.parsing import parse_where
from webos.kernel.context import User
from webos.kernel.permissions import PERMISSION_PATTERN

__all__ = ["ACTIONS", "CREATE", "READ", "RESULT", "WRITE", "Rule"]

READ = "read"
WRITE = "write"
CREATE = "create"
RESULT = "result"
ACTIONS = (READ, WRITE, CREATE, RESULT)


class Rule:
    """A rule that grants actions on documents of a model. What no rule grants is not possible, except to superusers.

    A rule without `permission` and `where` grants to everybody who is signed in.

    Args:
        actions: `read`, `write` (change, delete and restore), `create`, and `result`: what a change may make of a
            document. A model without a rule for `create` restricts nobody in creating; where none is for `result`,
            those for `write` say what may become of a document. Whatever it becomes, its author must be able to read.
        permission: Grants only to users who hold it.
        where: Grants only for documents that fulfil it: a part of MongoDB's filters, in which `ACTING` stands for
            the acting user.
        visitors: Whether it grants to visitors who have not signed in, as well.

    Raises:
        ValueError: It is not possible; the message says why.
    """

    __slots__ = ("_fixed", "_of_user", "actions", "condition", "permission", "visitors", "where")

    def __init__(
        self,
        *actions: str,
        permission: str | None = None,
        where: Mapping[str, Any] | None = None,
        visitors: bool = False,
    ) -> None:
        unknown = [action for action in actions if action not in ACTIONS]
        if not actions or unknown:
            msg = f"a rule is for one or more of {', '.join(ACTIONS)}, not {', '.join(map(repr, unknown)) or 'nothing'}"
            raise ValueError(msg)
        if permission is not None and not PERMISSION_PATTERN.fullmatch(str(permission)):
            msg = f"{permission!r} is not a permission name such as orders.all"
            raise ValueError(msg)
        self.actions = frozenset(actions)
        self.permission = permission
        self.where = dict(where) if where is not None else None
        self.condition: Condition | None = None if where is None else parse_where(where)
        self.visitors = visitors
        asks_user = self.condition is not None and self.condition.asks_user
        if visitors and (permission is not None or asks_user):
            msg = "a rule for visitors can ask neither for a permission nor for the acting user"
            raise ValueError(msg)
        self._fixed: dict[str, Any] | None = None
        if self.condition is None or not asks_user:
            # The user is not asked.
            self._fixed = {} if self.condition is None else self.condition.filter(_NOBODY)
        self._of_user = self.condition.equal_to_user() if isinstance(self.condition, FieldCondition) else None

    def applies_to(self, user: User) -> bool:
        """Return whether it grants anything to `user`."""
        if not user.is_authenticated:
            return self.visitors
        return self.permission is None or user.has_permission(self.permission)

    def filter(self, user: User) -> dict[str, Any]:
        """Return what the documents that it grants to `user` match; empty where these are all."""
        if self._of_user is not None:
            path, name = self._of_user
            return {path: getattr(user, name)}
        if self._fixed is not None:
            return dict(self._fixed)
        return self.condition.filter(user) if self.condition is not None else {}

    def check(self, user: User, document: Mapping[str, Any]) -> bool:
        """Return whether it grants `document`, as it is stored, to `user`."""
        return self.applies_to(user) and (self.condition is None or self.condition.check(user, document))

    def __str__(self) -> str:
        parts = [repr(action) for action in ACTIONS if action in self.actions]
        if self.permission is not None:
            parts.append(f"permission={self.permission!r}")
        if self.where is not None:
            parts.append(f"where={self.where!r}")
        if self.visitors:
            parts.append("visitors=True")
        return f"Rule({', '.join(parts)})"

    __repr__ = __str__


class _Nobody:
    """Stands where a condition asks nothing of the user."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - never called
        msg = f"a fixed condition asked for {name}"
        raise AssertionError(msg)


_NOBODY: Any = _Nobody()
