"""Boot phase: the modules' documents, found, linked and connected to the guarded database."""

from types import ModuleType

from webos.data.document import CoreDocument
from webos.data.initializer import initialize_models
from webos.data.links import link_namespace, resolve_links
from webos.data.model_registry import ModelInfo
from webos.data.rules.declared import declared_field_permissions, declared_rules, named_permissions
from webos.kernel.errors import ConfigurationError
from webos.kernel.loader import defined_in
from webos.kernel.module import Module, Phase
from webos.server.migrations_phase import run_migrations
from webos.server.state import Application

__all__ = ["find_models", "register_models"]

_RESERVED = ("webos_", "webos.", "system.")


async def register_models(app: Application, server_version: int) -> None:
    """Register the documents of all modules; a module whose documents do not fit fails alone.

    Args:
        app: The application.
        server_version: Major version of the database server.
    """
    found = await find_models(app)
    await run_migrations(app)
    for module in app.modules.healthy():
        with module.isolated(Phase.MODELS):
            await initialize_models(app.database, found[module.name], major_version=server_version)
    for module in app.modules:
        if module.failed:
            _withdraw(app, module)


async def find_models(app: Application) -> dict[str, list[ModelInfo]]:
    """Make the documents of all modules known and resolve their links; the database is not asked.

    Args:
        app: The application.

    Returns:
        The documents of each module.
    """
    found: dict[str, list[ModelInfo]] = {}
    for module in app.modules.healthy():
        with module.isolated(Phase.MODELS):
            found[module.name] = await _find(app, module)
            for info in found[module.name]:
                _demand_declared(app, info)
                app.models.add(info)
    _resolve(app, found)
    return found


async def _find(app: Application, module: Module) -> list[ModelInfo]:
    documents: list[type[CoreDocument]] = []
    for part in ("models",):
        if part in module.parts:
            documents += _concrete(module.parts[part])
    for extra in await app.hooks.call("register_db_models", module, Phase.MODELS):
        for document in extra or []:
            if not (isinstance(document, type) and issubclass(document, CoreDocument)):
                msg = f"register_db_models returned {document!r}, which is no CoreDocument"
                raise TypeError(msg)
            if document not in documents:
                documents.append(document)
    return [_describe(module, document) for document in documents]


def _demand_declared(app: Application, info: ModelInfo) -> None:
    """Refuse rules for permissions that no manifest declares: nobody could ever be granted them."""
    document = info.document
    rules = declared_rules(document, owned=False)
    declared = app.modules.permissions()
    for permission in sorted(named_permissions(rules, declared_field_permissions(document))):
        if permission not in declared:
            msg = f"{info.name} asks for the permission {permission!r}, which no manifest declares"
            raise ConfigurationError(msg)


def _concrete(part: ModuleType) -> list[type[CoreDocument]]:
    classes: list[type[CoreDocument]] = defined_in(part, CoreDocument)
    return [document for document in classes if not document.__dict__.get("__abstract__")]


def _describe(module: Module, document: type[CoreDocument]) -> ModelInfo:
    declared = module.manifest.permissions

    def permission(action: str) -> str | None:
        explicit: str | None = getattr(document.Settings, f"{action}_permission", None)
        conventional = f"{module.name}.{action}"
        return explicit or (conventional if conventional in declared else None)

    name = f"{module.name}.{document.__name__}"
    info = ModelInfo(name, module.name, document, permission("read"), permission("write"))
    if info.collection.startswith(_RESERVED):
        msg = f"{name} wants the collection {info.collection!r}, but names like that are the framework's"
        raise ConfigurationError(msg)
    return info


def _resolve(app: Application, found: dict[str, list[ModelInfo]]) -> None:
    """Resolve string links until no further module fails, for a failed module's documents are no targets."""
    while True:
        failed = {module.name for module in app.modules if module.failed}
        namespace = link_namespace(info for info in app.models if info.module not in failed)
        for module in app.modules.healthy():
            own = vars(module.parts["models"]) if "models" in module.parts else {}
            with module.isolated(Phase.MODELS):
                for info in found.get(module.name, []):
                    resolve_links(info, namespace, own)
        if failed == {module.name for module in app.modules if module.failed}:
            return


def _withdraw(app: Application, module: Module) -> None:
    # What the registry has refused may name the collection of another module, which has to stay open.
    for info in [info for info in app.models if info.module == module.name]:
        app.models.remove(info.name)
        app.database.unregister(info.collection)
