"""Loading modules: manifests, order, and the convention files of each."""

import ast
import importlib
import time
from collections.abc import Iterable, Iterator
from types import ModuleType

from webos.kernel.discovery import ModuleSource, discover, forget, provide_namespace
from webos.kernel.manifest import ModuleManifest
from webos.kernel.module import Module, ModuleState, Phase
from webos.kernel.order import resolve_order

__all__ = ["CONVENTION_FILES", "ModuleSet", "load_modules"]

CONVENTION_FILES = (
    "settings",
    "schemas",
    "models",
    "service",
    "events",
    "tasks",
    "workflows",
    "router",
    "router_public",
    "router_private",
    "ui",
    "admin",
    "hooks",
    "demo",
)
"""Files of a module that are found by their name, in the order in which they are imported."""


# Its interfaces, documents and permissions begin with it.
_OWN_NAME = "webos"


class ModuleSet:
    """The modules of one application, by name, in starting order.

    Args:
        modules: All modules, failed ones too.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = {module.name: module for module in modules}

    def __getitem__(self, name: str) -> Module:
        return self._modules[name]

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def healthy(self) -> Iterator[Module]:
        """Yield the modules that have not failed. A module that fails meanwhile is passed over, as are its dependants."""
        for module in self:
            self._fail_with_required(module)
            if not module.failed:
                yield module

    def _fail_with_required(self, module: Module) -> None:
        for name in module.manifest.requires:
            required = self._modules.get(name)
            if required is not None and required.failed:
                phase = required.failure.phase if required.failure else Phase.RESOLVE
                module.fail(phase, f"requires {name}, which failed")

    def find_by_package(self, python_name: str) -> Module | None:
        """Return the module that the Python module `python_name` belongs to."""
        for module in self:
            if python_name == module.package or python_name.startswith(f"{module.package}."):
                return module
        return None

    def permissions(self) -> dict[str, str]:
        """Return every permission that a module declares, with what it allows."""
        return {name: text for module in self for name, text in module.manifest.permissions.items()}


def load_modules(places: Iterable[str]) -> ModuleSet:
    """Find, order and import all modules below `places`.

    A missing convention file is fine; a broken one marks its module as failed and leaves the others alone.

    Args:
        places: Folders or packages with modules.

    Raises:
        ConfigurationError: A place does not exist, or two modules have the same name.
    """
    sources = discover(places)
    provide_namespace(sources)
    modules = {source.name: _read_manifest(source) for source in sources}
    order, refused = resolve_order({name: module.manifest.requires for name, module in modules.items()})
    for name, reason in refused.items():
        modules[name].fail(Phase.RESOLVE, reason)
    rest = [name for name in modules if name not in order]
    loaded = ModuleSet(modules[name] for name in [*order, *rest])
    for module in loaded.healthy():
        _import_parts(module)
    return loaded


def _read_manifest(source: ModuleSource) -> Module:
    module = Module(source.name, source.path, source.package, ModuleManifest.model_construct(name=source.name))
    with module.isolated(Phase.DISCOVER):
        if source.name == _OWN_NAME:
            msg = f"the name {_OWN_NAME!r} is the framework's own"
            raise ValueError(msg)
        module.manifest = ModuleManifest(name=source.name)
        _refuse_duplicate_classes(module)
        if (source.path / "manifest.py").is_file():
            part = importlib.import_module(f"{source.package}.manifest")
            manifest = getattr(part, "manifest", None)
            if not isinstance(manifest, ModuleManifest):
                msg = "manifest.py must hold `manifest = ModuleManifest(...)`"
                raise TypeError(msg)
            if manifest.name != source.name:
                msg = f"the manifest is named {manifest.name!r}, the folder {source.name!r}"
                raise ValueError(msg)
            module.manifest = manifest
    if module.failed:
        forget(source.package)
    return module


def _refuse_duplicate_classes(module: Module) -> None:
    """Refuse two models of one name in one module: Python would silently keep the second only."""
    path = module.path / "models.py"
    if not path.is_file():
        return
    seen: dict[str, int] = {}
    for node in ast.parse(path.read_bytes(), filename=str(path)).body:
        if isinstance(node, ast.ClassDef):
            if node.name in seen:
                msg = f"models.py defines {node.name} twice, in lines {seen[node.name]} and {node.lineno}"
                raise ValueError(msg)
            seen[node.name] = node.lineno


def _import_parts(module: Module) -> None:
    started = time.perf_counter()
    with module.isolated(Phase.IMPORT):
        importlib.import_module(module.package)
        for name in CONVENTION_FILES:
            if (module.path / f"{name}.py").is_file() or (module.path / name / "__init__.py").is_file():
                module.parts[name] = importlib.import_module(f"{module.package}.{name}")
        module.state = ModuleState.LOADED
    module.start_seconds[Phase.IMPORT] = time.perf_counter() - started
    if module.failed:
        module.parts.clear()
        forget(module.package)


def defined_in(part: ModuleType, base: type) -> list[type]:
    """Return the classes that `part` itself defines and that derive from `base`, in their order of definition.

    Where the part is a package, what it takes from its own files counts as well.
    """
    classes = [
        value
        for value in vars(part).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value is not base
        and f"{value.__module__}.".startswith(f"{part.__name__}.")
    ]
    return list(dict.fromkeys(classes))
