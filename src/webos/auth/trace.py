"""The trace id of a request: continued from the caller, or new."""

import re

from webos.kernel.context import new_trace_id

__all__ = ["trace_id_of"]

# Later versions may append fields; version ff is not one.
_TRACEPARENT = re.compile(
    rb"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?"
)


def trace_id_of(traceparent: bytes | None) -> str:
    """Return the trace id of a W3C `traceparent` header, or a new one where there is none or it is not valid.

    Args:
        traceparent: The header's value, None where there is none.
    """
    if traceparent is None:
        return new_trace_id()
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None or (match["version"] == b"00" and match["more"]):
        return new_trace_id()
    return match["trace"].decode()
