"""The boot: phase after phase, module after module, until the application runs."""

import time

from fastapi import FastAPI
from loguru import logger

from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo
from webos.data.module_settings import ModuleSettingsDoc
from webos.kernel.context import SYSTEM, AppContext, acting_as, current_trace_id
from webos.kernel.module import ModuleState, Phase
from webos.server.caches import bind_caches, unbind_caches
from webos.server.interface_phase import register_interface, withdraw_interface
from webos.server.models_phase import register_models
from webos.server.parts_phase import check_permissions, register_events, register_services, register_tasks
from webos.server.routes_phase import mount_routes
from webos.server.state import Application

__all__ = ["boot", "shut_down"]

# A module that does not come up within this time is left out, so that it does not keep the others from running.
_HOOK_SECONDS = 60.0

_FRAMEWORK_MODELS = (
    ModelInfo("webos.ModuleSettingsDoc", "webos", ModuleSettingsDoc, "admin.settings", "admin.settings"),
)


async def boot(app: Application, web: FastAPI, server_version: int) -> None:
    """Bring all modules up. A module that fails is left out with its reason; the others run.

    Args:
        app: The application; its connection is open.
        web: Where to mount the modules' routers.
        server_version: Major version of the database server.
    """
    started = time.perf_counter()
    with acting_as(SYSTEM):
        await _framework_models(app, server_version)
        for module in app.modules.healthy():
            with module.isolated(Phase.IMPORT):
                app.hooks.register(module)
        bind_caches(app)
        check_permissions(app)
        await register_models(app, server_version)
        await register_services(app)
        register_events(app)
        register_tasks(app)
        await mount_routes(app, web)
        await register_interface(app)
        await _each(app, "startup", Phase.STARTUP)
        for module in app.modules:
            if module.failed:
                _withdraw(app, module.name)
            else:
                module.state = ModuleState.RUNNING
    running = sum(module.state is ModuleState.RUNNING for module in app.modules)
    logger.info("{} of {} modules are running after {:.2f} s", running, len(app.modules), time.perf_counter() - started)


async def shut_down(app: Application) -> None:
    """Let every running module end its work."""
    with acting_as(SYSTEM):
        await _each(app, "shutdown", Phase.SHUTDOWN)
        for module in app.modules:
            if module.state is ModuleState.RUNNING:
                module.state = ModuleState.STOPPED
    unbind_caches(app)


async def _framework_models(app: Application, version: int) -> None:
    for info in _FRAMEWORK_MODELS:
        app.models.add(info)
    await initialize_models(app.database, _FRAMEWORK_MODELS, major_version=version)


async def _each(app: Application, hook: str, phase: Phase) -> None:
    context = AppContext(SYSTEM, current_trace_id(), "", app.services)
    for module in app.modules.healthy():
        begun = time.perf_counter()
        await app.hooks.call(hook, module, phase, seconds=_HOOK_SECONDS, ctx=context)
        module.start_seconds[phase] = time.perf_counter() - begun


def _withdraw(app: Application, name: str) -> None:
    module = app.modules[name]
    app.hooks.unregister(module)
    app.bus.unsubscribe_owner(name)
    app.tasks.unregister_module(name)
    withdraw_interface(app, module)
    for info in list(app.models):
        if info.module == name:
            app.models.remove(info.name)
            app.database.unregister(info.collection)
    for service in app.services.names():
        if service.startswith(f"{name}."):
            app.services.unregister(service)
