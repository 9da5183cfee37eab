"""The driver's options that modules may use, method by method.

The driver copies options it does not know into the command itself: `count_documents({}, pipeline=[...])` or
`find_one_and_update(..., query={})` would replace what the guard made. So options are on a list, or refused.
"""

from collections.abc import Mapping
from typing import Any

from webos.data.guard.queries import scan_for_code
from webos.data.guard.refusal import GuardRefusalError

__all__ = ["AGGREGATE", "BULK", "COUNT", "DELETE", "DISTINCT", "FIND", "FIND_AND_CHANGE", "INSERT", "UPDATE", "checked"]

_COMMON = frozenset({"session", "comment"})
_CHOICE = _COMMON | {"collation", "hint"}

FIND = _CHOICE | {
    "projection", "skip", "limit", "sort", "batch_size", "max_time_ms", "allow_disk_use", "no_cursor_timeout", "let",
    "min", "max",
}  # fmt: skip
COUNT = _CHOICE | {"skip", "limit", "maxTimeMS"}
DISTINCT = _CHOICE | {"maxTimeMS"}
AGGREGATE = _CHOICE | {"let", "allowDiskUse", "maxTimeMS", "batchSize"}
INSERT = _COMMON | {"bypass_document_validation", "ordered"}
UPDATE = _CHOICE | {"array_filters", "let", "sort", "bypass_document_validation"}
DELETE = _CHOICE | {"let"}
FIND_AND_CHANGE = _CHOICE | {"projection", "sort", "return_document", "array_filters", "let", "maxTimeMS"}
BULK = _COMMON | {"ordered", "let", "bypass_document_validation"}


def checked(options: dict[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    """Return `options` if all are allowed and none brings code.

    Raises:
        GuardRefusalError: One is not on the list, or holds an operator that runs code on the server.
    """
    for name, value in options.items():
        if name not in allowed:
            msg = f"the option {name} is not allowed"
            raise GuardRefusalError(msg)
        if isinstance(value, (Mapping, list, tuple)):
            scan_for_code(value)
    return options
