"""Errors for writes that another write stands in the way of, without showing the other one's document."""

import re

from pymongo.errors import DuplicateKeyError

from webos.kernel.errors import ConflictError

__all__ = ["changed_error", "taken_error"]


def changed_error(message: str) -> ConflictError:
    """Return the error for a write that is based on a revision which is no longer the stored one.

    Args:
        message: What was changed, for the log.
    """
    return ConflictError(
        message, user_message="Somebody else changed this in the meantime. Load it again and repeat your change."
    )


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
