"""The cache: values and results that are kept for a while, on the disk of the host or on a server for several."""

from webos.cache.errors import CacheUnavailableError, UncacheableValueError
from webos.cache.host_store import HostStore
from webos.cache.memoize import Memo, memoized
from webos.cache.module_cache import ModuleCache
from webos.cache.service import CacheNumbers, CacheService
from webos.cache.store import CacheStore, StoreSize

__all__ = [
    "CacheNumbers",
    "CacheService",
    "CacheStore",
    "CacheUnavailableError",
    "HostStore",
    "Memo",
    "ModuleCache",
    "StoreSize",
    "UncacheableValueError",
    "memoized",
]
