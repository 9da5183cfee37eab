"""The application: its parts put together, and its life from start to stop."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.types import Lifespan

from webos.auth import IdentityMiddleware, auth_router
from webos.data.endpoint import Endpoint
from webos.kernel.log import configure_logging
from webos.kernel.settings import Settings
from webos.server.assembly import assemble
from webos.server.boot import boot, shut_down
from webos.server.health import health_router
from webos.server.problems import install_problem_handlers
from webos.server.state import Application
from webos.ui.explorer import explorer_router
from webos.ui.mount import mount_interface

__all__ = ["create_app"]


def create_app(settings: Settings, endpoint: Endpoint) -> FastAPI:
    """Build the web application. Nothing is connected before its lifespan starts.

    Args:
        settings: The settings of the process.
        endpoint: The database server.

    Raises:
        ConfigurationError: A folder with modules does not exist, or two modules have the same name.
    """
    configure_logging(settings.log_level.value)
    app = assemble(settings, endpoint)
    web = FastAPI(title=app.interface.brand, lifespan=_lifespan(app), docs_url="/api/docs", redoc_url=None)
    web.state.services = app.services
    web.state.application = app
    install_problem_handlers(web)
    web.include_router(health_router(app.connection))
    web.include_router(auth_router(app.auth, settings))
    web.include_router(explorer_router(app.tables))
    mount_interface(web, app.interface)
    web.add_middleware(
        IdentityMiddleware, sessions=app.auth.sessions, settings=settings, is_public=app.public_paths.__contains__
    )
    return web


def _lifespan(app: Application) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(web: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await app.connection.check()
            stack.push_async_callback(app.connection.close)
            await app.auth.start()
            await app.changes.start()
            stack.push_async_callback(app.changes.stop)
            stack.push_async_callback(app.tables.close)
            await boot(app, web)
            stack.push_async_callback(shut_down, app)
            await app.bus.start()
            stack.push_async_callback(app.bus.stop)
            await app.tasks.start(worker=app.settings.worker)
            stack.push_async_callback(app.tasks.stop)
            yield

    return lifespan
