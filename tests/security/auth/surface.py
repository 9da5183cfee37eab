"""Prints everything a running product answers to, as JSON: `python -m tests.security.auth.surface`, in a process of its own."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from starlette.routing import Mount

from webos.data.endpoint import Endpoint
from webos.kernel.settings import load_settings
from webos.server.application import create_app


def routes_of(router: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, descending into included routers and mounts."""
    for route in router.routes:
        included = getattr(route, "original_router", None)
        if isinstance(included, APIRouter):
            context = getattr(route, "include_context", None)
            yield from routes_of(included, prefix + getattr(context, "prefix", ""))
        elif isinstance(route, Mount):
            yield from routes_of(route, prefix + route.path)
        else:
            for method in sorted(getattr(route, "methods", None) or ("WEBSOCKET",)):
                yield method, prefix + route.path


async def surface() -> dict[str, Any]:
    """Return routes, and pages with the permission each needs."""
    settings = load_settings()
    assert settings.mongo_url is not None
    web = create_app(settings, Endpoint.from_url(settings.mongo_url))
    async with web.router.lifespan_context(web):
        interface = web.state.application.interface
        # None where not a permission decides but a condition.
        pages = {page.path: page.permission or (None if page.visible else "") for page in interface.pages}
        return {"routes": sorted(set(routes_of(web))), "pages": pages}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(surface())))  # noqa: T201 - for the test that runs it
