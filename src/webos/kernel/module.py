"""One module in the running application: its parts, its state, and why it failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import ModuleType

from loguru import logger

from webos.kernel.errors import ModuleNotRunningError
from webos.kernel.manifest import ModuleManifest
from webos.kernel.reason import describe_error, describe_traceback

__all__ = ["Module", "ModuleFailure", "ModuleState", "Phase"]


class ModuleState(Enum):
    """Where a module is in its life."""

    FOUND = "found"
    LOADED = "loaded"
    RUNNING = "running"
    FAILED = "failed"
    STOPPED = "stopped"


class Phase(Enum):
    """The boot phases, in their order, and the end; each runs for one module after the other."""

    DISCOVER = "discover"
    RESOLVE = "resolve dependencies"
    IMPORT = "import"
    MODELS = "register models"
    MIGRATIONS = "run migrations"
    SETTINGS = "load settings"
    SERVICES = "build services"
    EVENTS = "subscribe to events"
    TASKS = "register tasks"
    ROUTES = "mount routes"
    INTERFACE = "register the interface"
    STARTUP = "start up"
    SHUTDOWN = "shut down"


@dataclass(frozen=True, slots=True)
class ModuleFailure:
    """Why a module does not run.

    Attributes:
        phase: The boot phase in which it failed.
        reason: One line for people.
        traceback: The full traceback for the module's developer; empty where there is none.
    """

    phase: Phase
    reason: str
    traceback: str = ""


@dataclass(slots=True)
class Module:
    """A module: a folder with files of fixed names.

    Attributes:
        name: Unique name, also of the folder.
        path: The folder.
        package: Dotted name of the Python package it is imported as.
        manifest: What it says of itself.
        state: Where it is in its life.
        failure: Why it failed, where it did.
        parts: The convention files that were found and imported, by their name without `.py`.
        start_seconds: Time its boot took, by phase.
    """

    name: str
    path: Path
    package: str
    manifest: ModuleManifest
    state: ModuleState = ModuleState.FOUND
    failure: ModuleFailure | None = None
    parts: dict[str, ModuleType] = field(default_factory=dict)
    start_seconds: dict[Phase, float] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the module has failed."""
        return self.state is ModuleState.FAILED

    def fail(self, phase: Phase, reason: str, *, details: str = "") -> None:
        """Mark the module as failed; the first failure stays."""
        if self.failed:
            return
        self.state = ModuleState.FAILED
        self.failure = ModuleFailure(phase, reason, details)
        logger.bind(module=f"module.{self.name}").error("module {} failed to {}: {}", self.name, phase.value, reason)

    @contextmanager
    def isolated(self, phase: Phase) -> Iterator[None]:
        """Run a piece of the module's boot: what it raises marks the module as failed and goes no further."""
        try:
            yield
        # A module may call sys.exit() while it is imported; that must not end the server.
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary between the shell and a module
            self.fail(phase, describe_error(error), details=describe_traceback(error))

    def demand_running(self) -> None:
        """Raise unless the module runs.

        Raises:
            ModuleNotRunningError: The module failed or is stopped.
        """
        if self.state is not ModuleState.RUNNING:
            msg = f"module {self.name} is {self.state.value}"
            raise ModuleNotRunningError(msg, user_message=f"The module “{self.manifest.label}” is not running.")
