"""Times in words."""

from datetime import datetime

__all__ = ["in_words"]


def in_words(at: datetime | None, never: str = "never") -> str:
    """Return a time as people read it, in UTC.

    Args:
        at: The time.
        never: What to say where there is none.
    """
    return f"{at:%d %b %Y, %H:%M} UTC" if at is not None else never
