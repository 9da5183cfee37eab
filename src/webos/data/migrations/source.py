"""The files of migrations: found by their names, in the order of their numbers."""

import hashlib
import importlib.util
import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from webos.data.migrations.errors import MigrationError

if TYPE_CHECKING:
    from types import ModuleType

    from webos.data.migrations.context import MigrationContext

__all__ = ["Function", "MigrationCode", "MigrationFile", "checksum_of", "find_migrations"]

_NAME = re.compile(r"(?P<number>[0-9]{4})_[a-z0-9][a-z0-9_]*")
_FOLDER = "migrations"

Function = Callable[["MigrationContext"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class MigrationCode:
    """What a file of a migration says.

    Attributes:
        forward: Brings the data to the new shape.
        backward: Brings it back; None if that cannot be done.
        transaction: Whether it runs in one transaction.
    """

    forward: Function
    backward: Function | None
    transaction: bool


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One file.

    Attributes:
        module: Name of its module.
        name: Its name without `.py`.
        number: What the name begins with.
        path: Where it is.
        package: Dotted name of the folder.
        checksum: Of what it says, apart from its layout.
    """

    module: str
    name: str
    number: int
    path: Path
    package: str
    checksum: str

    @property
    def id(self) -> str:
        """The module's and its own name."""
        return f"{self.module}/{self.name}"

    def load(self) -> MigrationCode:
        """Import the file.

        Raises:
            MigrationError: It has no `async def forward(ctx)`, or `backward` is none.
        """
        spec = importlib.util.spec_from_file_location(f"{self.package}.{self.name}", self.path)
        assert spec is not None  # noqa: S101 - a file that ends in .py always has one
        assert spec.loader is not None  # noqa: S101 - the same
        part = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(part)
        forward = self._direction(part, "forward")
        if forward is None:
            msg = f"{self.id} has no `async def forward(ctx)`"
            raise MigrationError(msg)
        transaction = getattr(part, "transaction", True)
        if not isinstance(transaction, bool):
            msg = f"{self.id}: transaction must be True or False"
            raise MigrationError(msg)
        return MigrationCode(forward, self._direction(part, "backward"), transaction)

    def _direction(self, part: "ModuleType", name: str) -> Function | None:
        function: Function | None = getattr(part, name, None)
        if function is not None and not inspect.iscoroutinefunction(function):
            msg = f"{self.id}: {name} must be `async def {name}(ctx)`"
            raise MigrationError(msg)
        return function


def find_migrations(module: str, package: str, folder: Path) -> list[MigrationFile]:
    """Return the migrations of a module in the order of their numbers, which may have gaps.

    Args:
        module: Name of the module.
        package: Dotted name of its package.
        folder: Its folder.

    Raises:
        MigrationError: A file is not named `NNNN_name.py`, or two have the same number.
    """
    found: dict[int, MigrationFile] = {}
    inside = folder / _FOLDER
    for path in sorted(inside.glob("*.py")) if inside.is_dir() else []:
        if path.stem.startswith("_"):
            continue
        match = _NAME.fullmatch(path.stem)
        if match is None:
            msg = f"{module}/{path.stem} is no name of a migration; name it like 0001_add_quantity.py"
            raise MigrationError(msg)
        number = int(match["number"])
        if number in found:
            msg = f"{module} has two migrations {match['number']}: {found[number].name} and {path.stem}; renumber one"
            raise MigrationError(msg)
        checksum = checksum_of(path.read_bytes())
        found[number] = MigrationFile(module, path.stem, number, path, f"{package}.{_FOLDER}", checksum)
    return [found[number] for number in sorted(found)]


def checksum_of(source: bytes) -> str:
    """Return the checksum of a file; line ends, spaces at them, empty lines and lines of comment do not count."""
    lines = (line.rstrip() for line in source.removeprefix(b"\xef\xbb\xbf").splitlines())
    said = [line for line in lines if line and not line.lstrip().startswith(b"#")]
    return hashlib.sha256(b"\n".join(said)).hexdigest()
