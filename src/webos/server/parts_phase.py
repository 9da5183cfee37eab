"""Boot phases: settings, services, events and tasks of the modules."""

from typing import Any

from pydantic import BaseModel

from webos.auth import collect_required
from webos.data.module_settings import load_module_settings
from webos.events import collect_payloads, collect_subscriptions
from webos.kernel.errors import ConfigurationError
from webos.kernel.loader import defined_in
from webos.kernel.module import Module, Phase
from webos.sdk.service import BaseService, ServiceWiring, ServiceWirings, inject_services
from webos.server.state import Application
from webos.tasks import collect_sagas, collect_tasks

__all__ = ["check_permissions", "register_events", "register_services", "register_tasks"]


def check_permissions(app: Application) -> None:
    """Fail every module that asks for a permission which no manifest declares: nobody could ever be granted it."""
    for module in app.modules.healthy():
        with module.isolated(Phase.IMPORT):
            declared = app.modules.permissions()
            for part in module.parts.values():
                for permission in sorted(collect_required(part)):
                    if permission not in declared:
                        msg = f"{part.__name__} requires the permission {permission!r}, which no manifest declares"
                        raise ConfigurationError(msg)


async def register_services(app: Application) -> None:
    """Build the services of all modules, then connect them with each other."""
    built: dict[str, list[BaseService]] = {}
    wirings = ServiceWirings()
    app.services.register("service_wirings", wirings)
    for module in app.modules.healthy():
        with module.isolated(Phase.SETTINGS):
            settings = await _settings(app, module)
        if module.failed:
            continue
        with module.isolated(Phase.SERVICES):
            built[module.name] = _build(app, module, settings, wirings)
    for module in app.modules.healthy():
        with module.isolated(Phase.SERVICES):
            for service in built.get(module.name, []):
                inject_services(service, app.services)


async def _settings(app: Application, module: Module) -> BaseModel | None:
    models: list[type[BaseModel]] = await app.hooks.call("register_settings", module, Phase.SETTINGS)
    if not models and "settings" in module.parts:
        models = [
            model for model in defined_in(module.parts["settings"], BaseModel) if model.__name__.endswith("Settings")
        ]
    if len(models) > 1:
        msg = f"settings.py has {len(models)} classes that end in Settings; keep one"
        raise ConfigurationError(msg)
    return await load_module_settings(module.name, models[0]) if models else None


def _build(app: Application, module: Module, settings: BaseModel | None, wirings: ServiceWirings) -> list[BaseService]:
    wiring = ServiceWiring(
        module.name, app.services, app.bus, app.messenger, app.connection.client, settings, app.grants
    )
    wirings.add(wiring)
    services: list[BaseService] = []
    for part in ("service", "workflows"):
        if part in module.parts:
            for kind in defined_in(module.parts[part], BaseService):
                if not kind.__dict__.get("__abstract__"):
                    app.grants.declare(f"{module.name}.{kind.__name__}", kind, module.manifest.requires)
                    service: BaseService = kind(wiring)
                    app.services.register(f"{module.name}.{kind.__name__}", service)
                    services.append(service)
    return services


def register_events(app: Application) -> None:
    """Subscribe what is marked in every module's `events.py` and services, and take note of the payloads it declares."""
    for module in app.modules.healthy():
        with module.isolated(Phase.EVENTS):
            sources: list[Any] = [module.parts["events"]] if "events" in module.parts else []
            sources += [app.services.get(name) for name in app.services.names() if name.startswith(f"{module.name}.")]
            for source in sources:
                for topic, handler in collect_subscriptions(source):
                    app.bus.subscribe(topic, handler, owner=module.name, durable=True)
            for part in module.parts.values():
                for topic, model in collect_payloads(part):
                    app.bus.declare(topic, model, module.name)


def register_tasks(app: Application) -> None:
    """Register the tasks of every module's `tasks.py` and `demo.py`, and the sagas of its `workflows.py`."""
    for module in app.modules.healthy():
        with module.isolated(Phase.TASKS):
            for part in ("tasks", "demo"):
                if part in module.parts:
                    for task in collect_tasks(module.parts[part]):
                        app.tasks.register(module.name, task)
            for saga in collect_sagas(module.parts["workflows"]) if "workflows" in module.parts else []:
                app.tasks.sagas.register(module.name, saga)
