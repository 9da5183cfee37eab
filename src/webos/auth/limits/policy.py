"""Which module gets which limit: by its manifest, by the settings, or by default."""

from collections.abc import Mapping

from limits import RateLimitItem, parse

__all__ = ["RateLimits"]

_NONE = "off"


class RateLimits:
    """The limits of the modules.

    A setting for one module wins over its manifest, which wins over the setting for all.

    Args:
        setting: `3000/minute`, or `off`; then for single modules `, shop=100/minute, blog=off`.

    Raises:
        ValueError: That is not the form of it.
    """

    def __init__(self, setting: str) -> None:
        self._default: RateLimitItem | None = None
        self._set: dict[str, RateLimitItem | None] = {}
        self._declared: dict[str, RateLimitItem | None] = {}
        for part in filter(None, (each.strip() for each in setting.split(","))):
            module, is_named, limit = part.rpartition("=")
            if is_named:
                self._set[module.strip()] = parsed(limit)
            else:
                self._default = parsed(part)

    def declare(self, limits: Mapping[str, str]) -> None:
        """Take note of what manifests say.

        Args:
            limits: A limit by the name of its module; empty ones are left out.

        Raises:
            ValueError: One of them is no limit.
        """
        self._declared.update({module: parsed(limit) for module, limit in limits.items() if limit})

    def of(self, module: str) -> RateLimitItem | None:
        """Return the limit of a module; None where it has none."""
        if module in self._set:
            return self._set[module]
        return self._declared.get(module, self._default)


def parsed(limit: str) -> RateLimitItem | None:
    """Return a limit such as `100/minute` or `5 per 10 seconds`; None for `off`.

    Raises:
        ValueError: It is neither.
    """
    text = limit.strip()
    if text == _NONE:
        return None
    try:
        item = parse(text)
    except ValueError:
        item = None
    if item is None or item.amount < 1:
        msg = f"{text!r} is not a limit such as 100/minute, or off"
        raise ValueError(msg) from None
    return item
