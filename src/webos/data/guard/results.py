"""What a change may make of a document: nobody writes it out of, or into, what the rules grant him."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy
from webos.data.rules.result import UNKNOWN, remaining
from webos.data.rules.rule import READ, RESULT
from webos.data.rules.values import MISSING
from webos.data.scope import acting_user, in_system_context
from webos.kernel.errors import PermissionDeniedError

if TYPE_CHECKING:
    from webos.data.guard.updates import Update
    from webos.data.guard.writing import WritingMethods

__all__ = ["bind_result", "demand_result"]

Row = dict[str, Any]


async def bind_result(
    collection: "WritingMethods",
    query: Row,
    update: "Update",
    session: Any = None,  # noqa: ANN401 - the driver's
    *,
    upsert: bool = False,
) -> Row:
    """Return the filter of a change narrowed to the documents that the rules still grant afterwards.

    Args:
        collection: The guarded collection.
        query: The filter, under the rules.
        update: The stamped update.
        session: For a transaction.
        upsert: Whether a document is made where none matches.

    Raises:
        PermissionDeniedError: The change would turn a document that matches into one that the rules do not grant to
            the acting user; the error names the fields.
        GuardRefusalError: It is an upsert that would have to be checked.
    """
    policy = collection.policy
    changed = _asked_of(policy, update)
    if not changed:
        return query
    left = remaining(policy.rules, acting_user(), changed)
    if left == {}:
        return query
    if upsert:
        msg = f"an upsert cannot be checked against the rules for changes of {policy.model}; update it, or insert it"
        raise GuardRefusalError(msg)
    refused = query if left is None else _both(query, {"$nor": [left]})
    if await collection._raw.find_one(refused, {"_id": 1}, session=session) is not None:  # noqa: SLF001 - a part of the guard
        raise _result_error(policy, changed)
    # What is changed by others meanwhile is not met by the write.
    return _both(query, {"_id": {"$in": []}} if left is None else left)


def demand_result(policy: CollectionPolicy, stored: Mapping[str, Any], update: "Update") -> None:
    """Refuse a change of a document that is known, if the rules do not grant what becomes of it.

    Args:
        policy: Rules of the collection.
        stored: The whole document.
        update: The stamped update.

    Raises:
        PermissionDeniedError: They do not; the error names the fields.
    """
    changed = _asked_of(policy, update)
    if not changed:
        return
    user = acting_user()
    result = {name: value for name, value in {**stored, **changed}.items() if value is not MISSING}
    if UNKNOWN in changed.values() or any(
        policy.rules.granting(user, action, result) is None for action in (READ, RESULT)
    ):
        raise _result_error(policy, changed)


def _asked_of(policy: CollectionPolicy, update: "Update") -> Row:
    """Return the new values of those fields that the rules ask; none where the acting user is bound by no rule."""
    if not policy.rules.rules or in_system_context() or acting_user().is_superuser:
        return {}
    asked = policy.rules.roots(READ, RESULT)
    return {name: value for name, value in _changed(update).items() if name in asked}


def _changed(update: "Update") -> Row:
    changed: Row = {}
    if not isinstance(update, Mapping):
        for stage in update:
            for fields in stage.values():
                changed.update(dict.fromkeys(map(_root, [fields] if isinstance(fields, str) else fields), UNKNOWN))
        return changed
    for operator, fields in update.items():
        if operator == "$setOnInsert":
            continue
        for field, value in fields.items():
            root = _root(field)
            if operator == "$rename":
                changed[_root(value)] = UNKNOWN
            if root != field or operator not in {"$set", "$unset"}:
                changed[root] = UNKNOWN
            else:
                changed[root] = value if operator == "$set" else MISSING
    return changed


def _root(field: str) -> str:
    return str.__str__(field).partition(".")[0]


def _both(query: Row, condition: Row) -> Row:
    return {**query, "$and": [*query.get("$and", ()), condition]}


def _result_error(policy: CollectionPolicy, changed: Row) -> PermissionDeniedError:
    msg = f"no rule grants {acting_user().username} what this change would make of a {policy.model}"
    if UNKNOWN in changed.values():
        unknown = ", ".join(sorted(name for name, value in changed.items() if value is UNKNOWN))
        msg += f"; rules ask for {unknown}, which can be checked only where $set gives the whole field"
    text = "You may not change this to what you have entered."
    return PermissionDeniedError(msg, user_message=text, fields=dict.fromkeys(sorted(changed), text))
