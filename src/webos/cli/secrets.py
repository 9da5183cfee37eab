"""`webos secrets`: the keys of secret fields from the command line."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from webos.data.secret.keyring import Keyring
    from webos.data.secret.rotation import Rotation

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    secrets = typer.Typer(no_args_is_help=True, help="Keys of secret fields.")
    secrets.command("status")(status)
    secrets.command("rotate")(rotate)
    secrets.command("drop")(drop)
    app.add_typer(secrets, name="secrets")


def status() -> None:
    """Show the keys and how many values are encrypted with each."""
    _run(_status)


def rotate() -> None:
    """Encrypt all values anew with a new key; a rotation that was broken off is finished first. A running server works on."""
    _run(_rotate)


def drop(key: Annotated[str, typer.Argument(help="Id of the key.")]) -> None:
    """Forget a key that no value is encrypted with any more."""

    async def work(keyring: "Keyring", rotation: "Rotation") -> None:
        from webos.data.secret.key_file import write_key_file
        from webos.kernel.errors import ConflictError, NotFoundError

        if keyring.file is None:
            raise _given_by_setting()
        if key not in keyring.ids:
            msg = f"There is no key {key}. The keys are {', '.join(keyring.ids)}."
            raise NotFoundError(msg)
        if key == keyring.primary:
            msg = f"New values are encrypted with {key}. Run `webos secrets rotate` first."
            raise ConflictError(msg)
        left = await rotation.values_of(key)
        if left:
            msg = f"{left:,} values are encrypted with {key}. Run `webos secrets rotate` first."
            raise ConflictError(msg)
        write_key_file(keyring.file, {name: value for name, value in keyring.keys.items() if name != key})
        typer.echo(f"The key {key} is gone. Backups from before the rotation cannot be read without it.")

    _run(work)


async def _status(keyring: "Keyring", rotation: "Rotation") -> None:
    counts = await rotation.counts()
    total = sum(counts.values(), start=Counter[str]())
    for name in keyring.ids:
        new = "  for new values" if name == keyring.primary else ""
        typer.echo(f"{name}  {total[name]:,} values{new}")
    for name in sorted(set(total) - set(keyring.ids)):
        typer.echo(f"{name}  {total[name]:,} values  THE KEY IS MISSING", err=True)
    for field, count in counts.items():
        for name, number in sorted(count.items()):
            typer.echo(f"  {field.collection}.{field.field}  {name}  {number:,}")


async def _rotate(keyring: "Keyring", rotation: "Rotation") -> None:
    from webos.data.secret.key_file import new_key, write_key_file

    old = [name for name in keyring.ids if name != keyring.primary]
    unfinished = [name for name in old if await rotation.values_of(name)]
    if unfinished:
        typer.echo(f"Going on with the rotation to {keyring.primary}.")
    elif keyring.file is not None:
        name, key = new_key()
        write_key_file(keyring.file, {name: key, **keyring.keys})
        typer.echo(f"The new key is {name}.")
    done = 0
    # What a server has sealed with the old key, while it was not yet aware of the new one, is met by the next round.
    while True:
        progress = None
        async for progress in rotation.run():
            typer.echo(f"{done + progress.done:,} values are encrypted anew")
        if progress is None or not progress.done:
            break
        done += progress.done
    if progress is not None and progress.unreadable:
        for reason, number in sorted(progress.unreadable.items()):
            typer.echo(f"{number:,} values stay as they are: {reason}", err=True)
        raise typer.Exit(1)
    typer.echo(f"All values are encrypted with {keyring.primary}.")
    _tell_what_may_go([name for name in keyring.ids if name != keyring.primary], given=keyring.file is None)


def _tell_what_may_go(old: list[str], *, given: bool) -> None:
    for name in old:
        how = "Take it out of WEBOS_ENCRYPTION_KEYS" if given else f"Run `webos secrets drop {name}`"
        typer.echo(f"The key {name} is not needed any more. {how} when no backup needs it.")


def _given_by_setting() -> Exception:
    from webos.kernel.errors import ConfigurationError

    msg = "The keys are given by WEBOS_ENCRYPTION_KEYS. Change them there, and start the server again."
    return ConfigurationError(msg)


def _run(work: "Callable[[Keyring, Rotation], Awaitable[None]]") -> None:
    async def in_database() -> None:
        async with _opened() as (keyring, rotation):
            await work(keyring, rotation)

    asyncio.run(in_database())


@asynccontextmanager
async def _opened() -> "AsyncIterator[tuple[Keyring, Rotation]]":
    from webos.data.secret.keyring import Keyring
    from webos.data.secret.rotation import Rotation
    from webos.kernel.log import configure_logging
    from webos.kernel.settings import load_settings
    from webos.server.access import open_database

    settings = load_settings()
    configure_logging("WARNING")
    async with open_database(settings, purpose="webos secrets") as connection:
        keyring = Keyring.of(settings)
        yield keyring, Rotation(connection.raw, keyring)
