"""Finding modules: folders with an `__init__.py` below the folders and packages that the settings name."""

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from webos.kernel.errors import ConfigurationError
from webos.kernel.reason import describe_error

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
    try:
        folder = Path(place).expanduser()
    except RuntimeError:  # `~` of a user who does not exist
        folder = Path(place)
    if folder.is_dir():
        yield from _in_folder(folder.resolve(), FOLDER_NAMESPACE)
        return
    if not all(part.isidentifier() for part in place.split(".")):
        msg = f"WEBOS_MODULES: there is no folder {place!r}"
        raise ConfigurationError(msg)
    spec = _package_spec(place)
    if spec is None or spec.submodule_search_locations is None:
        msg = f"WEBOS_MODULES: {place!r} is neither a folder nor a package that can be imported"
        raise ConfigurationError(msg)
    for location in spec.submodule_search_locations:
        yield from _in_folder(Path(location).resolve(), place)


def _package_spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    # Looking for a package inside another imports the outer one, which may do anything.
    except (Exception, SystemExit) as error:
        msg = f"WEBOS_MODULES: {name!r} cannot be imported: {describe_error(error)}"
        raise ConfigurationError(msg) from error


def _in_folder(folder: Path, package: str) -> Iterator[ModuleSource]:
    for path in sorted(folder.iterdir()):
        if path.name.isidentifier() and not path.name.startswith("_") and (path / "__init__.py").is_file():
            yield ModuleSource(path.name, path, f"{package}.{path.name}")


def provide_namespace(sources: Iterable[ModuleSource]) -> None:
    """Make the folders of `sources` importable below `FOLDER_NAMESPACE`.

    Modules that were imported before from another folder of the same name are forgotten.
    """
    importlib.invalidate_caches()
    if FOLDER_NAMESPACE not in sys.modules:
        namespace = ModuleType(FOLDER_NAMESPACE, "Modules that were loaded from folders.")
        namespace.__path__ = []
        sys.modules[FOLDER_NAMESPACE] = namespace
    finder = next((finder for finder in sys.meta_path if isinstance(finder, _FolderFinder)), None)
    if finder is None:
        finder = _FolderFinder()
        sys.meta_path.append(finder)
    for source in sources:
        if source.package.startswith(f"{FOLDER_NAMESPACE}."):
            if finder.folders.get(source.package) != source.path:
                forget(source.package)
            finder.folders[source.package] = source.path


class _FolderFinder(MetaPathFinder):
    """Finds the packages of modules by their folder alone, so that no other file of the same name stands before it."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        folder = self.folders.get(fullname)
        if folder is None:
            return None
        return importlib.util.spec_from_file_location(
            fullname, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )


def forget(package: str) -> None:
    """Remove `package` and all below it from the imported modules, so that it can be imported anew."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
