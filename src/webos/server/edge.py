"""The limits at the door: how often one may ask, and how much one may send."""

from fastapi import FastAPI

from webos.auth.limits import BodyLimitMiddleware, RateLimitMiddleware, RateLimits, RateStore
from webos.kernel.loader import ModuleSet
from webos.kernel.module import Phase
from webos.kernel.settings import Settings

__all__ = ["declare_limits", "install_limits"]


def install_limits(web: FastAPI, settings: Settings) -> None:
    """Limit the requests of each user to each module, and the size of all requests.

    Args:
        web: The application, before its first request.
        settings: The settings of the process.
    """
    limits = RateLimits(settings.rate_limit)
    web.state.rate_limits = limits
    store = RateStore(settings.rate_limit_store.get_secret_value() if settings.rate_limit_store else None)
    # The one that is added last comes first.
    web.add_middleware(BodyLimitMiddleware, limit_mb=settings.body_limit_mb, upload_mb=settings.upload_limit_mb)
    web.add_middleware(RateLimitMiddleware, limits=limits, store=store)


def declare_limits(web: FastAPI, modules: ModuleSet) -> None:
    """Take the limits that manifests name; a module whose limit is none fails."""
    limits: RateLimits | None = getattr(web.state, "rate_limits", None)
    if limits is None:
        return
    for module in modules.healthy():
        with module.isolated(Phase.ROUTES):
            limits.declare({module.name: module.manifest.rate_limit})
