"""What can go wrong with the cache."""

from webos.kernel.errors import UnavailableError, WebOSError

__all__ = ["CacheUnavailableError", "UncacheableValueError"]


class UncacheableValueError(WebOSError):
    """A value cannot be kept in the cache: it is not made of plain data."""

    code = "webos.uncacheable_value"
    status = 500
    title = "A value cannot be cached"


class CacheUnavailableError(UnavailableError):
    """The cache cannot be reached, or its disk is full."""

    code = "webos.cache_unavailable"
    title = "The cache cannot be reached"
