"""A module as migrations see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from webos.data.migrations.errors import MigrationError

__all__ = ["MigratedModule"]


@dataclass(frozen=True, slots=True)
class MigratedModule:
    """A module: where its migrations are and which collections they may touch.

    Attributes:
        name: Name of the module.
        package: Dotted name of its package.
        folder: Its folder.
        version: Its version, for the log.
        models: Collections of its own documents, by `module.Class`.
        readable: Collections of the modules that it requires, by `module.Class`.
        foreign: Collections of all other modules.
    """

    name: str
    package: str
    folder: Path
    version: str = "0.0.0"
    models: Mapping[str, str] = field(default_factory=dict)
    readable: Mapping[str, str] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()

    def own_collection(self, name: str) -> str:
        """Return the collection of one of the module's own models, also of one that it does not have any more.

        Args:
            name: `module.Class`, or the name of a collection that begins with the module's.

        Raises:
            MigrationError: It is not the module's own.
        """
        if name in self.models:
            return self.models[name]
        if name in self.models.values():
            return name
        if name.startswith((f"{self.name}.", f"{self.name}_")) and name not in self.foreign | {*self.readable.values()}:
            return name
        msg = f"{name!r} is no model of {self.name}; a migration changes the data of its own module only"
        raise MigrationError(msg)
