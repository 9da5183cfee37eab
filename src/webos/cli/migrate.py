"""`webos migrate`: migrations from the command line."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from webos.data.migrations import MigratedModule, Migrator, Step
    from webos.server.state import Application

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate")(migrate)


def migrate(
    *,
    module: Annotated[str | None, typer.Option(help="Only this module.")] = None,
    to: Annotated[
        str | None, typer.Option(help="Number of the last migration to be applied, 0000 for none; needs --module.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only show what would run and how much it would change.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Only show what has run.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Take migrations back without asking.")] = False,
) -> None:
    """Run the migrations of all modules, as each start of the server does, or take some back."""
    target = _number(to, module)

    async def work(migrator: "Migrator", each: "MigratedModule") -> None:
        if status:
            await _show_status(migrator, each)
        elif plan:
            await _show_plan(migrator, each, target)
        else:
            await _migrate(migrator, each, target, yes=yes)

    raise typer.Exit(asyncio.run(_for_each(module, work)))


def _number(to: str | None, module: str | None) -> int | None:
    from webos.kernel.errors import InvalidInputError

    if to is None:
        return None
    if module is None:
        msg = "--to needs --module: each module counts its own migrations."
        raise InvalidInputError(msg)
    number = to.partition("_")[0]
    if not (number.isascii() and number.isdigit()):
        msg = f"--to takes the number of a migration, such as 0002, and 0000 for none; not {to!r}."
        raise InvalidInputError(msg)
    return int(number)


async def _for_each(only: str | None, work: "Callable[[Migrator, MigratedModule], Awaitable[None]]") -> int:
    """Do something for each module, and return the exit code: a module that fails does not keep the others from it."""
    from loguru import logger

    from webos.cli.migration_bar import MigrationBar
    from webos.data.migrations import Migrator
    from webos.kernel.module import Phase
    from webos.server.migrations_phase import migrated_module

    # What is wrong is told below, in words for this command.
    logger.disable("webos")
    with MigrationBar() as bar:
        async with _application(only) as app:
            migrator = Migrator(app.connection.raw, on_progress=bar.show, on_wait=_tell_wait)
            for module in app.modules.healthy():
                if only not in {None, module.name}:
                    continue
                try:
                    await work(migrator, migrated_module(app, module))
                except typer.Abort:
                    raise
                # A module's own code raises what it likes.
                except Exception as error:  # noqa: BLE001
                    reason = _words(error)
                    module.fail(Phase.MIGRATIONS, reason)
                    _complain(module.name, reason)
            failed = [module for module in app.modules if module.failed and only in {None, module.name}]
    return 1 if failed else 0


@asynccontextmanager
async def _application(only: str | None) -> "AsyncIterator[Application]":
    """Yield an application whose documents are known, and nothing of it runs."""
    from webos.kernel.context import SYSTEM, acting_as
    from webos.kernel.errors import NotFoundError
    from webos.kernel.module import Phase
    from webos.kernel.settings import load_settings
    from webos.server.access import open_endpoint
    from webos.server.assembly import assemble
    from webos.server.models_phase import find_models

    settings = load_settings()
    async with open_endpoint(settings, purpose="migrate") as (endpoint, _):
        app = assemble(settings, endpoint)
        try:
            await app.connection.check()
            if only is not None and only not in app.modules:
                msg = f"There is no module {only}. The modules are {', '.join(module.name for module in app.modules)}."
                raise NotFoundError(msg)
            with acting_as(SYSTEM):
                for module in app.modules.healthy():
                    with module.isolated(Phase.IMPORT):
                        app.hooks.register(module)
                await find_models(app)
            for module in app.modules:
                if module.failure is not None:
                    _complain(module.name, module.failure.reason)
            yield app
        finally:
            await app.connection.close()


async def _migrate(migrator: "Migrator", module: "MigratedModule", target: int | None, *, yes: bool) -> None:
    from webos.data.migrations import Direction

    steps = (await migrator.plan(module, target)).steps
    if not steps:
        return
    back = [step for step in steps if step.direction is Direction.BACKWARD]
    if back and not yes:
        names = ", ".join(step.file.name for step in back)
        typer.confirm(f"Take back {names} of {module.name}? Data that only they made is lost.", abort=True)
    async with migrator.lease() as lease:
        for step in await migrator.migrate(module, lease, target):
            typer.echo(f"{step.file.id}  {_done(step)}")


async def _show_plan(migrator: "Migrator", module: "MigratedModule", target: int | None) -> None:
    from webos.data.migrations import MigrationError

    trials = await migrator.try_out(await migrator.plan(module, target))
    for trial in trials:
        changes = (
            ", ".join(f"{count:,} of {name}" for name, count in trial.documents.items() if count) or "no documents"
        )
        how = " in batches" if trial.batches else ""
        typer.echo(f"{trial.step.file.id}  {trial.step.direction.value}{how}: {changes}")
        if trial.failure:
            msg = f"{trial.step.file.id} would fail: {trial.failure}"
            raise MigrationError(msg)


async def _show_status(migrator: "Migrator", module: "MigratedModule") -> None:
    plan = await migrator.plan(module)
    changed = {file.name for file in plan.changed}
    for file in plan.files:
        record = plan.records.get(file.name)
        if record is None:
            state = "not applied"
        elif not record.finished:
            done = sum(point.done for point in record.checkpoints)
            state = f"{record.direction.value}, stopped behind {done:,} documents"
        else:
            how = f"{record.at.astimezone():%Y-%m-%d %H:%M} on {record.host} in {record.seconds:.2f} s"
            state = f"{'applied' if record.is_applied else 'taken back'} {how}"
        typer.echo(f"{file.id}  {state}{'; THE FILE WAS CHANGED SINCE' if file.name in changed else ''}")


def _done(step: "Step") -> str:
    from webos.data.migrations import Direction

    return "applied" if step.direction is Direction.FORWARD else "taken back"


def _words(error: Exception) -> str:
    from webos.data.migrations import MigrationError
    from webos.kernel.reason import describe_error

    return str(error) if isinstance(error, MigrationError) else describe_error(error)


def _complain(module: str, reason: str) -> None:
    typer.echo(f"{typer.style('error:', fg='red', bold=True)} {module}: {reason}", err=True)


def _tell_wait(holder: str) -> None:
    typer.echo(f"Waiting for {holder or 'another process'}, which runs migrations ...", err=True)
