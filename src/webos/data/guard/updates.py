"""Writes as the guard sees them: protected fields are refused, audit stamps are added."""

from collections.abc import Mapping, Sequence
from typing import Any

from webos.data.guard.created import demand_creatable
from webos.data.guard.fields import unlocked
from webos.data.guard.queries import plain_key, scan_for_code
from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import PROTECTED_FIELDS, CollectionPolicy
from webos.data.scope import acting_user, in_system_context
from webos.data.stamp import Stamp, current_stamp
from webos.kernel.errors import NotSignedInError

__all__ = ["Update", "restoration", "soft_deletion", "stamp_insert", "stamp_replacement", "stamp_update"]

Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]

_OPERATORS = frozenset(
    {
        "$set", "$unset", "$inc", "$mul", "$min", "$max", "$rename", "$currentDate", "$setOnInsert",
        "$push", "$pull", "$pullAll", "$addToSet", "$pop", "$bit",
    }
)  # fmt: skip
_PIPELINE_STAGES = frozenset({"$set", "$addFields", "$unset"})
# Not every server notices when a pipeline changes an id, and then the document is lost to every index.
_UNWRITABLE = PROTECTED_FIELDS | {"_id"}


def stamp_insert(policy: CollectionPolicy, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return `document` with author, time and first revision, whatever it held there.

    Inside a system context given stamps are kept, so that data can be taken over from elsewhere.

    Raises:
        NotSignedInError: A visitor would become the owner of a document.
    """
    stamp = current_stamp()
    stamps = {
        "created_at": stamp.at,
        "created_by": stamp.by,
        "updated_at": stamp.at,
        "updated_by": stamp.by,
        "deleted_at": None,
        "revision": 1,
    }
    if in_system_context():
        stamps.update({key: document[key] for key in stamps if document.get(key)})
    elif policy.owned and not acting_user().is_authenticated:
        msg = f"a visitor cannot own a {policy.model}"
        raise NotSignedInError(msg, user_message=NotSignedInError.title)
    stamped = {key if type(key) is str else plain_key(key): value for key, value in document.items()}
    stamped.update(stamps)
    demand_creatable(policy, stamped)
    return stamped


def stamp_update(update: Update, *, upsert: bool = False) -> Update:
    """Return `update` with the audit stamps of a change.

    Args:
        update: Update operators or a pipeline.
        upsert: Whether a document is made where none matches; it gets the stamps of an insert as well.

    Raises:
        GuardRefusalError: A protected field or an unknown operator is used.
    """
    stamp = current_stamp()
    if isinstance(update, Mapping):
        return _stamp_operators(update, stamp, upsert=upsert)
    if upsert:
        msg = "an upsert with a pipeline cannot be stamped"
        raise GuardRefusalError(msg)
    return _stamp_pipeline(update, stamp)


def stamp_replacement(policy: CollectionPolicy, document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Turn the replacement of a whole document into an update that leaves its stamps alone.

    Returns:
        What the filter must match in addition (the revision the replacement is based on), and the update.
    """
    based_on = document.get("revision")
    fields, locked = unlocked(policy, {key: value for key, value in document.items() if key not in _UNWRITABLE})
    update: dict[str, Any] = {"$set": fields}
    gone = policy.fields - fields.keys() - _UNWRITABLE - locked
    if gone:
        update["$unset"] = dict.fromkeys(sorted(gone), "")
    return ({"revision": based_on} if based_on else {}), _stamp_operators(update, current_stamp(), upsert=False)


def soft_deletion() -> dict[str, Any]:
    """Return the update that marks a document as deleted."""
    stamp = current_stamp()
    return {
        "$set": {"deleted_at": stamp.at, "updated_at": stamp.at, "updated_by": stamp.by},
        "$inc": {"revision": 1},
    }


def restoration(update: Mapping[str, Any]) -> dict[str, Any]:
    """Return the update that takes the mark of deletion away.

    Args:
        update: What else to change, as update operators.

    Raises:
        GuardRefusalError: A protected field or an unknown operator is used.
    """
    stamped = _stamp_operators(update, current_stamp(), upsert=False)
    stamped["$set"]["deleted_at"] = None
    return stamped


def _stamp_operators(update: Mapping[str, Any], stamp: Stamp, *, upsert: bool) -> dict[str, Any]:
    stamped: dict[str, Any] = {}
    for operator, fields in update.items():
        if operator not in _OPERATORS or not isinstance(fields, Mapping):
            msg = f"{operator} is not an update operator that is allowed"
            raise GuardRefusalError(msg)
        for field, value in fields.items():
            _refuse_protected(field)
            if operator == "$rename":
                _refuse_protected(value)
        if operator == "$pull":
            scan_for_code(fields)
        stamped[operator] = dict(fields)
    stamped.setdefault("$set", {}).update({"updated_at": stamp.at, "updated_by": stamp.by})
    stamped.setdefault("$inc", {})["revision"] = 1
    if upsert:
        stamped.setdefault("$setOnInsert", {}).update(
            {"created_at": stamp.at, "created_by": stamp.by, "deleted_at": None}
        )
    return stamped


def _stamp_pipeline(update: Sequence[Mapping[str, Any]], stamp: Stamp) -> list[Mapping[str, Any]]:
    scan_for_code(update)
    for stage in update:
        for name, fields in stage.items():
            if name not in _PIPELINE_STAGES:
                msg = f"{name} is not allowed in an update"
                raise GuardRefusalError(msg)
            for field in [fields] if isinstance(fields, str) else fields:
                _refuse_protected(field)
    next_revision = {"$add": ["$revision", 1]}
    return [*update, {"$set": {"updated_at": stamp.at, "updated_by": stamp.by, "revision": next_revision}}]


def _refuse_protected(field: object) -> None:
    name = field if type(field) is str else plain_key(field)
    if name.partition(".")[0] in _UNWRITABLE:
        msg = f"{name} is written by the framework only"
        raise GuardRefusalError(msg)
