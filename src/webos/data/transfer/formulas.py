"""Text that a spreadsheet would run as a formula, disarmed when it is written to CSV and restored when it is read."""

import re

__all__ = ["disarm", "rearm"]

# The wide forms count as well: some spreadsheets take them for the narrow ones.
_DANGEROUS = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_TO_DISARM = re.compile(rf"'*{_DANGEROUS}")
_DISARMED = re.compile(rf"'+{_DANGEROUS}")


def disarm(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula: with a `'` before it where it might be one."""
    return f"'{text}" if _TO_DISARM.match(text) else text


def rearm(text: str) -> str:
    """Return the text that `disarm` was given."""
    return text[1:] if text[:1] == "'" and _DISARMED.match(text) else text
