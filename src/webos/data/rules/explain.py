"""`explain_access`: who may do what with one document, and which rule says so, in words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from beanie.odm.utils.dump import get_dict

from webos.data.policy import CollectionPolicy
from webos.data.rules.rule import CREATE, READ, RESULT, WRITE, Rule
from webos.data.rules.rule_set import OWNER
from webos.kernel.context import User

if TYPE_CHECKING:
    from webos.data.document import CoreDocument

__all__ = ["ACCESS_ACTIONS", "Access", "Reason", "explain_access", "explain_stored"]

ACCESS_ACTIONS = ("read", "write", "result", "delete", "restore", "create")

_VERBS = {
    "read": "see",
    "write": "change",
    "result": "change another one into",
    "delete": "delete",
    "restore": "restore",
    "create": "create",
}
_RULES = {"read": READ, "write": WRITE, "result": RESULT, "delete": WRITE, "restore": WRITE, "create": CREATE}


class Reason(Enum):
    """What decides."""

    OPEN = "no rule restricts it"
    SUPERUSER = "superuser"
    SIGN_IN = "sign-in"
    PERMISSION = "permission of the model"
    OWNERSHIP = "ownership"
    RULE = "row rule"
    FIELD = "field permission"
    DELETION = "soft deletion"


@dataclass(frozen=True, slots=True)
class Access:
    """An answer.

    Attributes:
        granted: Whether it is possible.
        reason: What decides.
        text: The answer in words for people.
        rule: The row rule that grants it, as it is declared; empty where it is none.
        permission: The permission that decides; empty where it is none.
    """

    granted: bool
    reason: Reason
    text: str
    rule: str = ""
    permission: str = ""

    def __bool__(self) -> bool:
        return self.granted


def explain_access(user: User, document: "CoreDocument", action: str, *, field: str | None = None) -> Access:
    """Answer whether `user` may do something with a document, and why.

    The document counts as it is in memory; what its reader could not see of it counts as the default that is there.

    Args:
        user: Who is asked about.
        document: The document.
        action: `read`, `write`, `delete`, `restore` or `create`; `result` asks whether he may change some document so
            that it becomes like this one.
        field: A field of it, for `read` and `write`.

    Raises:
        ValueError: There is no such action or field.
    """
    collection: Any = document.get_pymongo_collection()
    stored: dict[str, Any] = get_dict(document, to_db=True, keep_nulls=True)
    return explain_stored(collection.policy, user, stored, action, field=field)


def explain_stored(
    policy: CollectionPolicy, user: User, stored: Mapping[str, Any], action: str, *, field: str | None = None
) -> Access:
    """Answer as `explain_access` does, about a document as it is stored.

    Args:
        policy: Rules of its collection.
        user: Who is asked about.
        stored: The document.
        action: `read`, `write`, `result`, `delete`, `restore` or `create`.
        field: A field of it, for `read` and `write`.

    Raises:
        ValueError: There is no such action or field.
    """
    if action not in ACCESS_ACTIONS or (field is not None and action not in {READ, WRITE}):
        msg = f"there is no action {action!r}{' on a field' if field is not None else ''}"
        raise ValueError(msg)
    question = _Question(policy, user, stored, action)
    access = question.answer()
    return access if field is None or not access.granted else question.answer_field(field, access)


@dataclass(frozen=True, slots=True)
class _Question:
    policy: CollectionPolicy
    user: User
    stored: Mapping[str, Any]
    action: str

    @property
    def subject(self) -> str:
        return f"{self.user.username} may {_VERBS[self.action]}"

    @property
    def refusal(self) -> str:
        return f"{self.user.username} may not {_VERBS[self.action]}"

    def answer(self) -> Access:
        for step in (self._deletion, self._superuser, self._sign_in, self._model_permission):
            access = step()
            if access is not None:
                return access
        return self._rules()

    def _deletion(self) -> Access | None:
        deleted = self.stored.get("deleted_at") is not None
        if self.action == "restore" and not deleted:
            return self._deny(Reason.DELETION, "it is not deleted.")
        if deleted and self.action not in {"restore", "create"}:
            return self._deny(Reason.DELETION, "it is deleted; nobody sees it until it is restored.")
        return None

    def _superuser(self) -> Access | None:
        if not self.user.is_superuser:
            return None
        return self._grant(Reason.SUPERUSER, "superusers may do everything.")

    def _sign_in(self) -> Access | None:
        if self.user.is_authenticated:
            return None
        rules = self.policy.rules
        if self.action == READ and rules.opens_to_visitors(READ) and self.policy.read_permission is None:
            return None
        return self._deny(Reason.SIGN_IN, "only who has signed in may.")

    def _model_permission(self) -> Access | None:
        needed = [self.policy.read_permission]
        if self.action != READ:
            needed.append(self.policy.write_permission)
        for permission in needed:
            if permission is not None and not self.user.has_permission(permission):
                text = f"that needs the permission {permission}, which {self.user.username} does not have."
                return self._deny(Reason.PERMISSION, text, permission=permission)
        return None

    def _rules(self) -> Access:
        rules, action = self.policy.rules, _RULES[self.action]
        if not rules.restricts(action):
            needed = self.policy.read_permission if action == READ else self.policy.write_permission
            if needed is not None:
                text = f"the permission {needed} is all it needs."
                return self._grant(Reason.PERMISSION, text, permission=needed)
            return self._grant(Reason.OPEN, f"no rule restricts {self.policy.model}.")
        if action in {WRITE, RESULT} and rules.granting(self.user, READ, self.stored) is None:
            also = "changing it" if action == WRITE else "changing another one into it"
            return self._no_rule(READ, f"see it, which {also} takes as well")
        granting = rules.granting(self.user, action, self.stored)
        if granting is None:
            return self._no_rule(action, f"{_VERBS[self.action]} it")
        return self._by_rule(granting)

    def _by_rule(self, rule: Rule) -> Access:
        if rule is OWNER:
            return self._grant(Reason.OWNERSHIP, f"{self.user.username} is its author.", rule=str(rule))
        permission = rule.permission or ""
        return self._grant(Reason.RULE, f"the rule {rule} grants it.", rule=str(rule), permission=permission)

    def _no_rule(self, action: str, what: str) -> Access:
        rules = self.policy.rules.of(action)
        if rules == (OWNER,):
            return self._deny(Reason.OWNERSHIP, f"only its author may {what}, and that is somebody else.")
        listed = "; ".join(str(rule) for rule in rules) or "there is none"
        return self._deny(Reason.RULE, f"no rule lets {self.user.username} {what}. The rules: {listed}.")

    def answer_field(self, name: str, access: Access) -> Access:
        each = next((each for each in self.policy.field_permissions if name in {each.field, each.stored}), None)
        if each is None:
            if name not in self.policy.fields:
                msg = f"{self.policy.model} has no field {name!r}"
                raise ValueError(msg)
            return access
        if self.user.is_superuser:
            return access
        for permission, verb in ((each.read, "see"), (each.write if self.action == WRITE else None, "change")):
            if permission is not None and not self.user.has_permission(permission):
                text = f"to {verb} “{each.field}” needs the permission {permission}, which {self.user.username} does not have."
                return self._deny(Reason.FIELD, text, permission=permission)
        return access

    def _grant(self, reason: Reason, text: str, **details: str) -> Access:
        return Access(granted=True, reason=reason, text=f"{self.subject} it: {text}", **details)

    def _deny(self, reason: Reason, text: str, **details: str) -> Access:
        return Access(granted=False, reason=reason, text=f"{self.refusal} it: {text}", **details)
