"""`webos backup` and `webos restore`: all data in one file, and back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.progress import TaskID

    from webos.data.backup import BackupFile, BackupProgress, Manifest
    from webos.data.connection import Connection
    from webos.kernel.settings import Settings

__all__ = ["register"]

_Backup = Annotated[Path, typer.Argument(help="The file.", metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    file: _Backup,
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Only check the backup that is in the file.")] = False,
) -> None:
    """Write all data of all modules into one file, also while the server runs."""
    asyncio.run(_verify(file) if verify else _backup(file, overwrite=overwrite))


def restore(
    file: _Backup,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Lose the data that is in the database.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    while_running: Annotated[
        bool, typer.Option("--while-running", help="Also if a server may use the database; start it again afterwards.")
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Only check the backup that is in the file.")] = False,
) -> None:
    """Put the data of a backup into the database, all of it or nothing."""
    asyncio.run(_verify(file) if verify else _restore(file, replace=replace, yes=yes, while_running=while_running))


async def _verify(path: Path) -> None:
    from webos.data.backup import BackupFile

    with BackupFile(path) as file:
        await file.verify()
        typer.echo(f"{path} is whole: {_contents(file.manifest)}")


async def _backup(path: Path, *, overwrite: bool) -> None:
    from webos.data.backup import write_backup
    from webos.data.server_traits import read_traits
    from webos.kernel.log import configure_logging
    from webos.kernel.settings import load_settings
    from webos.server.access import open_database

    settings = load_settings()
    configure_logging("ERROR")
    async with open_database(settings, purpose="backup") as connection:
        with _bar() as show:
            manifest = await write_backup(
                connection.raw,
                path,
                traits=await read_traits(connection.client),
                keys=_key_ids(settings),
                overwrite=overwrite,
                on_progress=show,
            )
    typer.echo(f"{path}: {_contents(manifest)}")
    typer.echo(
        f"Not in it, and needed to read secret fields: {_place_of_keys(settings)}. Keep a copy in another place."
    )


async def _restore(path: Path, *, replace: bool, yes: bool, while_running: bool) -> None:
    from webos.data.backup import BackupFile, RestoreRefusedError, holds_data, restore_backup
    from webos.kernel.log import configure_logging
    from webos.kernel.settings import load_settings

    settings = load_settings()
    configure_logging("ERROR")
    with BackupFile(path) as file:
        # Before anything is asked, and before a server is told to stop for nothing.
        await file.verify()
        async with _unused_database(settings, while_running=while_running) as connection:
            taken = await holds_data(connection.raw)
            if taken and not replace:
                msg = (
                    f"The database {settings.database} at {connection.address} holds data ({', '.join(taken[:5])}). "
                    "Say --replace to lose it."
                )
                raise RestoreRefusedError(msg)
            if taken and not yes:
                when = f"{file.manifest.created_at.astimezone():%Y-%m-%d %H:%M}"
                question = f"Lose all data of {settings.database} at {connection.address} for that of {when}?"
                typer.confirm(question, abort=True)
            with _bar() as show:
                await restore_backup(connection.raw, file, replace=replace, on_progress=show)
        typer.echo(f"Restored: {_contents(file.manifest)}. The next start builds the indexes; everybody signs in anew.")
        _warn_of_keys(settings, file)


@asynccontextmanager
async def _unused_database(settings: "Settings", *, while_running: bool) -> "AsyncIterator[Connection]":
    """Yield the database if no server of ours uses it, and keep servers on this data folder from starting."""
    from webos.data.backup import RestoreRefusedError
    from webos.server.access import open_database
    from webos.server.lock import AlreadyRunningError, InstanceLock

    if while_running:
        async with open_database(settings, purpose="restore") as connection:
            yield connection
        return
    try:
        lock = InstanceLock.acquire(settings.data_dir, purpose="restore")
    except AlreadyRunningError as error:
        msg = f"{error} Stop it first, or say --while-running."
        raise RestoreRefusedError(msg) from None
    if settings.mongo_url is None:
        # Opening the database takes the lock itself.
        lock.release()
        async with open_database(settings, purpose="restore") as connection:
            yield connection
        return
    with lock:
        async with open_database(settings, purpose="restore") as connection:
            if users := await _users_elsewhere(connection):
                msg = (
                    f"The database is in use by {users} other connections of WebOS. Stop them, or say --while-running."
                )
                raise RestoreRefusedError(msg)
            yield connection


async def _users_elsewhere(connection: "Connection") -> int:
    """Return how many connections of other processes of ours the server knows; 0 where it does not tell."""
    from pymongo.errors import OperationFailure

    try:
        stages: list[dict[str, Any]] = [{"$currentOp": {"idleConnections": True}}, {"$match": {"appName": "webos"}}]
        found = await (await connection.client.admin.aggregate(stages)).to_list()
    except OperationFailure:
        return 0
    watching = [each for each in found if "$changeStream" in str(each.get("cursor", each.get("command", "")))]
    return len(watching)


def _contents(manifest: "Manifest") -> str:
    megabytes = manifest.size / 1_000_000
    when = f"{manifest.created_at.astimezone():%Y-%m-%d %H:%M:%S}"
    return (
        f"{manifest.documents:,} documents of {len(manifest.parts)} collections, {megabytes:,.1f} MB, as of {when}, "
        f"from WebOS {manifest.framework}"
    )


def _key_ids(settings: "Settings") -> list[str]:
    """Return the ids of the keys of secret fields; a key is not made only to be named."""
    from webos.data.secret.key_file import FILE_NAME
    from webos.data.secret.keyring import Keyring

    if settings.encryption_keys is None and not (settings.data_dir / FILE_NAME).exists():
        return []
    return Keyring.of(settings).ids


def _place_of_keys(settings: "Settings") -> str:
    from webos.data.secret.key_file import FILE_NAME

    if settings.encryption_keys is not None:
        return "the setting WEBOS_ENCRYPTION_KEYS"
    return f"the file {settings.data_dir / FILE_NAME}"


def _warn_of_keys(settings: "Settings", file: "BackupFile") -> None:
    missing = sorted(set(file.manifest.keys) - set(_key_ids(settings)))
    if missing:
        text = (
            f"The keys {', '.join(missing)} are not here: put them to {_place_of_keys(settings)} before the next start."
        )
        typer.echo(f"{typer.style('warning:', fg='yellow', bold=True)} {text}", err=True)


@contextmanager
def _bar() -> "Iterator[Callable[[BackupProgress], None]]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    rows: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:

        def show(progress: "BackupProgress") -> None:
            if progress.collection not in rows:
                for row in rows.values():
                    bar.update(row, visible=False)
                rows[progress.collection] = bar.add_task(progress.collection)
            bar.update(rows[progress.collection], completed=progress.done, total=progress.total)

        yield show
