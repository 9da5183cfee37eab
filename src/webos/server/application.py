"""The application: its parts put together, and its life from start to stop."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from loguru import logger
from starlette.types import Lifespan

from webos.auth import IdentityWatcher, auth_router, ensure_administrator, install_identity
from webos.data.backup import finish_restore
from webos.data.endpoint import Endpoint
from webos.data.notices import NoticeService
from webos.data.server_traits import read_traits
from webos.data.table.tools import TableTools
from webos.kernel.context import SYSTEM, acting_as
from webos.kernel.settings import Settings
from webos.server.assembly import assemble
from webos.server.background import BackgroundJob
from webos.server.boot import boot, shut_down
from webos.server.edge import install_limits
from webos.server.health import health_router
from webos.server.problems import install_problem_handlers
from webos.server.state import Application
from webos.ui.explorer import change_router, explorer_router, record_router, transfer_router, view_router
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
    app = assemble(settings, endpoint)
    web = FastAPI(title=app.interface.brand, lifespan=_lifespan(app), docs_url=None, redoc_url=None)
    web.state.services = app.services
    web.state.application = app
    install_problem_handlers(web)
    web.include_router(health_router(app.connection))
    web.include_router(auth_router(app.auth, settings, brand=app.interface.brand))
    web.include_router(explorer_router(app.tables))
    web.include_router(transfer_router(app.transfers, app.tasks))
    tools = app.services.get(TableTools)
    web.include_router(view_router(tools.views))
    web.include_router(record_router(tools))
    web.include_router(change_router(tools, app.tasks))
    mount_interface(web, app.interface)
    install_limits(web, settings)
    install_identity(web, sessions=app.auth.sessions, bearers=app.auth.bearers, settings=settings)
    return web


def _lifespan(app: Application) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(web: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(app.connection.close)
            await app.connection.check()
            await finish_restore(app.connection.raw)
            traits = await read_traits(app.connection.client)
            app.database.adapt(traits)
            await app.connection.end_abandoned(traits)
            await app.auth.start()
            await ensure_administrator(app.auth, app.settings)
            await app.audit.start()
            await app.cache.start()
            stack.push_async_callback(app.cache.stop)
            await app.changes.start()
            stack.push_async_callback(app.changes.stop)
            watcher = IdentityWatcher(app.auth.sessions, app.changes, app.interface.identity.close_ended)
            watcher.start()
            stack.push_async_callback(watcher.stop)
            if app.auth.postman is not None:
                app.auth.postman.start()
                stack.push_async_callback(app.auth.postman.stop)
            stack.push_async_callback(app.tables.close)
            await app.services.get(NoticeService).start()
            stack.push_async_callback(app.services.get(NoticeService).stop)
            await app.events.prepare()
            await boot(app, web, traits.major_version)
            stack.push_async_callback(shut_down, app)
            await app.bus.start()
            stack.push_async_callback(app.bus.stop)
            await app.events.start({module.name: module.path for module in app.modules if not module.failed})
            stack.push_async_callback(app.events.stop)
            await app.transfers.start()
            await app.tasks.start()
            stack.push_async_callback(app.tasks.stop)
            if app.settings.worker:
                await app.tasks.run_worker()
                stack.push_async_callback(app.tasks.stop_worker)
            await stack.enter_async_context(BackgroundJob("warm up tables", lambda: _warm(app)))
            await stack.enter_async_context(BackgroundJob("sweep the record of changes", app.audit.keep_swept))
            yield

    return lifespan


async def _warm(app: Application) -> None:
    with acting_as(SYSTEM):
        await app.tables.warm()
    logger.debug("the first views of big tables are prepared")
