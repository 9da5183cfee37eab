"""Giving each module's code the application's cache under keys of its own."""

import sys

from webos.cache import ModuleCache
from webos.sdk.cache import bind_cache, unbind_cache
from webos.server.state import Application

__all__ = ["bind_caches", "unbind_caches"]


def bind_caches(app: Application) -> None:
    """Let the code of each module use `webos.sdk.cache`."""
    for module in app.modules.healthy():
        bind_cache(sys.modules[module.package], ModuleCache(app.cache, module.name))


def unbind_caches(app: Application) -> None:
    """Let the code of the modules be without a cache again."""
    for module in app.modules:
        package = sys.modules.get(module.package)
        if package is not None:
            unbind_cache(package, app.cache)
