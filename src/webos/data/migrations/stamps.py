"""The stamps of documents that a migration writes: a running process must see that its copy of one is old."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from webos.kernel.context import SYSTEM

__all__ = ["Update", "stamped_insert", "stamped_replacement", "stamped_update"]

Row = dict[str, Any]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def stamped_update(update: Update, *, upsert: bool = False) -> Update:
    """Return `update` so that it also writes author, time and the next revision, unless it sets them itself."""
    stamps = {"updated_at": _now(), "updated_by": SYSTEM.id}
    if not isinstance(update, Mapping):
        return [*update, {"$set": {**stamps, "revision": {"$add": [{"$ifNull": ["$revision", 0]}, 1]}}}]
    stamped = {operator: dict(fields) for operator, fields in update.items()}
    named = {field.partition(".")[0] for fields in stamped.values() for field in fields}
    _add(stamped, "$set", {name: value for name, value in stamps.items() if name not in named})
    if "revision" not in named:
        _add(stamped, "$inc", {"revision": 1})
    if upsert:
        born = {"created_at": stamps["updated_at"], "created_by": SYSTEM.id, "deleted_at": None}
        _add(stamped, "$setOnInsert", {name: value for name, value in born.items() if name not in named})
    return stamped


def stamped_replacement(document: Mapping[str, Any]) -> Row:
    """Return `document` with author, time and the revision that follows the one it holds."""
    stamps = {"updated_at": _now(), "updated_by": SYSTEM.id, "revision": int(document.get("revision") or 0) + 1}
    return {**document, **stamps}


def stamped_insert(document: Mapping[str, Any]) -> Row:
    """Return `document` with the stamps of a new one; those that it holds stay."""
    now = _now()
    stamps = {
        "created_at": now,
        "created_by": SYSTEM.id,
        "updated_at": now,
        "updated_by": SYSTEM.id,
        "deleted_at": None,
        "revision": 1,
    }
    return {**stamps, **document}


def _add(update: dict[str, Row], operator: str, fields: Row) -> None:
    if fields:
        update.setdefault(operator, {}).update(fields)


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
