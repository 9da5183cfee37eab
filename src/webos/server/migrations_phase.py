"""Boot phase: the modules' migrations, before indexes are built on data that they may have to clean."""

import time
from contextlib import AsyncExitStack

from loguru import logger

from webos.data.migrations import LeaseLostError, MigratedModule, MigrationLease, Migrator
from webos.kernel.module import Module, Phase
from webos.server.state import Application

__all__ = ["migrated_module", "run_migrations"]

_TURNS = 3


async def run_migrations(app: Application) -> None:
    """Run the migrations of all modules, in the order in which the modules require each other.

    A module whose migrations fail, or whose data is newer than the module, fails alone. If another process runs
    migrations, this one waits until it has done.

    Args:
        app: The application; the models of its modules are found.
    """
    started = time.perf_counter()
    migrator = Migrator(app.connection.raw, on_wait=_tell_wait)
    count = 0
    async with AsyncExitStack() as stack:
        turn = _Turn(migrator, stack)
        for module in app.modules.healthy():
            begun = time.perf_counter()
            with module.isolated(Phase.MIGRATIONS):
                count += await _migrate(migrator, turn, migrated_module(app, module))
            module.start_seconds[Phase.MIGRATIONS] = time.perf_counter() - begun
    if count:
        logger.info("{} migrations took {:.2f} s", count, time.perf_counter() - started)


def migrated_module(app: Application, module: Module) -> MigratedModule:
    """Return a module as its migrations see it."""
    required = module.manifest.requires
    return MigratedModule(
        name=module.name,
        package=module.package,
        folder=module.path,
        version=module.manifest.version,
        models={info.name: info.collection for info in app.models if info.module == module.name},
        readable={info.name: info.collection for info in app.models if info.module in required},
        foreign=frozenset(info.collection for info in app.models if info.module != module.name),
    )


class _Turn:
    """The lease, taken when the first module needs it: a start that has nothing to do waits for nobody."""

    def __init__(self, migrator: Migrator, stack: AsyncExitStack) -> None:
        self._migrator = migrator
        self._stack = stack
        self._lease: MigrationLease | None = None

    async def lease(self) -> MigrationLease:
        if self._lease is None:
            self._lease = await self._stack.enter_async_context(self._migrator.lease())
        return self._lease

    def forget(self) -> None:
        self._lease = None


async def _migrate(migrator: Migrator, turn: _Turn, module: MigratedModule) -> int:
    plan = await migrator.plan(module)
    for file in plan.changed:
        logger.warning("{}: the file was changed since it was applied; it is not run again", file.id)
    for attempt in range(_TURNS):
        if not plan.steps:
            return 0
        try:
            return len(await migrator.migrate(module, await turn.lease()))
        except LeaseLostError:
            if attempt + 1 == _TURNS:
                raise
            logger.warning("{}: another process has taken over the migrations; waiting for it", module.name)
            turn.forget()
    return 0


def _tell_wait(holder: str) -> None:
    logger.info("waiting for {}, which runs migrations", holder or "another process")
