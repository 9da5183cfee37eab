"""Errors for writes that another write stands in the way of, without showing the other one's document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import DBRef
from pydantic_core import to_jsonable_python
from pymongo.errors import DuplicateKeyError

from webos.kernel.errors import ConflictError

__all__ = ["EditConflictError", "FieldConflict", "changed_error", "taken_error"]

_CHANGED = "Somebody else changed this in the meantime. Load it again and repeat your change."


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """The three values of a field that two people have changed.

    Attributes:
        mine: What the caller wants to store.
        theirs: What somebody else has stored meanwhile.
        base: What was stored when the caller read it.
    """

    mine: Any
    theirs: Any
    base: Any


class EditConflictError(ConflictError):
    """Somebody else changed the same fields of the document since it was read.

    Args:
        message: What was changed, for the log.
        conflicts: The values by the field's name. Secrets are left out, and what the acting user may not see.
        user_message: What the user reads.

    Attributes:
        conflicts: The values by the field's name.
    """

    code = "webos.edit_conflict"

    def __init__(
        self, message: str = "", *, conflicts: Mapping[str, FieldConflict] | None = None, user_message: str = _CHANGED
    ) -> None:
        self.conflicts = dict(conflicts or {})
        fields = dict.fromkeys(self.conflicts, "Changed by somebody else in the meantime.")
        super().__init__(message, user_message=user_message, fields=fields)

    def problem(self, trace_id: str = "") -> dict[str, Any]:
        """Return the error as an RFC 9457 problem document, with the three values of each field as `conflicts`."""
        document = super().problem(trace_id)
        document["conflicts"] = {
            name: {"mine": _plain(each.mine), "theirs": _plain(each.theirs), "base": _plain(each.base)}
            for name, each in self.conflicts.items()
        }
        return document


def _plain(value: object) -> object:
    """Return a stored value as JSON can carry it."""

    def other(unknown: object) -> str:
        return str(unknown.id) if isinstance(unknown, DBRef) else str(unknown)

    return to_jsonable_python(value, fallback=other, bytes_mode="base64", inf_nan_mode="strings")


def changed_error(message: str) -> ConflictError:
    """Return the error for a write that is based on a revision which is no longer the stored one.

    Args:
        message: What was changed, for the log.
    """
    return ConflictError(message, user_message=_CHANGED)


def taken_error(title: str, error: DuplicateKeyError) -> ConflictError:
    """Return the error for a value that must be unique and is not.

    Args:
        title: What the documents are called.
        error: What the driver raised.
    """
    keys = (error.details or {}).get("keyPattern") or _keys_from(str(error))
    names = [name for name in keys if name not in {"deleted_at", "_id"}]
    label = " and ".join(names) or "id"
    return ConflictError(
        f"{title} with this {label} exists already", fields=dict.fromkeys(names, "This value is already in use.")
    )


def _keys_from(message: str) -> list[str]:
    """Read the index keys out of an error message, for servers that do not send them on their own."""
    match = re.search(r"index: (?:live_|unique_)?(?P<name>\w+?)(?: dup key|$)", message)
    if match is None or match["name"].startswith("_id"):
        return []
    return [part for part in re.split(r"_-?1(?:_|$)", match["name"]) if part]
