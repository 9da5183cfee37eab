"""`webos demo`: example data from the command line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from webos.kernel.context import User
    from webos.kernel.settings import Settings
    from webos.server.state import Application
    from webos.tasks import BaseTask

__all__ = ["register"]

# The examples of a source tree, which `make run` loads too.
_EXAMPLES = Path("src/modules")
_INTERRUPTED = 130
_GOES_ON = "The server goes on loading; its top bar shows how far it is."
_STOPPED = "Stopped. What is loaded stays. The rest follows when the server runs, or when you run this again."


def register(app: typer.Typer) -> None:
    """Add the commands."""
    demo = typer.Typer(no_args_is_help=True, help="Example data.")
    demo.callback()(_group)
    demo.command("load")(load)
    app.add_typer(demo, name="demo")


def load(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Load all there is, instead of a first part.")] = False,
) -> None:
    """Load the example data of all modules. A running server does the work, else this command does."""
    raise typer.Exit(asyncio.run(_load(everything=everything)))


def _group() -> None:
    """Keep `load` a command of its own name, though it is the only one."""


async def _load(*, everything: bool) -> int:
    from pymongo.errors import PyMongoError

    from webos.kernel.context import acting_as
    from webos.kernel.errors import UnavailableError
    from webos.kernel.log import configure_logging

    configure_logging("ERROR")
    try:
        async with _application(_settings()) as (app, shared):
            with acting_as(await _administrator(app)):
                for name, task in await _demo_tasks(app):
                    if (code := await _run(app, name, task, everything=everything, shared=shared)) != 0:
                        return code
    except PyMongoError:
        msg = "The database has gone away. What is loaded stays; run the command again."
        raise UnavailableError(msg) from None
    return 0


async def _run(app: "Application", name: str, task: "type[BaseTask]", *, everything: bool, shared: bool) -> int:
    """Wait for what runs of a task already, then run it, and return the exit code."""
    from webos.cli.follow import follow
    from webos.kernel.context import current_user
    from webos.tasks import TaskState

    earlier = [each for each in await app.tasks.list_for(current_user().id) if each.name == name]
    waiting = [each.id for each in earlier if not each.state.is_final]
    if waiting:
        typer.echo("It is being loaded already.")
    # One that was loading may have had less to load; what is there already is passed over quickly.
    for task_id in [*waiting, (await task.kiq(everything=everything)).id]:
        record = await follow(app.tasks, task_id, others_work=shared)
        if record is None:
            typer.echo(_GOES_ON if shared else _STOPPED)
            return _INTERRUPTED
        if record.state is not TaskState.DONE:
            typer.echo(f"{record.title} {record.state.value}. {record.error}".rstrip(), err=True)
            return 1
        typer.echo(f"{record.title}: {record.message}")
    return 0


def _settings() -> "Settings":
    from webos.kernel.settings import load_settings

    settings = load_settings()
    if not settings.modules and _EXAMPLES.is_dir():
        settings = load_settings(modules=(str(_EXAMPLES),))
    return settings


@asynccontextmanager
async def _application(settings: "Settings") -> "AsyncIterator[tuple[Application, bool]]":
    """Yield the application without a web server and running no tasks, and whether another process may run them."""
    from webos.server.access import open_endpoint
    from webos.server.application import create_app

    async with open_endpoint(settings, purpose="demo load") as (endpoint, shared):
        web = create_app(settings.model_copy(update={"worker": False}), endpoint)
        async with web.router.lifespan_context(web):
            yield web.state.application, shared


async def _administrator(app: "Application") -> "User":
    from webos.kernel.errors import StartupError

    accounts = [account for account in await app.auth.list_users() if account.is_superuser and not account.disabled]
    if not accounts:
        msg = "There is no administrator who could load data. Run `webos user create NAME --superuser`."
        raise StartupError(msg)
    return await app.auth.load_user(min(accounts, key=lambda account: account.created_at).id)


async def _demo_tasks(app: "Application") -> "list[tuple[str, type[BaseTask]]]":
    from webos.kernel.errors import StartupError
    from webos.kernel.module import Phase

    found: list[tuple[str, type[BaseTask]]] = []
    for module in app.modules.healthy():
        for tasks in await app.hooks.call("register_demo", module, Phase.TASKS):
            found += [(f"{module.name}.{task.__name__}", task) for task in tasks]
    for module in app.modules:
        if module.failed and module.failure is not None:
            typer.echo(f"The module {module.name} does not run: {module.failure.reason}", err=True)
    if not found:
        msg = "No module has example data. Set WEBOS_MODULES to the folder of modules that do, such as src/modules."
        raise StartupError(msg)
    return found
