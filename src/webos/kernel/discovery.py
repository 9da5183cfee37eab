"""Finding modules: folders with an `__init__.py` below the folders and packages that the settings name."""

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from webos.kernel.errors import ConfigurationError

__all__ = ["FOLDER_NAMESPACE", "ModuleSource", "discover", "provide_namespace"]

FOLDER_NAMESPACE = "webos_modules"
"""Package under which modules from plain folders are imported, so that their names never clash with libraries."""


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """Where a module lies and as what it is imported."""

    name: str
    path: Path
    package: str


def discover(places: Iterable[str]) -> list[ModuleSource]:
    """Return the modules below `places`, in the order of the places and by name within each.

    Args:
        places: Paths of folders, or dotted names of importable packages.

    Raises:
        ConfigurationError: A place does not exist, or two places hold a module of the same name.
    """
    found: dict[str, ModuleSource] = {}
    for place in places:
        for source in _in_place(place):
            if source.name in found and found[source.name].path != source.path:
                msg = f"WEBOS_MODULES: module {source.name!r} is in {found[source.name].path} and in {source.path}"
                raise ConfigurationError(msg)
            found[source.name] = source
    return list(found.values())


def _in_place(place: str) -> Iterator[ModuleSource]:
    folder = Path(place).expanduser()
    if folder.is_dir():
        yield from _in_folder(folder.resolve(), FOLDER_NAMESPACE)
        return
    if not all(part.isidentifier() for part in place.split(".")):
        msg = f"WEBOS_MODULES: there is no folder {place!r}"
        raise ConfigurationError(msg)
    try:
        spec = importlib.util.find_spec(place)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.submodule_search_locations is None:
        msg = f"WEBOS_MODULES: {place!r} is neither a folder nor a package that can be imported"
        raise ConfigurationError(msg)
    for location in spec.submodule_search_locations:
        yield from _in_folder(Path(location).resolve(), place)


def _in_folder(folder: Path, package: str) -> Iterator[ModuleSource]:
    for path in sorted(folder.iterdir()):
        if path.name.isidentifier() and not path.name.startswith("_") and (path / "__init__.py").is_file():
            yield ModuleSource(path.name, path, f"{package}.{path.name}")


def provide_namespace(sources: Iterable[ModuleSource]) -> None:
    """Make the folders of `sources` importable below `FOLDER_NAMESPACE`.

    Modules that were imported before from another folder of the same name are forgotten.
    """
    namespace = sys.modules.get(FOLDER_NAMESPACE)
    if namespace is None:
        namespace = ModuleType(FOLDER_NAMESPACE, "Modules that were loaded from folders.")
        namespace.__path__ = []
        sys.modules[FOLDER_NAMESPACE] = namespace
    for source in sources:
        if not source.package.startswith(f"{FOLDER_NAMESPACE}."):
            continue
        parent = str(source.path.parent)
        known = sys.modules.get(source.package)
        if known is not None and list(known.__path__) != [str(source.path)]:
            forget(source.package)
        paths = [path for path in namespace.__path__ if path != parent]
        namespace.__path__ = [parent, *paths]


def forget(package: str) -> None:
    """Remove `package` and all below it from the imported modules, so that it can be imported anew."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
