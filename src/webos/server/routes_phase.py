"""Boot phase: the modules' routers, mounted under `/api/<module>`."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import Mount

from webos.auth import require_user
from webos.auth.limits import check_route_limits
from webos.kernel.errors import NotFoundError
from webos.kernel.module import Module, Phase
from webos.server.edge import declare_limits
from webos.server.state import Application

__all__ = ["mount_routes"]

ROUTER_FILES = ("router", "router_private", "router_public")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def mount_routes(app: Application, web: FastAPI) -> None:
    """Mount the routers of all modules; those that are not public need a signed-in user.

    Args:
        app: The application.
        web: Where to mount them; they come before the interface, which takes every other path.
    """
    declare_limits(web, app.modules)
    for module in app.modules.healthy():
        with module.isolated(Phase.ROUTES):
            for python_module in module.parts.values():
                check_route_limits(python_module)
            routers = [(part, _router(module, part)) for part in ROUTER_FILES if part in module.parts]
            extra = APIRouter()
            await app.hooks.call("register_routes", module, Phase.ROUTES, router=extra)
            if extra.routes:
                routers.append(("hooks", extra))
            for part, router in routers:
                guards = [Depends(_running(module))]
                if part != "router_public":
                    guards.append(Depends(require_user))
                web.include_router(
                    router, prefix=f"/api/{module.name}", tags=[module.manifest.label], dependencies=guards
                )
    # Visitors pass to the API, where each route asks for the user; the interface behind it must not answer them.
    web.add_api_route("/api/{path:path}", _no_such_route, methods=_METHODS, include_in_schema=False)
    _interface_last(web)
    web.openapi_schema = None


def _running(module: Module) -> Callable[[], Awaitable[None]]:
    # Not the method itself: FastAPI would take a thread for a plain function, at every request.
    async def demand_running() -> None:
        module.demand_running()

    return demand_running


async def _no_such_route(path: str) -> None:
    msg = f"there is nothing at /api/{path}"
    raise NotFoundError(msg)


def _router(module: Module, part: str) -> APIRouter:
    router = getattr(module.parts[part], "router", None)
    if not isinstance(router, APIRouter):
        msg = f"{part}.py must hold `router = APIRouter()`"
        raise TypeError(msg)
    return router


def _interface_last(web: FastAPI) -> None:
    """Move the mount that takes every path behind the routes that were added after it."""
    catch_all = [route for route in web.router.routes if isinstance(route, Mount) and route.path in {"", "/"}]
    for route in catch_all:
        web.router.routes.remove(route)
        web.router.routes.append(route)
