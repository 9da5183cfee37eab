"""Where to go after signing in: only to a page of this site."""

import re
from urllib.parse import unquote

__all__ = ["safe_next"]

_LONGEST = 2048
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
# Servers and proxies may decode more than once.
_DECODINGS = 4


def safe_next(target: str | None, default: str = "/") -> str:
    """Return `target` if every browser takes it for a path on this site, else `default`.

    Args:
        target: What the address or the form said.
        default: Where to go instead.
    """
    if not target or len(target) > _LONGEST or _CONTROL.search(target):
        return default
    path = re.split(r"[?#]", target, maxsplit=1)[0]
    for _ in range(_DECODINGS):
        if not path.startswith("/") or "//" in path or _CONTROL.search(path.replace(" ", "")):
            return default
        decoded = unquote(path)
        if decoded == path:
            return target
        if decoded.count("/") != path.count("/"):
            return default
        path = decoded
    return default
